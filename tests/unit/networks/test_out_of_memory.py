"""Networks that run out of memory above a batch size, compared with those that never do."""

import weakref
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, fx, nn

from little_memory import backward_of, forward_of, halvings, warnings_in
from rsir.core.errors import InputError
from rsir.core.hdf5 import array_file
from rsir.descriptors.activations import open_source
from rsir.descriptors.descriptor_files import open_activations, read_descriptors
from rsir.networks import out_of_memory
from rsir.networks.folding import fold_batch_norm
from rsir.networks.processor import Processor
from rsir.search import exact
from rsir.search.exact import rank
from rsir.training.batches import shuffled_batches
from rsir.training.finetuning import finetune
from rsir.training.labelings import Target, Task
from rsir.training.models import Head, Outputs, TaskModel
from rsir.training.reextraction import reextract

CPU = Processor(torch.device("cpu"), batch_size=5)
CLASSES = np.arange(60) % 3
TARGET = Target(["port", "farm", "city"], "softmax", CLASSES.astype(np.int64))
SCENES = Task("scenes", [TARGET])
TRAIN, VALIDATION = np.arange(0, 40), np.arange(40, 60)
STAGE = {"optimizer": "sgd", "learning_rate": 0.03, "momentum": 0.9, "weight_decay": 0.0}
SETTINGS = {"batch_size": 14, "head": {"epochs": 1, **STAGE}, "tail": {"epochs": 3, **STAGE}}


def ending_in(step: Callable[[Tensor], Tensor], network: fx.GraphModule) -> fx.GraphModule:
    """Return a copy of a network with one more step at its end.

    It checks that its previous input has been freed.
    """
    inputs: list[weakref.ref[Tensor]] = []

    def last(values: Tensor) -> Tensor:
        assert all(reference() is None for reference in inputs)
        inputs[:] = [weakref.ref(values)]
        return step(values)

    network = deepcopy(network)
    output = next(node for node in network.graph.nodes if node.op == "output")
    with network.graph.inserting_before(output):
        output.args = (network.graph.call_function(last, output.args),)
    network.recompile()
    return network


@pytest.fixture
def extracted(describe_off_the_shelf, archive, tmp_path):
    """Return a function that extracts off-the-shelf descriptors and activations."""

    def describe(backbone):
        descriptors = describe_off_the_shelf(backbone, tmp_path)
        with open_activations(tmp_path / "activations.h5", list(archive["image"])) as (dataset,):
            return {**descriptors, "activation": dataset[:]}

    return describe


def reextracted(models, backbone, archive, archive_images, folder):
    images = list(archive["image"])
    with (
        open_source(None, archive, archive_images, backbone, 0, CPU) as computed,
        array_file(folder / "tuned.h5", images, {}) as descriptors,
    ):
        reextract(models, computed, CPU, descriptors)
    return read_descriptors(folder / "tuned.h5", images)


def assert_close(
    one: dict[str, np.ndarray], other: dict[str, np.ndarray], atol: float = 1e-6
) -> None:
    assert one.keys() == other.keys()
    for name, values in one.items():
        assert (values.shape, values.dtype) == (other[name].shape, other[name].dtype)
        rtol = 1e-3 if values.dtype == np.float16 else 1e-6  # one step of half precision
        np.testing.assert_allclose(values, other[name], rtol=rtol, atol=atol)


@pytest.mark.parametrize(("part", "atol"), [("trunk", 1e-5), ("tail", 1e-6), ("classifier", 1e-6)])
def test_descriptors_off_the_shelf_are_the_same(small, extracted, caplog, part, atol):
    expected = extracted(small)
    narrow = replace(small, **{part: ending_in(forward_of(2), getattr(small, part))})
    assert_close(extracted(narrow), expected, atol)
    assert expected["pool"].shape == (9, 6)
    assert warnings_in(caplog) == halvings(5, 3)


def test_descriptors_of_several_tails_are_the_same(
    small, archive, archive_images, tmp_path, caplog
):
    models = [
        TaskModel(
            "scenes",
            [Outputs(["port", "farm"], "softmax")],
            small.tail,
            small.pooling,
            Head(6, 2).eval(),
        ),
        TaskModel(
            "sea", [Outputs(["sea"], "sigmoid")], small.tail, small.pooling, Head(6, 1).eval()
        ),
    ]
    arguments = (small, archive, archive_images, tmp_path)
    expected = reextracted(models, *arguments)
    models[1] = replace(models[1], tail=ending_in(forward_of(1), small.tail))
    assert_close(reextracted(models, *arguments), expected)
    assert warnings_in(caplog) == halvings(5, 3, 2)


@pytest.fixture
def pooled(small, source):
    (activations,) = source.batches([np.arange(60)])
    with torch.inference_mode():
        return small.tail(*CPU.place_activations(activations)).mean((2, 3)).numpy()


def assert_same_training(one, other, rtol=1e-4, atol=1e-6):
    (model, curve), (expected, expected_curve) = one, other
    pd.testing.assert_frame_equal(pd.DataFrame(curve), pd.DataFrame(expected_curve), rtol=rtol)
    for part in ("tail", "head"):
        values = getattr(model, part).state_dict()
        for name, value in getattr(expected, part).state_dict().items():
            torch.testing.assert_close(values[name], value, rtol=rtol, atol=atol, msg=name)


@pytest.mark.parametrize(
    ("step", "validating"), [(forward_of, (10, 5)), (backward_of, ())], ids=["forward", "backward"]
)
def test_a_fine_tuning_is_the_same(small, source, pooled, caplog, step, validating):
    # Backward in parts of 4, 4, 4 and 2: the last part adds to the gradients before one fails.
    arguments = (pooled, source, TRAIN, VALIDATION, SETTINGS, 0, CPU)
    expected = finetune(SCENES, small, *arguments)
    assert warnings_in(caplog) == []
    narrow = replace(small, tail=ending_in(step(3), small.tail))
    assert_same_training(finetune(SCENES, narrow, *arguments), expected)
    assert sorted(warnings_in(caplog)) == sorted(halvings(14, 7, 4, *validating))


@pytest.mark.parametrize(
    ("dtype", "rtol", "atol"), [(torch.float32, 1e-3, 1e-4), (torch.bfloat16, 0.02, 0.02)]
)
def test_a_fine_tuning_from_images_is_the_same(
    small, archive, archive_images, caplog, dtype, rtol, atol
):
    processor = Processor(torch.device("cpu"), dtype, dtype)
    task = Task("scenes", [replace(TARGET, expected=TARGET.expected[:9])])
    pooled, rows = np.zeros((9, 6), dtype=np.float32), (np.arange(7), np.arange(7, 9))
    settings = SETTINGS | {"head": {"epochs": 0, **STAGE}}
    narrow = replace(
        small,
        trunk=ending_in(forward_of(3), small.trunk),
        tail=ending_in(backward_of(2), small.tail),
    )
    models = []
    for backbone in (small, narrow):
        with open_source(None, archive, archive_images, backbone, 0, processor) as computed:
            caplog.clear()  # of the warnings while the precisions are compared
            arguments = (pooled, computed, *rows, settings, 0, processor)
            models.append(finetune(task, backbone, *arguments))
    assert_same_training(*models, rtol=rtol, atol=atol)
    assert warnings_in(caplog) == halvings(16, 8, 4, 7, 4)


def test_with_enough_memory_each_step_uses_the_whole_batch(small, source, pooled, monkeypatch):
    monkeypatch.setattr(out_of_memory, "checkpoint", None)
    arguments = (pooled, source, TRAIN, VALIDATION)
    untrained, _ = finetune(
        SCENES,
        small,
        *arguments,
        SETTINGS | {stage: {**STAGE, "epochs": 0} for stage in ("head", "tail")},
        0,
        CPU,
    )
    tail, head = untrained.tail, untrained.head.train()
    folded, weights = fold_batch_norm(tail), [*tail.parameters(), *head.parameters()]
    optimizer = torch.optim.SGD(weights, 0.03, momentum=0.9)
    generator = np.random.default_rng([0, *b"scenes"])
    generator.integers(2**31)
    for _ in range(3):
        for rows in shuffled_batches(TRAIN, 14, generator):
            (activations,) = source.batches([rows])
            logits = head(folded(*CPU.place_activations(activations)).mean((2, 3)))
            loss = nn.functional.cross_entropy(logits, torch.from_numpy(CLASSES[rows]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    settings = SETTINGS | {"head": {**STAGE, "epochs": 0}}
    model, _ = finetune(SCENES, small, *arguments, settings, 0, CPU)
    for part, expected in ((model.tail, tail), (model.head, head)):
        for name, value in part.state_dict().items():
            assert torch.equal(value, expected.state_dict()[name]), name


@pytest.mark.parametrize("depth", [3, 53])
def test_rankings_are_the_same_with_their_ties(monkeypatch, caplog, depth):
    kinds = np.random.default_rng(0).integers(0, 4, 53)
    descriptors = np.random.default_rng(1).normal(size=(4, 100)).astype(np.float32)[kinds]
    monkeypatch.setattr(exact, "SPARE", 2)
    arguments = (descriptors, np.arange(0, 50, 5), np.arange(53), depth)
    expected = rank(*arguments)

    def multiply(left: Tensor, right: Tensor, product: Tensor) -> Tensor:
        return torch.mm(forward_of(3)(left), right, out=product)

    monkeypatch.setattr(exact, "_multiply", multiply)
    for actual, desired in zip(rank(*arguments), expected, strict=True):
        np.testing.assert_array_equal(actual, desired)
    assert warnings_in(caplog) == halvings(10, 5, unit="queries")


ONE = r"^out of memory at a batch size of 1 \(images\); run fewer jobs at the same time[^\n]*$"


@pytest.mark.parametrize("part", ["trunk", "tail"])
def test_one_image_too_many_for_extraction_is_an_error_of_one_line(small, extracted, part):
    narrow = replace(small, **{part: ending_in(forward_of(0), getattr(small, part))})
    with pytest.raises(InputError, match=ONE):
        extracted(narrow)


@pytest.mark.parametrize("step", [forward_of, backward_of])
def test_one_image_too_many_for_training_is_an_error_of_one_line(small, source, pooled, step):
    narrow = replace(small, tail=ending_in(step(0), small.tail))
    with pytest.raises(InputError, match=ONE):
        finetune(SCENES, narrow, pooled, source, TRAIN, VALIDATION, SETTINGS, 0, CPU)
