from typing import Any

import pytest
import yaml
from config_table import SAME_KEYS, Key, read_keys, render
from descriptor_flaws import DESCRIPTOR_FLAWS
from labeling_flaws import LABELING_FLAWS

from project import ROOT, Project
from rsir.descriptors.ensembles import JOINED
from rsir.evaluation.methods import NATIVE

KEYS = read_keys()
README = ROOT / "config" / "README.md"

# What these stand for when they are left out is said in their meaning.
WITHOUT_DEFAULT = {
    "audit.fail_on",
    *(f"archives.<name>.{key}" for key in ("image_column", "scene_column", "columns")),
    "archives.<name>.label_separator",
    *(f"archives.<name>.{key}" for key in ("bands", "sensor", "nodata")),
    *(f"archives.<name>.rgb{key}" for key in ("", ".bands", ".range", ".percentiles")),
    *(f"backbones.<name>.{key}" for key in ("network", "cut", "end", "size", "bands", "sensor")),
    *(f"backbones.<name>.{key}" for key in ("mean", "std", "range")),
    *("split.file", "split.groups"),
    *("labelings.<name>.cut", "labelings.<name>.noise", "protocol"),
    *("evaluation.contrasts", "evaluation.reference"),
    *(f"descriptors.<name>.{key}" for key in ("from", "concatenate", "weights")),
    *(f"descriptors.<name>.{key}" for key in ("query_expansion", "database_augmentation")),
    "ensembles.<name>.over",
}

MINE = {"kind": "table", "root": "mine", "labels": "mine.csv"}


@pytest.mark.parametrize("config", ["config.yaml", "ucmerced.yaml", "tune.yaml"])
def test_a_config_of_the_project_is_accepted(project: Project, config: str) -> None:
    outcome = project.run("--dry-run", "--cores", "1", "--configfile", f"config/{config}")
    assert outcome.status == 0, outcome.text


def test_every_key_says_what_it_means() -> None:
    assert [key.path for key in KEYS if not key.meaning] == []


def test_every_key_that_may_be_left_out_says_what_then_holds() -> None:
    without = {key.path for key in KEYS if not key.required and "default" not in key.schema}
    assert without == WITHOUT_DEFAULT


def test_a_labeling_overrides_the_keys_of_finetuning() -> None:
    sections = {key.path: key.schema for key in KEYS}
    for own, section in SAME_KEYS.items():
        assert names_in(sections[own]) == names_in(sections[section])


def names_in(schema: dict[str, Any]) -> set[str]:
    return set(schema["properties"])


def test_the_readme_has_the_table_of_the_schema() -> None:
    table = README.read_text(encoding="utf-8").partition("<!-- keys -->")[2]
    table = table.partition("<!-- /keys -->")[0].strip()
    assert table == render(KEYS), "paste what tests/workflow/config_table.py prints"


def test_the_default_config_writes_out_the_defaults_of_the_schema() -> None:
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    written = {}
    for section in ("split", "extraction", "finetuning", "retrieval"):
        written.update(leaves(config[section], section))
    defaults = {key.path: key.schema["default"] for key in KEYS if is_leaf_with_default(key)}
    assert written == {path: defaults[path] for path in written}


def test_all_descriptors_that_are_not_derived_are_searched_by_default() -> None:
    (descriptors,) = (key.schema["default"] for key in KEYS if key.path == "run.descriptors")
    assert descriptors == [*NATIVE, JOINED]


def leaves(section: dict[str, Any], path: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in section.items():
        key = f"{path}.{name}"
        values.update(leaves(value, key) if isinstance(value, dict) else {key: value})
    return values


def is_leaf_with_default(key: Key) -> bool:
    return "default" in key.schema and key.schema.get("type") != "object"


# What is given beside the default config; then what the one line says: the key, the flaw, and
# what to do.
FLAWS: dict[str, tuple[dict[str, Any], tuple[str, str, str]]] = {
    **DESCRIPTOR_FLAWS,
    **LABELING_FLAWS,
    "unknown section": ({"splits": {}}, ("top level", "'splits' was unexpected", "README")),
    "unknown key of a sample": (
        {"archives": {"sample": {"images": 1}}},
        ("archives.sample", "'images' was unexpected", "README"),
    ),
    "unknown key of ucmerced": (
        {"archives": {"ucmerced": {"labels": "labels.csv"}}},
        ("archives.ucmerced", "'labels' was unexpected", "README"),
    ),
    "unknown key of a table": (
        {"archives": {"mine": {**MINE, "download": True}}},
        ("archives.mine", "'download' was unexpected", "README"),
    ),
    "unknown key of a backbone": (
        {"backbones": {"vgg16": {"weigths": "random"}}},
        ("backbones.vgg16", "'weigths' was unexpected", "README"),
    ),
    "weights of a backbone without learning": (
        {"backbones": {"lbp": {"weights": "random"}}},
        ("backbones.lbp", "'weights' was unexpected", "README"),
    ),
    "cut of a backbone without learning": (
        {"backbones": {"bovw_sift": {"cut": "layer4"}}},
        ("backbones.bovw_sift", "'cut' was unexpected", "README"),
    ),
    "network without weights": (
        {"backbones": {"resnet18": {"cut": "layer4"}}},
        ("backbones.resnet18", "'weights' is a required property", "README"),
    ),
    "network of a library without weights": (
        {"backbones": {"resnet18": {"library": "timm"}}},
        ("backbones.resnet18", "'weights' is a required property", "README"),
    ),
    "unknown backbone without learning": (
        {"backbones": {"my_hist": {"library": "handcrafted"}}},
        (
            "backbones.my_hist.network",
            "there is no handcrafted descriptor 'my_hist'",
            "known: color_histogram, lbp, bovw_sift",
        ),
    ),
    "unknown network of a backbone without learning": (
        {"backbones": {"lbp": {"network": "lbq"}}},
        ("backbones.lbp.network", "there is no handcrafted descriptor 'lbq'", "did you mean lbp?"),
    ),
    "library that is none": (
        {"backbones": {"lbp": {"library": "skimage"}}},
        (
            "backbones.lbp.library",
            "'skimage' is not one of",
            "'torchvision', 'timm', 'torchgeo', 'handcrafted', 'file'",
        ),
    ),
    "unknown key of the split": (
        {"split": {"fraction": 0.2}},
        ("split", "'fraction' was unexpected", "README"),
    ),
    "unknown key of the extraction": (
        {"extraction": {"batch_size": 1}},
        ("extraction", "'batch_size' was unexpected", "README"),
    ),
    "unknown key of the fine-tuning": (
        {"finetuning": {"epochs": 1}},
        ("finetuning", "'epochs' was unexpected", "README"),
    ),
    "unknown key of a stage": (
        {"finetuning": {"head": {"epoch": 1}}},
        ("finetuning.head", "'epoch' was unexpected", "README"),
    ),
    "unknown key of the retrieval": (
        {"retrieval": {"cutoff": 20}},
        ("retrieval", "'cutoff' was unexpected", "README"),
    ),
    "unknown key of the run": (
        {"run": {"seed": 0}},
        ("run", "'seed' was unexpected", "README"),
    ),
    "unknown archive in the run": (
        {"run": {"archives": ["samples"]}},
        ("run.archives", "no archive 'samples'", "did you mean sample?"),
    ),
    "unknown backbone in the run": (
        {"run": {"backbones": ["resnet5"]}},
        ("run.backbones", "no backbone 'resnet5'", "did you mean resnet50?"),
    ),
    "unknown labeling in the run": (
        {"run": {"labelings": ["multilabel"]}},
        ("run.labelings", "no labeling 'multilabel'", "did you mean multi_label?"),
    ),
    "unknown labeling that resembles none": (
        {"run": {"labelings": ["xyz"]}},
        (
            "run.labelings",
            "no labeling 'xyz'",
            "known: single_label, multi_label, independent, powerset, off_the_shelf",
        ),
    ),
    "unknown labeling in a contrast": (
        {"evaluation": {"contrasts": [["*/multi_lable/pool", "random"]]}},
        ("evaluation.contrasts.0", "no labeling of the run 'multi_lable'", "multi_label?"),
    ),
    "reference of another run": (
        {"evaluation": {"reference": "vgg16/off_the_shelf/pool"}},
        ("evaluation.reference", "no backbone of the run 'vgg16'", "efficientnet_lite0"),
    ),
    "side of a contrast with two parts": (
        {"evaluation": {"contrasts": [["vgg16/pool", "random"]]}},
        ("evaluation.contrasts.0.0", "'vgg16/pool' does not match", "README"),
    ),
    "kind that is none": (
        {"archives": {"mine": {**MINE, "kind": "csv"}}},
        ("archives.mine.kind", "'csv' is not one of", "'synthetic', 'table', 'folders'"),
    ),
    "missing key": (
        {"archives": {"mine": {"kind": "table", "root": "mine"}}},
        ("archives.mine", "'labels' is a required property", "README"),
    ),
    "text for a number": (
        {"split": {"test_fraction": "much"}},
        ("split.test_fraction", "'much' is not of type 'number'", "README"),
    ),
    "number that YAML takes for text": (
        {"finetuning": {"tail": {"learning_rate": "1e-3"}}},
        ("finetuning.tail.learning_rate", "'1e-3' is not of type 'number'", "as in 1.0e-3"),
    ),
    "number for a list": (
        {"retrieval": {"cutoffs": 20}},
        ("retrieval.cutoffs", "20 is not of type 'array'", "README"),
    ),
    "number out of range": (
        {"finetuning": {"batch_size": 1}},
        ("finetuning.batch_size", "1 is less than the minimum of 2", "README"),
    ),
    "no seeds": ({"run": {"seeds": []}}, ("run.seeds", "[] should be non-empty", "README")),
    "no backbones": (
        {"run": {"backbones": []}},
        ("run.backbones", "[] should be non-empty", "README"),
    ),
    "no cutoffs": (
        {"retrieval": {"cutoffs": []}},
        ("retrieval.cutoffs", "[] should be non-empty", "README"),
    ),
    "one seed twice": (
        {"run": {"seeds": [0, 0]}},
        ("run.seeds", "[0, 0] has non-unique elements", "README"),
    ),
    "name with a slash": (
        {"archives": {"my/own": MINE}},
        ("archives", "'my/own' does not match", "README"),
    ),
    "split by a file that is not given": (
        {"split": {"method": "file"}},
        ("split.file", "split.method: file", "set both or neither"),
    ),
    "file of a split by another method": (
        {"split": {"file": "split.csv"}},
        ("split.file", "split.method: file", "set both or neither"),
    ),
    "missing file of a split": (
        {"split": {"method": "file", "file": "split.csv"}},
        ("split.file", "split.csv does not exist", "put it there or correct the path"),
    ),
    "missing folder of a table": (
        {"archives": {"mine": MINE}, "run": {"archives": ["mine"]}},
        ("archives.mine.root", "mine does not exist", "put it there or correct the path"),
    ),
    "missing label table": (
        {"archives": {"mine": {**MINE, "root": "config"}}, "run": {"archives": ["mine"]}},
        ("archives.mine.labels", "mine.csv does not exist", "put it there or correct the path"),
    ),
    "missing folder of ucmerced": (
        {"archives": {"ucmerced": {"download": False}}, "run": {"archives": ["ucmerced"]}},
        (
            "archives.ucmerced.root",
            "data/ucmerced does not exist",
            "put it there or correct the path",
        ),
    ),
    "missing table of an archive by name": (
        {
            "archives": {"aid": {"kind": "aid", "root": "config"}},
            "run": {"archives": ["aid"]},
        },
        ("archives.aid.root", "config has no multilabel.csv", "get it from the Google Drive"),
    ),
    "archive that cannot be downloaded": (
        {
            "archives": {"aid": {"kind": "aid", "root": "aid", "download": True}},
            "run": {"archives": ["aid"]},
        },
        ("archives.aid.download", "AID, multi-label cannot be downloaded", "put images_tr/<Scene>"),
    ),
    "labels that a version lacks": (
        {"archives": {"ben": {"kind": "bigearthnet", "root": "ben", "labels": 43}}},
        ("archives.ben.version", "1 was expected", "README"),
    ),
    "kind of version 0.1": (
        {"archives": {"sample": {"kind": "sample"}}},
        ("archives.sample.kind", "'sample' is called 'synthetic'", "write kind: synthetic"),
    ),
    "library of version 0.1": (
        {"backbones": {"lbp": {"library": "handmade"}}},
        ("backbones.lbp.library", "'handmade' is called", "write library: handcrafted"),
    ),
    "missing file of weights": (
        {"backbones": {"vgg16": {"weights": "vgg.pth"}}, "run": {"backbones": ["vgg16"]}},
        ("backbones.vgg16.weights", "vgg.pth does not exist", "put it there or correct the path"),
    ),
}


@pytest.mark.parametrize("name", FLAWS)
def test_a_flaw_is_told_in_one_line_and_nothing_is_made(project: Project, name: str) -> None:
    config, (key, flaw, remedy) = FLAWS[name]
    outcome = project.configure(config).make()
    assert outcome.status != 0
    lines = [line for line in outcome.text.splitlines() if line.startswith("config: ")]
    assert len(lines) == 1, outcome.text
    assert lines[0].startswith(f"config: {key}: ")
    assert flaw in lines[0]
    assert remedy in lines[0]
    assert outcome.text.splitlines()[-1] == lines[0]
    assert "Traceback" not in outcome.text
    assert project.made() == set()


def test_the_thesis_sets_its_run_split_and_cutoff_and_nothing_else() -> None:
    thesis = yaml.safe_load((ROOT / "config" / "ucmerced.yaml").read_text(encoding="utf-8"))
    assert set(thesis) == {"run", "split", "retrieval"}
    assert thesis["split"] == {"method": "leading", "test_fraction": 0.2}
    assert thesis["retrieval"] == {"cutoffs": [20], "database": "test"}
