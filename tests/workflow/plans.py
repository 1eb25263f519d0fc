"""What the tests of plans share: rules, targets, and the jobs of common targets."""

import re

import yaml

from project import ROOT, Project

RULE_FILES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
RULES = {
    name: body
    for file in RULE_FILES
    for name, body in re.findall(
        r"^rule (\w+):\n((?:    .*\n|\n)+)", file.read_text(encoding="utf-8"), re.M
    )
}

SCORES = "results/{}/scores/{}/{}.csv"

TRAINED = {
    "synthetic": 1,
    "archive": 1,
    "duplicates": 1,
    "split": 1,
    "weights": 1,
    "extract": 1,
    "finetune": 1,
    "reextract": 1,
    "retrieve": 1,
    "score": 1,
}

DESCRIBED = {
    "synthetic": 1,
    "archive": 1,
    "duplicates": 1,
    "split": 1,
    "describe": 1,
    "retrieve": 1,
    "score": 1,
}

COMPARED = {
    "bounds": 1,
    "compare": 1,
    "contrasts": 1,
    "gain": 1,
    "by_scene": 1,
    "by_label": 1,
    "summary": 1,
    "overview": 1,
    "plot_comparison": 1,
    "plot_cutoffs": 1,
    "plot_contrasts": 1,
    "plot_scenes": 1,
    "plot_learning": 1,
    "plot_maps": 1,
    "thumbnails": 1,
    "gallery": 1,
    "audit": 1,
    "all": 1,
}

PHOTO = {
    "queries": {"readme": "config/README.md"},
    "backbones": {"elsewhere": {"library": "file", "path": "config/README.md"}},
    "ensembles": {"seeds": {"members": ["efficientnet_lite0/multi_label/output"], "over": "seeds"}},
}

EXPORT = "results/sample/export/efficientnet_lite0/multi_label-seed0.parquet"
IMPORT = "results/sample/descriptors/elsewhere/off_the_shelf.h5"
DERIVED = "results/sample/descriptors/efficientnet_lite0/off_the_shelf+whitened.h5"
STUDY = {
    "archives": {"other": {"kind": "synthetic"}},
    "labelings": {
        "noisy": {"kind": "multi_label", "noise": {"rate": 0.1}},
        "wide": {"kind": "multi_label", "cut": "blocks.5"},
    },
    "protocol": "single_label",
    "retrieval": {"cutoffs": [5]},  # the default, which a protocol may set
    "run": {"labelings": ["multi_label", "noisy", "wide"]},
}
STUDIED = (
    "results/sample/tables/published.csv",
    "results/sample/tables/label_transfer.csv",
    "results/sample/figures/noise.png",
    "results/across/sample-in-other/scores/efficientnet_lite0/off_the_shelf.csv",
)
ENSEMBLE = "results/sample/descriptors/seeds/ensemble.h5"
PASSED = "results/sample/audit_passed.txt"
ANSWER = "results/sample/queries/readme/efficientnet_lite0/multi_label-seed0.html"


def thesis_config(project: Project) -> dict[str, dict[str, list[str] | list[int]]]:
    config: dict[str, dict[str, list[str] | list[int]]] = yaml.safe_load(
        project.path("config/ucmerced.yaml").read_text(encoding="utf-8")
    )
    return config
