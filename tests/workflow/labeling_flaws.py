"""Flaws of `labelings` and of cuts in a configuration, and what is said of them."""

from typing import Any

LABELING_FLAWS: dict[str, tuple[dict[str, Any], tuple[str, str, str]]] = {
    "unknown key of a labeling": (
        {"labelings": {"powerset": {"epochs": 1}}},
        ("labelings.powerset", "'epochs' was unexpected", "README"),
    ),
    "unknown key of a labeling's fine-tuning": (
        {"labelings": {"powerset": {"finetuning": {"epochs": 1}}}},
        ("labelings.powerset.finetuning", "'epochs' was unexpected", "README"),
    ),
    "unknown key of a labeling's stage": (
        {"labelings": {"powerset": {"finetuning": {"tail": {"epoch": 1}}}}},
        ("labelings.powerset.finetuning.tail", "'epoch' was unexpected", "README"),
    ),
    "cut of an unknown network": (
        {"labelings": {"wide": {"kind": "multi_label", "cut": {"resnet5": "layer3"}}}},
        ("labelings.wide.cut", "no network 'resnet5'", "did you mean resnet50?"),
    ),
    "cut of what has no modules": (
        {"labelings": {"wide": {"kind": "multi_label", "cut": {"lbp": "layer3"}}}},
        ("labelings.wide.cut", "no network 'lbp'", "known: vgg16"),
    ),
    "augmentation of activations": (
        {"labelings": {"wide": {"kind": "joint", "cut": "blocks.3", "augmentation": {"crop": 1}}}},
        ("labelings.wide.augmentation", "belongs to cut: start", "set it or remove this"),
    ),
    "backbone without a trunk": (
        {"backbones": {"vgg16": {"cut": "start"}}},
        ("backbones.vgg16.cut", "start is a cut of labelings", "name a module"),
    ),
}
