"""Extraction, from image files to a file of descriptors, compared with a plain loop."""

import os
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import timm
import torch
import torchvision
from machine import product_rate
from measure import Row, run_in_process, timed
from PIL import Image
from tiles import SETTINGS, Tiles, settings, synthetic_tiles
from torch.nn.functional import cosine_similarity
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode
from torchvision.transforms import v2

import extract
from rsir.descriptors.prepared_images import PreparedImages
from rsir.networks.backbone import Activations, Backbone
from rsir.networks.build import BUILD_ARGUMENTS
from rsir.networks.load import load_backbone
from rsir.networks.precision import reduced_precision
from rsir.networks.processor import prepare_processor

THREADS = os.cpu_count() or 1
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
IMAGES_PER_SCENE = 20
LAST_MAPS = {"resnet50": "layer4", "inception_v3": "Mixed_7c", "vgg16": "features"}
"""The last feature map of torchvision's networks; those of timm pool it themselves."""


class Images(Dataset[torch.Tensor]):
    """Images, preprocessed with torchvision."""

    def __init__(self, paths: list[Path], backbone: Backbone) -> None:
        preprocessing = backbone.preprocessing
        size = (preprocessing.size, preprocessing.size)
        interpolation = v2.InterpolationMode(preprocessing.interpolation)
        self._paths = paths
        self._transform = v2.Compose(
            [
                v2.Resize(size, interpolation),
                v2.PILToTensor(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(preprocessing.mean, preprocessing.std),
            ]
        )

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, row: int) -> torch.Tensor:
        pixels: torch.Tensor = self._transform(Image.open(self._paths[row]).convert("RGB"))
        return pixels


def measure() -> Iterator[Row]:
    """Measure the extraction of each backbone, both ways."""
    with synthetic_tiles(IMAGES_PER_SCENE) as tiles:
        images = len(tiles.paths)
        processor = reduced_precision(prepare_processor(THREADS))
        peak = product_rate(processor.inference, processor.device)
        for backbone in SETTINGS:
            work = images * image_gflop(load_backbone(None, **settings(backbone)))
            expected = None
            for way, run in (("plain loop", plain), ("here", here)):
                measured = run_in_process(run, backbone, tiles)
                pooled = torch.from_numpy(measured.value)
                expected = pooled if expected is None else expected
                yield Row(
                    "extraction",
                    backbone,
                    way,
                    measured.seconds,
                    images / measured.seconds,
                    "images/s",
                    share=work / measured.seconds / peak,
                    peak_mib=measured.peak_mib,
                    agreement=f"cosine ≥ {cosine_similarity(pooled, expected).min():.6f}",
                )
            decoding = run_in_process(decode, backbone, tiles).seconds
            yield Row("extraction", backbone, "decoding", decoding, images / decoding, "images/s")


def image_gflop(backbone: Backbone) -> float:
    """Return the GFLOP of the forward pass of one image, without the classifier."""
    size = backbone.preprocessing.size
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        backbone.tail(*Activations.of(backbone.trunk(torch.zeros(1, 3, size, size))))
    return counter.get_total_flops() / 1e9


def here(backbone: str, tiles: Tiles) -> tuple[np.ndarray, float]:
    """Run the script of the pipeline."""
    descriptors = tiles.root / f"{backbone}.h5"
    _, seconds = timed(
        lambda: extract.main(
            {"archive": tiles.file, "pixels": tiles.pixels, "weights": tiles.weights},
            tiles.root,
            backbone,
            settings(backbone),
            THREADS,
            True,
            descriptors,
            tiles.root / f"{backbone}-activations.h5",
            tiles.root / f"{backbone}.json",
        )
    )
    with h5py.File(descriptors) as file:
        return file["pool"][:], seconds


def decode(backbone: str, tiles: Tiles) -> tuple[None, float]:
    """Only decode and resize the images, as the script of the pipeline does."""
    images = PreparedImages(tiles.images, load_backbone(None, **settings(backbone)).preprocessing)
    workers = max(1, THREADS - 1)

    def read() -> None:
        for _ in DataLoader(images, batch_size=32, num_workers=workers, collate_fn=len):
            pass

    return timed(read)


def plain(backbone: str, tiles: Tiles) -> tuple[np.ndarray, float]:
    """Run the unmodified network in float32, in batches of 32."""
    torch.set_num_threads(THREADS)
    return timed(lambda: plain_loop(backbone, tiles))


@torch.no_grad()
def plain_loop(backbone: str, tiles: Tiles) -> np.ndarray:
    """Return the pooled features of the images."""
    parts = load_backbone(None, **settings(backbone))
    network = SETTINGS[backbone]["network"]
    of_timm = SETTINGS[backbone]["library"] == "timm"
    build = timm.create_model if of_timm else torchvision.models.get_model
    model = build(network, **BUILD_ARGUMENTS.get(network, {})).eval()
    for part in (parts.trunk, parts.tail, parts.classifier):
        model.load_state_dict(part.state_dict(), strict=False)
    model.to(DEVICE)
    pooled: list[torch.Tensor] = []
    if not of_timm:
        model.get_submodule(LAST_MAPS[backbone]).register_forward_hook(
            lambda _module, _inputs, output: pooled.append(output.mean((2, 3)))
        )
    for pixels in DataLoader(Images(tiles.paths, parts), batch_size=32, num_workers=THREADS - 1):
        if of_timm:
            features = model.forward_features(pixels.to(DEVICE))
            pooled.append(model.forward_head(features, pre_logits=True))
        else:
            model(pixels.to(DEVICE))
    return torch.cat(pooled).cpu().numpy()
