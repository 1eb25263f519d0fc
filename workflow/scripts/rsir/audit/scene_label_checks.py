"""Findings on labels by scene: those that its name promises, and those of all but a few images."""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from rsir.archives.archive_table import label_matrix, label_names
from rsir.audit.finding import Finding, Severity, count, share, single_cases
from rsir.audit.thresholds import MOSTLY, OTHER_SCENE, SCENE_FEW, SCENE_IMAGES, SOME

_SHORTEST = 4
"""Letters of a label that may be the end of a scene's name written as one word."""


def promised_labels(archive: pd.DataFrame) -> Iterator[Finding]:
    """Yield labels that are missing on images of the scene that is named like them.

    A finding of a label that only ends the name of a scene (`tanks` of `storage_tank`) is less
    severe than one of the same name, and left out if the label is on nearly all images of another
    scene (`field` of `farmland`, not of `baseball_field`).
    """
    names, labels, scenes = (
        label_names(archive),
        label_matrix(archive),
        archive["scene"].to_numpy(str),
    )
    for scene, (label, is_whole_name) in promises(_distinct(scenes), names).items():
        of_scene, has_label = scenes == scene, labels[:, names.index(label)]
        rows = np.flatnonzero(of_scene & ~has_label)
        total = int(of_scene.sum())
        shares = pd.Series(has_label[~of_scene]).groupby(scenes[~of_scene]).mean()
        if len(rows) and (is_whole_name or not (shares > OTHER_SCENE).any()):
            relation = "of the same name" if is_whole_name else "whose name it ends"
            yield Finding(
                kind="label missing on its scene",
                severity=_severity(len(rows) / total, is_whole_name),
                what=f"The label {label!r} is missing on {len(rows):,} of "
                f"{count(total, 'image')} ({share(len(rows), total)}) of the scene {scene!r}, "
                f"{relation}.",
                why="If the label means what the scene means, retrieval of these images is counted "
                "as wrong where it is right, and a network is trained not to see it.",
                advice="Look at the images; get another copy of the label table, or correct it.",
                cases=single_cases(rows, [f"no {label!r}"] * len(rows)),
            )


def nearly_constant_labels(archive: pd.DataFrame) -> Iterator[Finding]:
    """Yield images that lack a label which all other images of their scene have, but a few."""
    names, labels, scenes = (
        label_names(archive),
        label_matrix(archive),
        archive["scene"].to_numpy(str),
    )
    promised = promises(_distinct(scenes), names)
    remarks: dict[int, list[str]] = {}
    for scene in _distinct(scenes):
        of_scene = np.flatnonzero(scenes == scene)
        if len(of_scene) < SCENE_IMAGES:
            continue
        lacking = len(of_scene) - labels[of_scene].sum(axis=0)
        few = (lacking > 0) & (lacking <= max(1, SCENE_FEW * len(of_scene)))
        for column in np.flatnonzero(few):
            if promised.get(scene, ("", False))[0] != names[column]:
                found = of_scene[~labels[of_scene, column]]
                remark = f"no {names[column]!r}, as {len(found)} of {len(of_scene)} of {scene!r}"
                for row in found.tolist():
                    remarks.setdefault(row, []).append(remark)
    if remarks:
        yield Finding(
            kind="images that lack a label of their scene",
            severity="note",
            what=f"{count(len(remarks), 'image')} without a label that at least "
            f"{1 - SCENE_FEW:.0%} of the images of their scene have, or all but one.",
            why="Such images are rare views of their scene, or the label was forgotten.",
            advice="Compare the labels with the pictures.",
            cases=single_cases(remarks, map("; ".join, remarks.values())),
        )


def promises(scenes: list[str], labels: list[str]) -> dict[str, tuple[str, bool]]:
    """Return for each scene the label that its name promises, and whether it is its whole name.

    Names are compared in lower case, without plural endings, hyphens, underscores and spaces. A
    label that is the whole name of a scene is no part of another one's.
    """
    keys = {label: "".join(words(label)) for label in labels}
    whole = {"".join(words(scene)): scene for scene in scenes}
    found: dict[str, tuple[str, bool]] = {}
    for label, key in keys.items():
        if key in whole:
            found.setdefault(whole[key], (label, True))
    ends = sorted((key, label) for label, key in keys.items() if key not in whole)
    for scene in scenes:
        if scene and scene not in found:
            fitting = [(len(key), label) for key, label in ends if _ends(words(scene), key)]
            if fitting:
                found[scene] = (max(fitting)[1], False)
    return found


def words(name: str) -> list[str]:
    """Return the words of a name in lower case and singular: `StorageTanks` is storage, tank."""
    parts = re.findall(r"[^\W\d_]+|\d+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    return [_singular(part.lower()) for part in parts]


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > _SHORTEST:
        return word[:-3] + "y"
    if re.search("(s|x|ch|sh)es$", word):
        return word[:-2]
    return re.sub("(?<=[^siu])s$", "", word)


def _ends(parts: list[str], key: str) -> bool:
    """Return whether the last words of a name, or the end of its only word, are a label's."""
    if len(parts) == 1:
        return len(key) >= _SHORTEST and parts[0].endswith(key)
    return any("".join(parts[start:]) == key for start in range(1, len(parts)))


def _severity(missing: float, is_whole_name: bool) -> Severity:
    if missing > MOSTLY:
        return "severe" if is_whole_name else "warning"
    return "warning" if missing > SOME and is_whole_name else "note"


def _distinct(scenes: np.ndarray) -> list[str]:
    return [str(scene) for scene in np.unique(scenes) if scene]
