"""Several targets of one network, and schedules of the learning rate."""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from rsir.networks.processor import Processor
from rsir.training.finetuning import finetune
from rsir.training.labelings import Target, Task
from rsir.training.steps import total_loss

CPU = Processor(torch.device("cpu"))
TRAIN, VALIDATION = np.arange(0, 40), np.arange(40, 60)
CLASSES = np.arange(60) % 3
SETS = np.stack([CLASSES == 0, CLASSES > 0], axis=1).astype(np.float32)
SCENES = Target(["port", "farm", "city"], "softmax", CLASSES.astype(np.int64))
LABELS = Target(["sea", "grass"], "sigmoid", SETS)


def settings(head, tail, **changes):
    stage = {"optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.0, **changes}
    return {"batch_size": 8, "head": {"epochs": head, **stage}, "tail": {"epochs": tail, **stage}}


def features_of(network, source, rows):
    (activations,) = source.batches([rows])
    with torch.inference_mode():
        return network.tail(*CPU.place_activations(activations))


def train(small, source, task, options):
    pooled = features_of(small, source, np.arange(60)).mean((2, 3)).numpy()
    return finetune(task, small, pooled, source, TRAIN, VALIDATION, options, 0, CPU)


def test_several_heads_on_one_tail_learn_together(small, source):
    embedding = Target(["x", "y", "z"], "embedding", SETS, 2.0)
    task = Task("similarity", [LABELS, SCENES, embedding])
    model, curve = train(small, source, task, settings(10, 10))
    assert curve[-1]["validation_map"] > 0.98
    with torch.inference_mode():
        described = model.describe(features_of(model, source, VALIDATION))
    assert {name: values.shape[1] for name, values in described.items()} == {
        "pool": 6,
        "output": 5,
        "embedding": 3,
    }
    cosines = (described["embedding"] @ described["embedding"].T).numpy()
    shared = SETS[VALIDATION] @ SETS[VALIDATION].T == 1
    assert cosines[shared].min() > cosines[~shared].max()


def test_the_loss_is_the_weighted_sum_of_the_targets():
    logits, rows = torch.randn(6, 5), slice(0, 6)
    task = Task("both", [replace(SCENES, weight=0.5), replace(LABELS, weight=3)])
    expected = [torch.from_numpy(target.expected[rows]) for target in task.targets]
    by_hand = 0.5 * nn.functional.cross_entropy(
        logits[:, :3], expected[0]
    ) + 3 * nn.functional.binary_cross_entropy_with_logits(logits[:, 3:], expected[1])
    torch.testing.assert_close(total_loss(logits, expected, task), by_hand)


def test_the_learning_rate_follows_the_schedule(small, source):
    # One step of a warm-up of two has half the rate: with SGD without momentum, half the change.
    options = {"optimizer": "sgd", "momentum": 0.0, "learning_rate": 0.1}
    task = Task("scenes", [SCENES])
    initial, _ = train(small, source, task, settings(0, 0))
    whole = {**settings(1, 0, **options), "batch_size": 40}
    slow = {**settings(1, 0, **options, warmup=2), "batch_size": 40}
    changes = [
        train(small, source, Task("scenes", [SCENES]), each)[0].head.dense.weight
        - initial.head.dense.weight
        for each in (whole, slow)
    ]
    torch.testing.assert_close(changes[0], 2 * changes[1], rtol=1e-3, atol=1e-6)
