"""Several views per image: extraction, activations, fine-tuning and re-extraction."""

import json
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from rsir.core.errors import InputError
from rsir.core.hdf5 import array_file
from rsir.descriptors.activations import open_source
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.networks.processor import Processor
from rsir.networks.views import turned
from rsir.training.finetuning import finetune
from rsir.training.labelings import labeling_tasks
from rsir.training.reextraction import reextract

CPU = Processor(torch.device("cpu"), batch_size=16)
STAGE = {"epochs": 2, "optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.0}
SETTINGS = {"batch_size": 4, "head": STAGE, "tail": STAGE}
TRAIN, VALIDATION = np.arange(6), np.arange(6, 9)


@pytest.fixture
def eight(small):
    return replace(small, views=8)


@pytest.fixture
def extracted(eight, describe_off_the_shelf, tmp_path):
    return describe_off_the_shelf(eight, tmp_path), tmp_path / "activations.h5"


class Recorded:
    """A source of activations that keeps the numbers it was asked for."""

    def __init__(self, source):
        self._source = source
        self.seen = []

    def batches(self, numbers):
        self.seen.extend(numbers)
        return self._source.batches(numbers)


def by_hand(small, pixels):
    """Return the activations N×8×… and the features N×8×D of all views."""
    images = torch.stack(
        [torch.from_numpy(turned(one, view)) for one in pixels.numpy() for view in range(8)]
    )
    with torch.inference_mode():
        activations = small.trunk(small.preprocessing.normalise(images)).half()
        features = small.tail(activations.float()).mean((2, 3))
    return activations.unflatten(0, (-1, 8)), features.unflatten(0, (-1, 8))


def test_descriptors_are_means_and_activations_those_of_all_views(
    small, eight, extracted, pixels, archive, archive_images
):
    descriptors, stored = extracted
    activations, features = by_hand(small, pixels)
    np.testing.assert_allclose(descriptors["pool"], features.mean(1), rtol=1e-4, atol=1e-5)
    numbers = [np.arange(24, 40), np.array([3, 66, 17])]
    with open_source(stored, archive, archive_images, eight, 0, CPU) as source:
        whole, single = source.batches(numbers)
        assert source.bytes_of(np.arange(8)) == 2 * activations[0].numel()
    flat = activations.flatten(0, 1)
    torch.testing.assert_close(whole.tensors[0], flat[24:40], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(single.tensors[0], flat[[3, 66, 17]], rtol=1e-3, atol=1e-3)
    with open_source(None, archive, archive_images, eight, 0, CPU) as computed:
        for one, other in zip((whole, single), computed.batches(numbers), strict=True):
            torch.testing.assert_close(one.tensors[0], other.tensors[0])


def test_activations_of_another_number_of_views_are_refused(
    small, extracted, archive, archive_images
):
    with (
        pytest.raises(InputError, match="holds activations of other shapes"),
        open_source(extracted[1], archive, archive_images, small, 0, CPU),
    ):
        pass


def test_a_fine_tuning_draws_views_by_its_seed_and_resumes_exactly(
    eight, extracted, archive, archive_images, tmp_path
):
    descriptors, stored = extracted
    (task,) = labeling_tasks("multi_label", archive, TRAIN)
    states = []
    with open_source(stored, archive, archive_images, eight, 0, CPU) as source:
        arguments = (task, eight, descriptors["pool"], source, TRAIN, VALIDATION, SETTINGS, 0, CPU)
        model, curve = finetune(*arguments, save_state=lambda one: states.append(deepcopy(one)))
        again, same_curve = finetune(*arguments, resume=states[2])
        recorded = Recorded(source)
        finetune(*arguments[:3], recorded, *arguments[4:])
        with array_file(tmp_path / "tuned.h5", list(archive["image"]), {}) as file:
            reextract([model], source, CPU, file, 8)
        (activations,) = source.batches([np.arange(72)])
    assert json.dumps(curve) == json.dumps(same_curve)  # NaN is equal to NaN
    for name, value in model.tail.state_dict().items():
        assert value.equal(again.tail.state_dict()[name])
    batches = [numbers for numbers in recorded.seen if set(numbers // 8) <= set(TRAIN)]
    in_training = np.concatenate(batches)
    assert len(set(in_training % 8)) > 2
    assert sorted(in_training // 8) == sorted([*TRAIN, *TRAIN])
    with torch.inference_mode():
        described = model.describe(model.tail(activations.tensors[0].float()))
    tuned = read_descriptors(tmp_path / "tuned.h5", list(archive["image"]))
    for name, values in tuned.items():
        expected = described[name].unflatten(0, (-1, 8)).mean(1)
        np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)
