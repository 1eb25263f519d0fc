"""Backbones loaded from weights that fit the network or do not."""

import pytest
import torch
from torch import Tensor
from whole_networks import (
    LIGHT,
    LIGHT_CUT,
    assert_same,
    build,
    light_state,
    load_light,
    outputs_of_whole,
    random_images,
)

from rsir.core.errors import InputError
from rsir.networks.load import load_backbone


def test_the_seed_determines_the_random_weights_and_torchs_state_is_kept():
    before = torch.get_rng_state()
    one, same, other = (
        load_backbone(None, *LIGHT, "random", LIGHT_CUT, seed=seed).trunk.state_dict()
        for seed in (3, 3, 4)
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["conv1.0.weight"], other["conv1.0.weight"])


def without_classifier(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value for key, value in state.items() if not key.startswith("fc.")}


def with_another_classifier(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**state, "fc.weight": torch.zeros(21, 1024), "fc.bias": torch.zeros(21)}


def with_a_classifier_of_nan(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**state, "fc.weight": torch.full((1000, 1024), torch.nan)}


@pytest.mark.parametrize(
    "change", [without_classifier, with_another_classifier, with_a_classifier_of_nan]
)
def test_a_missing_or_unusable_classifier_is_dropped(tmp_path, randomise, change):
    state, file = light_state(randomise), tmp_path / "weights.pth"
    torch.save(change(state), file)
    backbone = load_light(file)
    assert backbone.classifier is None
    whole = build(*LIGHT)
    whole.load_state_dict(state)
    images = random_images(backbone)
    with torch.inference_mode():
        features = backbone.tail(backbone.trunk(images))
    assert_same(features, outputs_of_whole(whole, "conv5", images)[0])


def of_another_network(_state: dict[str, Tensor]) -> dict[str, Tensor]:
    return build("torchvision", "squeezenet1_1").state_dict()


def of_another_width(_state: dict[str, Tensor]) -> dict[str, Tensor]:
    return build("torchvision", "shufflenet_v2_x1_0").state_dict()


def without_one_tensor(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k: v for k, v in state.items() if k != "stage3.0.branch1.1.running_var"}


def with_nan_in_the_tail(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**state, "stage4.0.branch1.0.weight": state["stage4.0.branch1.0.weight"] * torch.nan}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            of_another_network,
            r"does not fit .* 0 of 280 tensors \(0.0%\), first without a match conv1.0.weight, "
            "and of the file features.0.weight; use",
        ),
        (
            of_another_width,
            r"in part: 14 of 280 tensors \(5.0%\), first stage2.0.branch1.2.weight, "
            "24×24×1×1 in the network and 58×24×1×1 in the file; use",
        ),
        (
            without_one_tensor,
            r"279 of 280 tensors \(99.6%\), first without a match "
            "stage3.0.branch1.1.running_var; use",
        ),
        (with_nan_in_the_tail, "not finite, first stage4.0.branch1.0.weight; use"),
    ],
)
def test_weights_that_do_not_fit_are_refused(tmp_path, randomise, change, message):
    file = tmp_path / "weights.pth"
    torch.save(change(light_state(randomise)), file)
    with pytest.raises(InputError, match=rf"weights\.pth: .*{message}"):
        load_light(file)
