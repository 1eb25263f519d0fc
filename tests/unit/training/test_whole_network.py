"""The training of a whole network from the images, against a loop in plain PyTorch."""

import json
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch.nn import functional

from rsir.archives.archive_table import label_matrix
from rsir.core.hdf5 import array_file
from rsir.descriptors.activations import open_source
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.networks.augmentation import DRAWS, Augmentation
from rsir.networks.cut import START, cut_network
from rsir.networks.processor import Processor
from rsir.training.batches import shuffled_batches
from rsir.training.finetuning import finetune
from rsir.training.labelings import labeling_tasks
from rsir.training.models import Head
from rsir.training.reextraction import reextract

CPU = Processor(torch.device("cpu"), batch_size=16)
STAGE = {"optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.1}
SETTINGS = {"batch_size": 4, "head": {**STAGE, "epochs": 1}, "tail": {**STAGE, "epochs": 3}}
TRAIN, VALIDATION, SEED = np.arange(6), np.arange(6, 9), 3
NAME = "multi_label"
VARIED = Augmentation(views=8, crop=0.5)


@pytest.fixture
def whole(small_network, preprocessing):
    return cut_network(deepcopy(small_network), START, preprocessing)


@pytest.fixture
def train(whole, archive, archive_images, off_the_shelf):
    """Return a function that trains the whole network, with an augmentation if there is one."""

    def run(augmentation=None, **arguments):
        (task,) = labeling_tasks(NAME, archive, TRAIN)
        inputs = (archive, archive_images, whole, 0, CPU)
        with open_source(None, *inputs, augmentation) as source:
            rows = (TRAIN, VALIDATION)
            start = (task, whole, off_the_shelf[0]["pool"], source, *rows, SETTINGS, SEED, CPU)
            variants = DRAWS if augmentation else None
            return finetune(*start, variants=variants, **arguments)

    return run


def plain_losses(network, images, vectors, labels):
    """Train a head, then network and head, and return the mean loss of each epoch."""
    generator = np.random.default_rng([SEED, *NAME.encode()])
    with torch.random.fork_rng():
        torch.manual_seed(int(generator.integers(2**31)))
        head = Head(vectors.shape[1], labels.shape[1])
    features = deepcopy(torch.nn.Sequential(network.stem, network.block)).requires_grad_(True)
    losses = []
    for stage in ("head", "tail"):
        trained = [*head.parameters(), *(features.parameters() if stage == "tail" else ())]
        optimizer = torch.optim.AdamW(trained, lr=0.01, weight_decay=0.1)
        for _ in range(SETTINGS[stage]["epochs"]):
            total = 0.0
            for rows in shuffled_batches(TRAIN, 4, generator):
                is_tail = stage == "tail"
                pooled = features(images[rows]).mean((2, 3)) if is_tail else vectors[rows]
                loss = functional.binary_cross_entropy_with_logits(head(pooled), labels[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item() * len(rows)
            losses.append(total / len(TRAIN))
    return losses


def test_the_losses_are_those_of_a_plain_loop(
    train, small_network, preprocessing, pixels, archive, off_the_shelf
):
    _, curve = train()
    images = preprocessing.normalise(pixels)
    vectors = torch.from_numpy(off_the_shelf[0]["pool"])
    labels = torch.from_numpy(label_matrix(archive).astype(np.float32))
    expected = plain_losses(small_network, images, vectors, labels)
    assert [row["train_loss"] for row in curve] == pytest.approx(expected, rel=1e-4)
    assert expected[-1] < expected[1]


def test_all_weights_are_trained_and_describe_the_images(
    train, whole, preprocessing, pixels, archive, archive_images, tmp_path
):
    model, _ = train()
    before, after = whole.tail.state_dict(), model.tail.state_dict()
    weights = [name for name, value in whole.tail.named_parameters() if value.requires_grad]
    assert {name.split(".")[0] for name in weights} == {"stem", "block"}
    assert not any(torch.equal(before[name], after[name]) for name in weights)
    names, path = list(archive["image"]), tmp_path / "tuned.h5"
    with torch.no_grad():
        expected = model.describe(model.tail(preprocessing.normalise(pixels)))
    with (
        open_source(None, archive, archive_images, whole, 0, CPU) as source,
        array_file(path, names, {}) as file,
    ):
        reextract([model], source, CPU, file)
    for name, values in read_descriptors(path, names).items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-4, atol=1e-5)


def test_an_augmented_training_repeats_and_resumes_exactly(train):
    states = []
    model, curve = train(VARIED, save_state=lambda state: states.append(deepcopy(state)))
    assert [row["train_loss"] for row in train()[1]][1:] != [row["train_loss"] for row in curve][1:]
    for state in (None, states[0], states[2]):
        again, same_curve = train(VARIED, resume=state)
        assert json.dumps(same_curve) == json.dumps(curve)  # NaN is equal to NaN
        for name, value in model.tail.state_dict().items():
            assert torch.equal(value, again.tail.state_dict()[name])
