"""Weights that torchgeo publishes, in files written in the layout of the published ones."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from project import SHARED
from rsir.core.errors import InputError
from rsir.core.files import sha256
from rsir.networks.build import build_network
from rsir.networks.load import load_backbone
from rsir.networks.torchgeo import published_names, published_weights
from rsir.networks.weight_sources import locate_weights

FACTS = SHARED / "reference" / "remote_sensing_weights.csv"
REFUSED = {
    "ResNet18_Weights.SENTINEL2_RGB_SECO",
    "ResNet50_Weights.SENTINEL2_RGB_SECO",
}
NAMES = [name for name in published_names() if name not in REFUSED]

State = dict[str, Tensor]


def without(*prefixes: str) -> Callable[[State], State]:
    return lambda state: {name: v for name, v in state.items() if not name.startswith(prefixes)}


def with_classes(classes: int) -> Callable[[State], State]:
    def change(state: State) -> State:
        width = state["fc.weight"].shape[1]
        return {**state, "fc.weight": torch.ones(classes, width), "fc.bias": torch.ones(classes)}

    return change


def complete(state: State) -> State:
    return state


def swin_of(channels: int) -> nn.Module:
    model = torchvision.models.swin_v2_t()
    model.features[0][0] = nn.Conv2d(channels, 96, 4, 4)
    return model


def vit_of_softcon() -> nn.Module:
    return timm.create_model("vit_small_patch14_dinov2", in_chans=2, img_size=224, num_classes=0)


LAYOUTS: dict[str, tuple[str, Callable[[], nn.Module], Callable[[State], State]]] = {
    "residual network without classes": (
        "ResNet18_Weights.SENTINEL2_ALL_MOCO",
        lambda: timm.create_model("resnet18", in_chans=13),
        without("fc."),
    ),
    "residual network with other classes": (
        "ResNet18_Weights.LANDSAT_OLI_SR_MOCO",
        lambda: timm.create_model("resnet18", in_chans=7),
        with_classes(128),
    ),
    "residual network with as many classes": (
        "ResNet50_Weights.SENTINEL1_ALL_DECUR",
        lambda: timm.create_model("resnet50", in_chans=2),
        complete,
    ),
    "vision transformer without norm and classes": (
        "ViTSmall16_Weights.SENTINEL2_ALL_MAE",
        lambda: timm.create_model("vit_small_patch16_224", in_chans=13),
        without("norm.", "head."),
    ),
    "vision transformer": (
        "ViTSmall16_Weights.LANDSAT_TM_TOA_MOCO",
        lambda: timm.create_model("vit_small_patch16_224", in_chans=7),
        complete,
    ),
    "vision transformer of SoftCon": (
        "ViTSmall14_DINOv2_Weights.SENTINEL1_GRD_SOFTCON",
        vit_of_softcon,
        complete,
    ),
    "Swin transformer of torchvision": (
        "Swin_V2_T_Weights.SENTINEL2_MI_MS_SATLAS",
        lambda: swin_of(9),
        complete,
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_tensor_of_a_published_file_is_loaded_into_its_place(tmp_path, randomise, layout):
    name, build, change = LAYOUTS[layout]
    state = change(randomise(build()).state_dict())
    file = tmp_path / "published.pth"
    torch.save(state, file)
    backbone = load_backbone(file, "torchgeo", "mine", name)
    parts = (backbone.trunk, backbone.tail, backbone.pooling)
    actual = {n: tensor for part in parts for n, tensor in part.state_dict().items()}
    encoder = {n: v for n, v in state.items() if not n.startswith(("fc.", "head."))}
    assert actual.keys() >= encoder.keys()
    assert all(torch.equal(actual[n], value) for n, value in encoder.items())
    rest = {n for n in actual if n not in encoder and n in build().state_dict()}
    assert rest <= {"norm.weight", "norm.bias"}
    assert all((actual[n] == float(n == "norm.weight")).all() for n in rest)
    assert backbone.classifier is None


@pytest.mark.parametrize(
    ("name", "model", "message"),
    [
        (
            "ResNet18_Weights.SENTINEL2_ALL_MOCO",
            lambda: timm.create_model("resnet18", in_chans=12),
            "conv1.weight takes 12 channels in the file and 13 in the network",
        ),
        (
            "ResNet18_Weights.SENTINEL2_ALL_MOCO",
            lambda: timm.create_model("resnet34", in_chans=13),
            "is of a larger network than resnet18, which has no layer1.2",
        ),
        (
            "ViTSmall16_Weights.SENTINEL2_ALL_MAE",
            lambda: timm.create_model("vit_tiny_patch16_224", in_chans=13),
            "in part",
        ),
        (
            "Swin_V2_T_Weights.SENTINEL2_MI_MS_SATLAS",
            lambda: timm.create_model("swinv2_tiny_window8_256", in_chans=9),
            "in part",
        ),
    ],
)
def test_files_of_another_network_or_other_bands_are_refused(tmp_path, name, model, message):
    file = tmp_path / "published.pth"
    torch.save(model().state_dict(), file)
    with pytest.raises(InputError, match=message) as raised:
        load_backbone(file, "torchgeo", "mine", name)
    assert str(raised.value).startswith(f"{file}: ")
    assert "\n" not in str(raised.value)


def test_a_file_whose_digest_differs_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    path = tmp_path / "hub" / "checkpoints" / "resnet18_sentinel2_all_moco-59bfdff9.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"of something else")
    with pytest.raises(InputError, match=r"not the file whose SHA-256 begins with 59bfdff9"):
        locate_weights("torchgeo", "mine", "ResNet18_Weights.SENTINEL2_ALL_MOCO")
    assert path.read_bytes() == b"of something else"


def test_a_cached_file_without_a_published_digest_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    path = tmp_path / "hub" / "checkpoints" / "B13_vits16_mae_ep99_enc.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"an encoder")
    file = locate_weights("torchgeo", "mine", "ViTSmall16_Weights.SENTINEL2_ALL_MAE")
    assert file is not None
    assert (file.path, file.sha256) == (str(path), sha256(path))
    assert file.source.endswith("/B13_vits16_mae_ep99_enc.pth")


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_weights_whose_normalisation_is_not_known_are_refused(name):
    with pytest.raises(InputError, match=rf"'{name}': .* normalise in different ways; download"):
        published_weights(name)


def test_an_unknown_name_is_refused_with_close_ones():
    with pytest.raises(InputError, match=r"none of this name; did you mean .*SENTINEL2_ALL_MOCO"):
        published_weights("ResNet50_Weights.SENTINEL2_MOCO")


def test_the_table_is_that_of_the_reference():
    if not FACTS.is_file():
        pytest.skip("the reference is not available")
    with FACTS.open(newline="") as file:
        facts = {row["name"]: row for row in csv.DictReader(file)}
    assert published_names() == list(facts)
    assert len(facts) == 97
    assert {name for name in facts if facts[name]["mean"] == "see note"} == REFUSED
    digests = 0
    for name in NAMES:
        published, row = published_weights(name), facts[name]
        digests += bool(published.sha256)
        assert f"{published.library} {published.network}" == row["network"]
        assert published.url == row["url"]
        assert published.input.channels == int(row["in_chans"])
        assert published.input.size == int(
            row["input"].split(" (")[0].split()[-1] if row["input"] != "as given" else 224
        )
        scale = 255 if published.input.bands is None else 1
        for key in ("mean", "std"):
            numbers = [float(number) for number in row[key].split()]
            stated = [value * scale for value in getattr(published.input, key)]
            assert stated == pytest.approx(numbers * (len(stated) // len(numbers)), rel=1e-5)
        assert published.input.bands in (None, tuple(row["bands"].split()))
        assert (published.input.range == (0, 1)) == ("clamped to 0..1" in row["note"])
    assert digests == 75 - 2


def one_of_each_network() -> list[str]:
    facts = {name: published_weights(name) for name in NAMES}
    return list({(one.network, one.input.channels): name for name, one in facts.items()}.values())


@pytest.mark.parametrize("name", one_of_each_network())
def test_each_network_exists_and_takes_its_bands(name):
    published = published_weights(name)
    with torch.device("meta"):
        if published.library == "timm":
            model = timm.create_model(published.network, in_chans=published.input.channels)
        else:
            model, _ = build_network(
                "torchvision", published.network, name, "squash", published.input
            )
    first = next(module for module in model.modules() if isinstance(module, nn.Conv2d))
    assert first.in_channels == published.input.channels


def test_another_size_scales_the_crop_as_well():
    published = published_weights("ResNet50_Weights.SENTINEL2_ALL_MOCO")
    adapted = published.adapted(size=112, missing={"B10": 0})
    assert (adapted.size, adapted.resize_size) == (112, 128)
    assert adapted.missing == {"B10": 0}
    with pytest.raises(
        InputError, match=r"missing of .*: B99 is none of its bands; name one of B1"
    ):
        published.adapted(missing={"B99": 0})


def test_networks_for_pictures_take_the_rendering():
    for name in ("Swin_V2_B_Weights.NAIP_RGB_SI_SATLAS", "ResNet50_Weights.FMOW_RGB_GASSL"):
        assert published_weights(name).input.bands is None
    published = published_weights("ResNet50_Weights.SENTINEL2_SI_MS_SATLAS")
    assert published.input.eight_bit == ("B04", "B03", "B02")


def test_the_table_stands_beside_the_module():
    import rsir.networks.torchgeo as module

    assert Path(module.__file__).with_suffix(".csv").is_file()
