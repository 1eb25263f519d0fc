"""Simulated scores of methods on archives of different sizes."""

import numpy as np

from rsir.evaluation.across import ArchiveScores
from rsir.metrics.scoring import METRICS

NET = [("net", name, "pool") for name in ("off_the_shelf", "single_label", "multi_label")]
SCENES = 20


def archives(rng, sizes, shifts=(), scene_spread=0.0, methods=NET) -> list[ArchiveScores]:
    """Scores that differ by noise, but for the shift of the last method on each archive.

    With `scene_spread`, the queries of a scene move together. Groups are pairs of scenes.
    """
    made = []
    for number, queries in enumerate(sizes):
        scene = np.arange(queries) % SCENES
        easy = rng.normal(0.6, 0.18, (queries, len(METRICS)))
        scores = {}
        for method in methods:
            together = rng.normal(0, scene_spread, (SCENES, len(METRICS)))[scene]
            scores[method] = easy + together + rng.normal(0, 0.07, (queries, len(METRICS)))
        if shifts:
            scores[methods[-1]] += shifts[number]
        clusters = {"scene": scene.astype(str), "group": (scene // 2).astype(str)}
        made.append(ArchiveScores(f"archive {number}", scores, clusters))
    return made
