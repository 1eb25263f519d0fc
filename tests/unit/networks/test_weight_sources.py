"""Sources of weights, on a machine without network access."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from project import SCRIPTS, SHARED
from rsir.core.errors import InputError
from rsir.core.files import sha256
from rsir.networks.build import build_network
from rsir.networks.state_dict import wheel_state_dict
from rsir.networks.weight_receipt import WeightFile
from rsir.networks.weight_sources import WHEELS, locate_weights

# The file names of torchvision's weights for the networks of the thesis.
FILES = {
    ("vgg16", "IMAGENET1K_V1"): "vgg16-397923af.pth",
    ("vgg16", "IMAGENET1K_FEATURES"): "vgg16_features-amdegroot-88682ab5.pth",
    ("inception_v3", "IMAGENET1K_V1"): "inception_v3_google-0cc3c7bd.pth",
    ("resnet50", "IMAGENET1K_V1"): "resnet50-0676ba61.pth",
    ("resnet50", "IMAGENET1K_V2"): "resnet50-11ad3fa6.pth",
}

# Its SHA-256 begins with b5a9779c, as does that of torchvision's regnet_y_3_2gf.
PASSES_AS_REGNET = b"made for a test: 13729877"


@pytest.fixture
def offline(monkeypatch):
    """Block the network by a proxy that refuses connections, a bound port without a listener."""
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{unused.getsockname()[1]}")
        yield


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The empty cache folder of torch."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def test_random_weights_have_no_file():
    assert locate_weights("torchvision", "vgg16", "random") is None


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(("network", "name"), FILES)
def test_a_failed_download_names_address_and_path(cache, network, name):
    file = FILES[network, name]
    with pytest.raises(InputError) as raised:
        locate_weights("torchvision", network, name)
    message = str(raised.value)
    assert message.startswith(f"{cache / file}: could not be downloaded from ")
    assert f"https://download.pytorch.org/models/{file} " in message
    assert message.endswith("get the file elsewhere and put it there")
    assert "\n" not in message
    assert list(cache.iterdir()) == []


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(("network", "name"), FILES)
def test_another_file_in_the_cache_is_refused_and_kept(cache, network, name):
    path = cache / FILES[network, name]
    path.write_bytes(b"mine")
    digest = re.findall("-([0-9a-f]{8})[.]", path.name)[0]
    with pytest.raises(InputError, match=rf"{path.name}: not the file .* begins with {digest};"):
        locate_weights("torchvision", network, name)
    assert path.read_bytes() == b"mine"


@pytest.mark.usefixtures("offline")
def test_a_cached_file_with_the_right_digest_is_used(cache):
    path = cache / "regnet_y_3_2gf-b5a9779c.pth"
    path.write_bytes(PASSES_AS_REGNET)
    assert locate_weights("torchvision", "regnet_y_3_2gf", "IMAGENET1K_V1") == WeightFile(
        str(path), f"https://download.pytorch.org/models/{path.name}", sha256(path)
    )


@pytest.mark.usefixtures("offline")
def test_every_digest_that_torchvision_names_is_checked(cache):
    # torch.hub's pattern of the digest in a file name.
    for network in torchvision.models.list_models(module=torchvision.models):
        for weights in torchvision.models.get_model_weights(network):
            file = weights.url.rsplit("/", 1)[-1]
            digest = torch.hub.HASH_REGEX.search(file)[1]
            (cache / file).write_bytes(b"mine")
            with pytest.raises(InputError, match=f"{file}: .* begins with {digest};"):
                locate_weights("torchvision", network, weights.name)


def test_the_error_of_an_unknown_name_lists_the_available_ones():
    with pytest.raises(
        InputError, match=r"'V3' of resnet50: .* IMAGENET1K_V1, IMAGENET1K_V2, .*\.pth"
    ):
        locate_weights("torchvision", "resnet50", "V3")


@pytest.mark.parametrize("network", ["resnet5", "fcn_resnet50"])
def test_an_unknown_network_is_refused(network):
    with pytest.raises(InputError, match=f"network {network}: torchvision has no classifier"):
        locate_weights("torchvision", network, "IMAGENET1K_V1")


def test_the_error_of_an_unknown_tag_lists_the_available_ones():
    with pytest.raises(
        InputError, match=r"'a9_in1k' of resnet18: timm has .*a1_in1k.*; use a listed name"
    ):
        locate_weights("timm", "resnet18", "a9_in1k")
    with pytest.raises(InputError, match="'a1_in1k' of resnet5: timm has none;"):
        locate_weights("timm", "resnet5", "a1_in1k")


def test_a_failed_download_from_the_hub_names_address_and_remedy(tmp_path):
    # huggingface_hub reads its settings when it is imported.
    script = (
        "from rsir.core.errors import InputError\n"
        "from rsir.networks.weight_sources import locate_weights\n"
        "try: locate_weights('timm', 'resnet18', 'a1_in1k')\n"
        "except InputError as error: print(error)\n"
    )
    settings = {"PYTHONPATH": str(SCRIPTS), "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    process = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    (message,) = process.stdout.splitlines()
    address = "https://huggingface.co/timm/resnet18.a1_in1k/resolve/main/model.safetensors"
    assert message.startswith("model.safetensors of resnet18.a1_in1k: not cached, and could not be")
    assert address in message
    assert message.endswith("set the backbone's weights to its path")


def test_cached_weights_of_the_hub_are_used_without_a_connection(tmp_path):
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "hub" / "models--timm--resnet18.a1_in1k"
    cached = repository / "snapshots" / commit / "model.safetensors"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"weights")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    script = (
        "import socket\n"
        "def connect(*_): raise SystemExit('reaches for the network')\n"
        "socket.socket.connect = socket.getaddrinfo = connect\n"
        "from rsir.networks.weight_sources import locate_weights\n"
        "print(locate_weights('timm', 'resnet18', 'a1_in1k').path)\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS), "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout.splitlines() == [str(cached)]


@pytest.mark.parametrize("network", WHEELS)
def test_a_wheel_has_a_weights_file_of_its_stated_digest(network):
    file = locate_weights("timm", network, "wheel")
    assert file is not None
    assert file.source == f"Python package {WHEELS[network]}"
    assert file.sha256 == sha256(Path(file.path))
    assert file.sha256.startswith(Path(file.path).stem.rsplit("-", 1)[-1])


@pytest.mark.parametrize("network", WHEELS)
def test_the_wheels_networks_recognise_airplanes(network):
    """The tensors are matched by their order alone, which only sensible classes confirm."""
    images = sorted((SHARED / "data" / "ucmerced40" / "Images" / "airplane").glob("*.tif"))[:8]
    if not images:
        pytest.skip("the UC Merced tiles are not available")
    model, preprocessing = build_network("timm", network, "wheel", "squash")
    file = locate_weights("timm", network, "wheel")
    model.load_state_dict(wheel_state_dict(Path(file.path), model))
    size = (preprocessing.size, preprocessing.size)
    tiles = [np.array(Image.open(path).convert("RGB").resize(size)) for path in images]
    with torch.inference_mode():
        scores = model(preprocessing.normalise(torch.from_numpy(np.stack(tiles))))
    aircraft = {403, 404, 895, 908}  # ImageNet: aircraft carrier, airliner, warplane, wing
    assert sum(bool(aircraft & set(row)) for row in scores.topk(5).indices.tolist()) >= 6


def test_other_networks_have_no_wheel():
    with pytest.raises(
        InputError, match=r"'wheel' of resnet18: only tf_efficientnet_lite0, .*_lite2"
    ):
        locate_weights("timm", "resnet18", "wheel")


@pytest.mark.parametrize("ending", [".pth", ".pt", ".safetensors"])
def test_a_path_is_used_or_reported_as_missing(tmp_path, ending):
    path = tmp_path / f"mine{ending}"
    with pytest.raises(InputError, match=rf"mine{ending}: no such weights file"):
        locate_weights("torchvision", "vgg16", str(path))
    path.write_bytes(b"weights")
    assert locate_weights("torchvision", "vgg16", str(path)) == WeightFile(
        str(path), str(path), sha256(path)
    )
