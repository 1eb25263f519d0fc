"""Flaws of `descriptors` and `ensembles` in a configuration, and what is said of them."""

from typing import Any

DESCRIPTOR_FLAWS: dict[str, tuple[dict[str, Any], tuple[str, str, str]]] = {
    "unknown descriptor in the run": (
        {"run": {"descriptors": ["pol"]}},
        ("run.descriptors", "no descriptor 'pol'", "did you mean pool?"),
    ),
    "unknown source of a descriptor": (
        {"descriptors": {"own": {"from": "outptu"}}},
        ("descriptors.own", "no descriptor 'outptu'", "did you mean output?"),
    ),
    "descriptor without a source": (
        {"descriptors": {"own": {"steps": []}}},
        ("descriptors.own", "needs either from or concatenate", "set one of them"),
    ),
    "descriptors that are derived from each other": (
        {"descriptors": {"one": {"from": "two"}, "two": {"from": "one"}}},
        ("descriptors.one", "is derived from itself", "name another descriptor"),
    ),
    "derived descriptor with the name of a given one": (
        {"descriptors": {"pool": {"from": "output"}}},
        ("descriptors.pool", "is what a network gives", "choose another name"),
    ),
    "weights that are too few": (
        {"descriptors": {"own": {"concatenate": ["pool", "output"], "weights": [1]}}},
        ("descriptors.own.weights", "not one for each descriptor", "state one for each"),
    ),
    "soft Jaccard index of what is no probability": (
        {"descriptors": {"own": {"from": "pool", "similarity": "soft_jaccard"}}},
        ("descriptors.own.similarity", "probabilities of labels", "set from: output, and no steps"),
    ),
    "unknown member of an ensemble": (
        {"ensembles": {"own": {"members": ["vgg16/multi_lable/output"], "over": "seeds"}}},
        ("ensembles.own.members", "no labeling 'multi_lable'", "did you mean multi_label?"),
    ),
    "ensemble of one": (
        {"ensembles": {"own": {"members": ["vgg16/multi_label/output"]}}},
        ("ensembles.own.members", "one alone", "name another, or set over: seeds"),
    ),
}
