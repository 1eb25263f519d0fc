"""Speeds on a GPU: extraction, fine-tuning and search, and what bounds the extraction."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from extraction import IMAGES_PER_SCENE, THREADS, decode, here, image_gflop
from machine import product_rate
from measure import Row, run_in_process, timed
from retrieval import here as search
from tiles import SETTINGS, Tiles, repeated, settings, synthetic_tiles

from rsir.descriptors.extraction import describer
from rsir.networks.backbone import Activations
from rsir.networks.cards import visible_cards
from rsir.networks.folding import fold_batch_norm, for_inference
from rsir.networks.load import load_backbone
from rsir.networks.precision import activations_at_cut, reduced_precision
from rsir.networks.processor import prepare_processor

TIMES = 24  # of the 420 tiles: more than 10,000 images
SECONDS = 3
BATCH_SIZE = 32


def measure() -> Iterator[Row]:
    """Measure each network, its fine-tuning, and a search of 10,000 queries of 100,000 images.

    `network` is the rate of the network alone, from pixels in memory to descriptors in memory, and
    `decoding` that of the processes that decode: the lower of them bounds the extraction. Without a
    GPU, nothing is measured.
    """
    if not visible_cards():
        return
    peak = run_in_process(half_precision_rate).value
    yield Row("gpu", "product", "half precision", rate=peak, unit="GFLOP/s")
    with synthetic_tiles(IMAGES_PER_SCENE) as tiles:
        for backbone in SETTINGS:
            warm_and_many = run_in_process(warm_extraction, backbone, tiles)
            images = len(tiles.paths) * TIMES
            rate = images / warm_and_many.seconds
            share = rate * image_gflop(load_backbone(None, **settings(backbone))) / peak
            yield Row("gpu", backbone, "extraction", warm_and_many.seconds, rate, "images/s", share)
            alone = run_in_process(network_alone, backbone)
            yield Row("gpu", backbone, "network", None, alone.value, "images/s")
            seconds = run_in_process(decode, backbone, tiles).seconds
            yield Row("gpu", backbone, "decoding", None, len(tiles.paths) / seconds, "images/s")
            steps = run_in_process(steps_of_tail, backbone)
            yield Row("gpu", backbone, "fine-tuning", None, steps.value, "steps/s")
    found = run_in_process(search, 100_000, 10_000)
    yield Row("gpu", "10,000 of 100,000", "search", found.seconds)


def half_precision_rate() -> tuple[float, float]:
    """Return the rate of products in the data type of inference, in GFLOP/s."""
    processor = reduced_precision(prepare_processor(THREADS))
    return timed(lambda: product_rate(processor.inference, processor.device))


def warm_extraction(backbone: str, tiles: Tiles) -> tuple[None, float]:
    """Time the extraction of the tiles, many times each, after one of them."""
    here(backbone, tiles)
    _, seconds = here(backbone, repeated(tiles, TIMES))
    return None, seconds


def network_alone(backbone: str) -> tuple[float, float]:
    """Return the rate of trunk, tail and classifier, in images/s, for pixels in memory."""
    processor = reduced_precision(prepare_processor(THREADS))
    parts = load_backbone(None, **settings(backbone))
    trunk = for_inference(processor.place(parts.trunk), processor.inference)
    describe = describer(parts, processor)
    size = (processor.batch_size, parts.preprocessing.size, parts.preprocessing.size, 3)
    pixels = processor.host_memory(size, torch.uint8).random_(0, 256)

    def batch() -> None:
        at_cut = activations_at_cut(trunk, parts.preprocessing, processor, pixels)
        describe(at_cut)[-1].arrays()

    return per_second(batch) * processor.batch_size, 0.0


def steps_of_tail(backbone: str) -> tuple[float, float]:
    """Return the rate of forward and backward passes of a tail, in batches of 32."""
    processor = reduced_precision(prepare_processor(THREADS))
    parts = load_backbone(None, **settings(backbone))
    tail = fold_batch_norm(processor.place(parts.tail))
    pooling = processor.place(parts.pooling)
    rng = np.random.default_rng(0)
    arrays = [rng.random((BATCH_SIZE, *shape)) for shape in parts.activation_shapes]
    stored = Activations(tuple(torch.from_numpy(array).half() for array in arrays))
    held = Activations(tuple(map(processor.move, stored)))

    def step() -> None:
        with processor.precision(processor.training):
            features = tail(*processor.place_activations(held))
        several = features if isinstance(features, tuple) else (features,)
        loss = pooling(*(feature.float() for feature in several)).square().mean()
        loss.backward()
        loss.item()

    return per_second(step), 0.0


def per_second(work: Callable[[], None]) -> float:
    """Return how often a function runs in a second, after a warm-up."""
    work()
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        work()
        count += 1
    return count / (time.perf_counter() - start)
