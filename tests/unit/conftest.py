"""A small network with random weights and statistics, and a few images of three scenes."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from rsir.archives.pixels import PICTURES, ArchiveImages
from rsir.core.hdf5 import array_file
from rsir.descriptors.activations import StoredActivations, open_source
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.descriptors.extraction import extract
from rsir.networks.backbone import Backbone
from rsir.networks.cut import cut_network
from rsir.networks.preprocessing import Preprocessing, resize_pixels
from rsir.networks.processor import Processor

PREPROCESSING = Preprocessing(
    resize="squash",
    size=16,
    resize_size=18,
    mean=(0.5, 0.4, 0.3),
    std=(0.2, 0.3, 0.4),
    interpolation="bilinear",
)


class SmallNetwork(nn.Module):
    """Two convolutions with batch norm, the second of which is fine-tuned, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU())
        self.block = nn.Sequential(nn.Conv2d(4, 6, 3, 1, 1), nn.BatchNorm2d(6), nn.ReLU())
        self.fc = nn.Linear(6, 5)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.fc(self.block(self.stem(images)).mean((2, 3)))
        return logits


def _randomise(network: nn.Module) -> nn.Module:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)  # keeps the scale of the activations
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return network


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Use one torch thread: waiting threads slow down the tests tenfold on a busy machine."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def randomise() -> Callable[[nn.Module], nn.Module]:
    """Return a function that randomises weights and statistics, so that lost values are noticed."""
    return _randomise


@pytest.fixture
def preprocessing() -> Preprocessing:
    """The preprocessing of the small network."""
    return PREPROCESSING


@pytest.fixture
def small_network() -> nn.Module:
    """The small network as a whole."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return _randomise(SmallNetwork()).eval()


@pytest.fixture
def small(small_network: nn.Module) -> Backbone:
    return cut_network(small_network, "block", PREPROCESSING)


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of nine images of random pixels, a.png to i.png."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for name in "abcdefghi":
        pixels = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def archive() -> pd.DataFrame:
    """The archive of these images: three scenes, and four labels, of which `lava` never occurs."""
    names = list("abcdefghi")
    return pd.DataFrame(
        {
            "image": names,
            "path": [f"{name}.png" for name in names],
            "scene": ["port"] * 3 + ["farm"] * 3 + ["city"] * 3,
            "width": 24,
            "height": 20,
            "sha256": "0" * 64,
            "sea": [1, 1, 1, 0, 0, 0, 0, 0, 0],
            "ship": [1, 0, 1, 0, 0, 0, 0, 0, 0],
            "grass": [0, 0, 0, 1, 1, 1, 0, 0, 1],
            "lava": [0, 0, 0, 0, 0, 0, 0, 0, 0],
        }
    )


@pytest.fixture
def archive_images(archive: pd.DataFrame, root: Path) -> ArchiveImages:
    """The images of this archive."""
    return ArchiveImages(root, archive["path"], PICTURES)


@pytest.fixture
def pixels(archive_images: ArchiveImages) -> Tensor:
    """The decoded pixels of these images, resized to 16×16."""
    return torch.from_numpy(np.stack([resize_pixels(image, 16) for image in archive_images]))


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredActivations]:
    """Noise activations 60×4×8×8; classes 0, 1, 2 alternate, and each raises one channel."""
    values = np.random.default_rng(0).normal(size=(60, 4, 8, 8))
    values[np.arange(60), np.arange(60) % 3] += 1.5
    with h5py.File(tmp_path_factory.mktemp("activations") / "a.h5", "w") as file:
        yield StoredActivations(file.create_dataset("activation", data=values.astype(np.float16)))


@pytest.fixture
def describe_off_the_shelf(
    archive: pd.DataFrame, archive_images: ArchiveImages
) -> Callable[[Backbone, Path], dict[str, np.ndarray]]:
    """Return a function that extracts the images in batches of five, to two files in a folder."""

    def describe(backbone: Backbone, folder: Path) -> dict[str, np.ndarray]:
        images = list(archive["image"])
        processor = Processor(torch.device("cpu"), batch_size=5)
        with (
            open_source(None, archive, archive_images, backbone, 0, processor) as computed,
            array_file(folder / "activations.h5", images, {}) as activations,
            array_file(folder / "descriptors.h5", images, {}) as descriptors,
        ):
            extract(backbone, computed, processor, descriptors, activations)
        return read_descriptors(folder / "descriptors.h5", images)

    return describe


@pytest.fixture
def off_the_shelf(
    describe_off_the_shelf: Callable[[Backbone, Path], dict[str, np.ndarray]],
    small: Backbone,
    tmp_path: Path,
) -> tuple[dict[str, np.ndarray], Path]:
    """The off-the-shelf descriptors of the small network, and the path of its activations."""
    return describe_off_the_shelf(small, tmp_path), tmp_path / "activations.h5"


@pytest.fixture(scope="module")
def little_to_collect() -> Iterator[None]:
    """Exempt loaded modules from garbage collection, which statsmodels runs at each correction."""
    gc.freeze()
    yield
    gc.unfreeze()
