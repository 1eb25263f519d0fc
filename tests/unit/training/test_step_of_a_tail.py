"""A step of fine-tuning a transformer's tail, against a step of the whole network."""

from pathlib import Path

import h5py
import numpy as np
import timm
import torch
from torch import nn

from rsir.descriptors.activations import StoredActivations
from rsir.networks.cut import cut_network
from rsir.networks.preprocessing import Preprocessing
from rsir.networks.processor import Processor
from rsir.training.finetuning import finetune
from rsir.training.labelings import Target, Task

CPU = Processor(torch.device("cpu"))
SIZE = 32
OPTIONS = {"optimizer": "sgd", "learning_rate": 0.1, "weight_decay": 0.01, "momentum": 0.0}
TARGETS = (np.arange(12)[:, None] % np.array([2, 3]) == 0).astype(np.float32)
TASK = Task("labels", [Target(["sea", "ship"], "sigmoid", TARGETS)])
ROWS, NO_ROWS = np.arange(12), np.array([], dtype=int)


def test_a_step_of_a_vits_tail_is_one_of_the_whole_network_with_the_trunk_frozen(tmp_path: Path):
    torch.manual_seed(0)
    # With the mean of the tokens, a norm follows the pooling, which is trained with the tail.
    network = timm.create_model(
        "vit_tiny_patch16_224", img_size=SIZE, global_pool="avg", class_token=False, depth=6
    ).eval()
    statistics = (0.5, 0.5, 0.5)
    preprocessing = Preprocessing("squash", SIZE, SIZE, statistics, statistics, "bilinear")
    backbone = cut_network(network, None, preprocessing)
    assert backbone.cut == "blocks.5"
    images = torch.randn(12, 3, SIZE, SIZE)
    with torch.inference_mode():
        activations = backbone.trunk(images).half()
    off_the_shelf = np.zeros((12, backbone.dimension), np.float32)  # for the first stage, unused
    with h5py.File(tmp_path / "activations.h5", "w") as file:
        source = StoredActivations(file.create_dataset("activation", data=activations.numpy()))

        def train(epochs: int):
            stages = {"head": {"epochs": 0, **OPTIONS}, "tail": {"epochs": epochs, **OPTIONS}}
            settings = {"batch_size": 12, **stages}
            rows = (ROWS, NO_ROWS)
            return finetune(TASK, backbone, off_the_shelf, source, *rows, settings, 0, CPU)[0]

        head, model = train(0).head.train(), train(1)

    network.blocks[5].register_forward_pre_hook(lambda _, inputs: (inputs[0].half().float(),))
    trained = [f"{part}." for part in ("blocks.5", "norm", "fc_norm")]
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name.startswith(tuple(trained)))
    weights = [each for each in network.parameters() if each.requires_grad]
    optimizer = torch.optim.SGD([*weights, *head.parameters()], 0.1, weight_decay=0.01)
    logits = head(network.forward_head(network.forward_features(images), pre_logits=True))
    nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(TARGETS)).backward()
    optimizer.step()

    tuned = {**dict(model.tail.named_parameters()), **dict(model.pooling.named_parameters())}
    expected = {name: value for name, value in network.named_parameters() if value.requires_grad}
    assert tuned.keys() == expected.keys()
    before = {**backbone.tail.state_dict(), **backbone.pooling.state_dict()}
    for name, value in tuned.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-6)
    assert any(name.startswith("fc_norm.") for name in tuned)
    for name, value in model.head.named_parameters():
        torch.testing.assert_close(value, dict(head.named_parameters())[name], rtol=1e-4, atol=1e-6)
    assert before.keys() == tuned.keys()
