"""Weights, activations and models that are damaged or of something else."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest
import torch
from own_archive import IMAGES, LABELS
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import extract
import finetune
import reextract
from rsir.archives.archive_table import write_archive
from rsir.archives.image_files import describe_images
from rsir.archives.label_table import read_table
from rsir.archives.pixels import PICTURES, write_pixel_format
from rsir.core.errors import InputError
from rsir.core.files import sha256
from rsir.networks.state_dict import read_state_dict
from rsir.networks.weight_receipt import WeightFile, read_record, write_record

SETTINGS = {"library": "torchvision", "network": "resnet18", "weights": "random", "cut": "layer4"}
STAGE = {"epochs": 1, "optimizer": "adamw", "learning_rate": 0.001, "weight_decay": 0.0}
METHOD: dict[str, Any] = {
    "backbone": "resnet18",
    "labeling": "multi_label",
    "trained_on": "sample",
    "seed": 0,
}


class Made:
    """What a fine-tuning needs and makes, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "images"
        self.archive = folder / "archive.csv"
        self.pixels = folder / "pixels.json"
        self.split = folder / "split.csv"
        self.weights = folder / "weights.json"
        self.shelf = folder / "off_the_shelf.h5"
        self.activations = folder / "activations.h5"
        self.precision = folder / "precision.json"
        self.models = folder / "multi_label-seed0.safetensors"
        self.curve = folder / "multi_label-seed0.csv"
        self.tuned = folder / "multi_label-seed0.h5"

    def extract(self) -> None:
        inputs = (self.files(), self.root, "resnet18", SETTINGS)
        extract.main(*inputs, 1, False, self.shelf, self.activations, self.precision)

    def files(self) -> dict[str, Path]:
        return {"archive": self.archive, "pixels": self.pixels, "weights": self.weights}

    def finetune(self) -> None:
        finetune.main(
            files=self.files() | {"split": self.split},
            descriptors=self.shelf,
            precision=self.precision,
            activations=[self.activations],
            root=self.root,
            method=METHOD,
            backbone_settings=SETTINGS,
            cut=None,
            augmentation=None,
            kind="multi_label",
            options={},
            settings={"batch_size": 4, "head": STAGE, "tail": {**STAGE, "epochs": 0}},
            threads=1,
            use_gpu=False,
            code=[],
            models=self.models,
            curve=self.curve,
        )

    def reextract(
        self,
        trained_on: str = "sample",
        source: Path | None = None,
        precision: Path | None = None,
        cut: str | None = None,
    ) -> None:
        reextract.main(
            files=self.files(),
            root=self.root,
            precision=self.precision,
            activations=self.activations,
            models=self.models,
            source_archive=source,
            source_precision=precision,
            method=METHOD | {"trained_on": trained_on},
            settings=SETTINGS,
            cut=cut,
            threads=1,
            use_gpu=False,
            descriptors=self.tuned,
        )


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all of it, up to the models."""
    folder = tmp_path_factory.mktemp("good")
    made = Made(folder)
    made.root.mkdir()
    for image in IMAGES:
        Image.effect_noise((12, 12), 40).convert("RGB").save(made.root / f"{image}.png")
    (folder / "labels.csv").write_text(LABELS)
    table = read_table(made.root, folder / "labels.csv").table
    write_archive(describe_images(table, made.root, 1), made.archive)
    write_pixel_format(made.pixels, PICTURES)
    subsets = "".join(f"{i},{'test' if i[4] == '4' else 'train'}\n" for i in IMAGES)
    made.split.write_text("image,subset\n" + subsets)
    write_record(made.weights, None)
    made.extract()
    made.finetune()
    return folder


@pytest.fixture
def made(good: Path, tmp_path: Path) -> Made:
    return Made(Path(shutil.copytree(good, tmp_path / "made")))


def with_attributes(**changed: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            file.attrs.update(changed)

    return change


def half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def external_link(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["activation"]
        file["activation"] = h5py.ExternalLink("secret.h5", "activation")


# What becomes of the activations; then what the one line says.
ACTIVATIONS: dict[str, tuple[Callable[[Path], None], str]] = {
    "other backbone": (
        with_attributes(backbone="vgg16"),
        "its backbone is vgg16, expected resnet18",
    ),
    "other weights": (
        with_attributes(weights_sha256="a" * 64),
        f"its weights_sha256 is {'a' * 64}, expected ;",
    ),
    "other cut": (
        with_attributes(
            backbone_settings=json.dumps({**SETTINGS, "cut": "layer3"}, sort_keys=True)
        ),
        'its backbone_settings is {"cut": "layer3", ',
    ),
    "other archive": (with_attributes(archive_sha256="b" * 64), f"archive_sha256 is {'b' * 64}, "),
    "truncated": (half, "cannot be read"),
    "external link": (external_link, "'activation' is stored outside the file"),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("stage", ["finetune", "reextract"])
def test_activations_of_something_else_are_refused(made, refused, stage, name):
    if stage == "finetune":
        made.models.unlink()
        made.curve.unlink()
    before = set(made.archive.parent.rglob("*"))
    spoil, expected = ACTIVATIONS[name]
    spoil(made.activations)
    with pytest.raises(InputError) as caught:
        getattr(made, stage)()
    assert expected in refused(caught.value, made.activations)
    assert set(made.archive.parent.rglob("*")) == before


@pytest.mark.parametrize("name", ["other backbone", "other weights", "other archive", "truncated"])
def test_descriptors_of_something_else_are_refused_before_a_training(made, refused, name):
    spoil, expected = ACTIVATIONS[name]
    spoil(made.shelf)
    with pytest.raises(InputError) as caught:
        made.finetune()
    assert expected in refused(caught.value, made.shelf)


def with_facts(**changed: Any) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with safe_open(path, framework="pt") as file:
            facts = file.metadata()
        texts = {key: json.dumps(value) for key, value in changed.items()}
        save_file(load_file(path), path, {**facts, **texts})

    return change


def of_another_network(path: Path) -> None:
    with safe_open(path, framework="pt") as file:
        facts = file.metadata()
    save_file({"0.tail.weight": torch.zeros(2)}, path, facts)


TASK = {"name": "multi_label", "outputs": ["sea", "grass"], "activation": "sigmoid"}

MODELS: dict[str, tuple[Callable[[Path], None], str]] = {
    "truncated": (half, "is damaged or of another backbone"),
    "empty": (lambda path: path.write_bytes(b""), "is damaged or of another backbone"),
    "pickle": (lambda path: torch.save({"0": torch.zeros(1)}, path), "is damaged or of another"),
    "other network": (of_another_network, "is damaged or of another backbone"),
    "other backbone": (with_facts(backbone="vgg16"), "its backbone is vgg16, expected resnet18"),
    "other labeling": (with_facts(labeling="powerset"), "its labeling is powerset, expected multi"),
    "other seed": (with_facts(seed=1), "its seed is 1, expected 0"),
    "other labels": (with_facts(archive_sha256="c" * 64), f"its archive_sha256 is {'c' * 64}, "),
    "other number of labels": (
        with_facts(tasks=[{**TASK, "outputs": ["sea", "grass", "ice"]}]),
        "is damaged or of another backbone",
    ),
    "no tasks": (with_facts(tasks=[1]), "is damaged or of another backbone"),
}


@pytest.mark.parametrize("name", MODELS)
def test_models_of_something_else_are_refused(made, refused, name):
    spoil, expected = MODELS[name]
    spoil(made.models)
    with pytest.raises(InputError) as caught:
        made.reextract()
    message = refused(caught.value, made.models)
    assert expected in message
    assert message.endswith("delete it and run again")
    assert not made.tuned.exists()


def test_good_ones_are_taken(made):
    made.reextract()
    assert made.tuned.is_file()


def test_a_model_describes_another_archive_and_no_third_one(made, refused, tmp_path):
    """The images of the other archive are the same, but one has no label."""
    source, precision = (
        Path(shutil.copy(path, tmp_path)) for path in (made.archive, made.precision)
    )
    made.archive.write_text(made.archive.read_text().replace(",1\n", ",0\n", 1))
    made.extract()
    with pytest.raises(InputError) as caught:
        made.reextract()
    assert "its archive_sha256 is " in refused(caught.value, made.models)
    made.reextract(source=source, precision=precision)
    with h5py.File(made.tuned) as file:
        facts = dict(file.attrs)
    assert facts["archive_sha256"] == sha256(made.archive)
    assert facts["trained_on_sha256"] == sha256(source)
    record = json.loads(precision.read_text())
    precision.write_text(json.dumps(record | {"archive_sha256": "c" * 64}))
    with pytest.raises(InputError) as caught:
        made.reextract(source=source, precision=precision)
    assert "its archive_sha256 is ccc" in refused(caught.value, precision)


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


def evil_weights(path: Path, hacked: Path) -> Path:
    """Write weights with code in them, which torch would run if it were let."""
    file = io.BytesIO()
    torch.save({"weight": torch.zeros(1), "evil": Evil(hacked)}, file)
    file.seek(0)
    torch.load(file, weights_only=False)
    assert hacked.exists()
    hacked.unlink()
    path.write_bytes(file.getvalue())
    return path


@pytest.mark.parametrize("file", ["mine.pth", "mine.pt", "mine.safetensors"])
def test_code_in_weights_is_not_run(tmp_path, refused, file):
    hacked = tmp_path / "hacked"
    path = evil_weights(tmp_path / file, hacked)
    with pytest.raises(InputError) as caught:
        read_state_dict(path)
    assert "not a readable file of tensors" in refused(caught.value, path)
    assert not hacked.exists()


def test_code_in_weights_is_not_run_by_a_run(mine, attempt, assert_refused):
    hacked = mine.path("hacked")
    evil_weights(mine.path("mine.pth"), hacked)
    backbone = {"network": "resnet18", "weights": "mine.pth", "cut": "layer4"}
    mine.configure({"backbones": {"evil": backbone}})
    outcome = attempt(mine, "results/mine/descriptors/evil/off_the_shelf.h5")
    expected = "mine.pth: not a readable file of tensors", "save it again as a state dict"
    made = {path.removeprefix("results/mine/") for path in mine.made()}
    assert made <= {"archive.csv", "attributes.csv", "pixels.json"}  # of a job beside it
    assert_refused(mine, outcome, *expected, made=made)
    assert not hacked.exists()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"path": "mine.p', "is damaged; delete it and run again"),
        ('{"file": "mine.pth"}', "is damaged; delete it and run again"),
        ("[]", "is damaged; delete it and run again"),
    ],
)
def test_a_damaged_record_of_weights_is_refused(tmp_path, refused, content, expected):
    path = tmp_path / "evil.json"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_record(path)
    assert expected in refused(caught.value, path)


def test_weights_that_changed_since_are_refused(tmp_path, refused):
    weights, record = tmp_path / "mine.pth", tmp_path / "record.json"
    weights.write_bytes(b"others")
    write_record(record, WeightFile(str(weights), "somewhere", "0" * 64))
    with pytest.raises(InputError) as caught:
        read_record(record)
    message = refused(caught.value, weights)
    assert f"the weights file has changed; delete {record} and run again" in message


def test_a_model_of_another_cut_is_refused(made: Made) -> None:
    with pytest.raises(InputError, match=r"seed0.safetensors: its cut is None, expected layer3;"):
        made.reextract(cut="layer3")
