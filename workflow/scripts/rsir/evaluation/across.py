"""Tests of pairs of methods in each archive and across archives, with archives as strata."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from rsir.evaluation.methods import NAME, SETTING, Method
from rsir.evaluation.planned import Pair
from rsir.evaluation.tables import read_named
from rsir.metrics.arrays import Floats
from rsir.metrics.scoring import METRICS
from rsir.statistics.heterogeneity import heterogeneity_p
from rsir.statistics.sign_flip_test import cluster_sums
from rsir.statistics.standard_errors import clustered_error, query_error
from rsir.statistics.stratified_flips import stratified_sign_flip_p

Setting = tuple[str, str, int]
"""Values of SETTING."""


@dataclass
class ArchiveScores:
    """The scores of an archive under one condition, at one cutoff, averaged over seeds."""

    archive: str
    methods: dict[Method, Floats]
    """The scores (queries, metrics) of each method."""
    scenes: NDArray[np.str_]
    """(queries,) The scene of each query; empty texts in an archive without scenes."""


@dataclass
class Tests:
    """p values and differences of pairs of methods, by archive and then across archives."""

    differences: Floats
    """(archives + 1, pairs, metrics), NaN in an archive that lacks a method."""
    p: Floats
    """(archives + 1, pairs, metrics), with queries as the unit."""
    scene_p: Floats
    """The same with scenes as the unit; NaN without scenes."""
    heterogeneity: Floats
    """(pairs, metrics)."""
    scene_heterogeneity: Floats
    """(pairs, metrics), with scenes as the unit."""


def read_archive_scores(
    archive: str, paths: Iterable[Path], scenes: Mapping[str, str]
) -> dict[Setting, ArchiveScores]:
    """Read the score files of an archive, one after the other.

    Parameters
    ----------
    archive
        Name of the archive.
    paths
        Files of scores; every seed of a method scores the same queries.
    scenes
        The scene of each image, by image name.
    """
    sums: dict[Setting, dict[Method, list[Floats]]] = {}
    images: dict[Setting, NDArray[np.str_]] = {}
    for path in paths:
        rows = read_named(path, archive)
        for key, of_setting in rows.groupby(SETTING, sort=False):
            setting = cast("Setting", key)
            for name, block in of_setting.groupby(NAME, sort=False):
                method = cast("Method", name)
                for _, of_seed in block.groupby("seed", dropna=False):
                    values = of_seed[list(METRICS)].to_numpy(float)
                    images[setting] = of_seed["image"].to_numpy(str)
                    sums.setdefault(setting, {}).setdefault(method, []).append(values)
    return {
        setting: ArchiveScores(
            archive,
            {method: np.mean(seeds, axis=0) for method, seeds in methods.items()},
            np.array([scenes[image] for image in images[setting]], dtype=str),
        )
        for setting, methods in sums.items()
    }


def common_methods(archives: Sequence[ArchiveScores]) -> list[Method]:
    """Return the methods of any archive, in the order in which they come."""
    return list(dict.fromkeys(method for one in archives for method in one.methods))


def test_pairs(
    archives: Sequence[ArchiveScores], pairs: Sequence[Pair], planned: int, resamples: int
) -> Tests:
    """Test pairs of methods; scenes and heterogeneity only for the first `planned` of them."""
    methods = common_methods(archives)
    numbers = {method: number for number, method in enumerate(methods)}
    chosen = np.array([[numbers[one] for one in pair] for pair in pairs], int).reshape(-1, 2)
    blocks = [_stacked(one, methods) for one in archives]
    shares = [_shares(block) for block in blocks]
    means = np.stack([share.sum(axis=0) for share in shares])
    differences = means[:, chosen[:, 0]] - means[:, chosen[:, 1]]
    with np.errstate(invalid="ignore"):
        mean = np.nansum(differences, axis=0) / (~np.isnan(differences)).sum(axis=0)
    first = chosen[:planned]
    clustered = [_by_scene(share, one.scenes) for share, one in zip(shares, archives, strict=True)]
    undefined = np.full((len(archives) + 1, planned, len(METRICS)), np.nan)
    has_scenes = all(len(set(one.scenes)) >= 2 for one in archives) and planned
    return Tests(
        np.concatenate([differences, mean[None]]),
        stratified_sign_flip_p(shares, chosen, resamples) if len(pairs) else undefined,
        stratified_sign_flip_p(clustered, first, resamples) if has_scenes else undefined,
        _heterogeneity(blocks, first, [np.arange(len(block)).astype(str) for block in blocks]),
        _heterogeneity(blocks, first, [one.scenes for one in archives]),
    )


def _stacked(one: ArchiveScores, methods: Sequence[Method]) -> Floats:
    """Return scores (queries, methods, metrics), NaN for a method that the archive lacks."""
    missing = np.full((len(one.scenes), len(METRICS)), np.nan)
    return np.stack([one.methods.get(method, missing) for method in methods], axis=1)


def _shares(block: Floats) -> Floats:
    """Return what each query contributes to the means of methods.

    A query that has no value for any of the methods that the archive has does not count.
    """
    lacking = [
        number
        for number, of_one in enumerate(block.transpose(1, 0, 2))
        if bool(np.all(np.isnan(of_one)))
    ]
    counted = ~np.any(np.isnan(np.delete(block, lacking, axis=1)), axis=1)  # queries × metrics
    number = counted.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares: Floats = np.divide(np.where(counted[:, np.newaxis], block, 0.0), number)
    shares[:, lacking] = np.nan
    return shares


def _by_scene(shares: Floats, scenes: NDArray[np.str_]) -> Floats:
    lacking = np.isnan(shares).any(axis=0)
    sums, _ = cluster_sums(shares.reshape(len(shares), -1), scenes)
    by_scene = sums.reshape(-1, *shares.shape[1:])
    by_scene[:, lacking] = np.nan
    return by_scene


def _heterogeneity(
    blocks: Sequence[Floats], pairs: NDArray[np.int_], clusters: Sequence[NDArray[np.str_]]
) -> Floats:
    """Return the p values (pairs, metrics) of equal differences in all archives."""
    means, errors, units = [], [], []
    for block, of_query in zip(blocks, clusters, strict=True):
        differences = (block[:, pairs[:, 0]] - block[:, pairs[:, 1]]).reshape(len(block), -1)
        present = ~np.isnan(differences)
        is_own = len(np.unique(of_query)) == len(of_query)
        errors.append(
            query_error(differences) if is_own else clustered_error(differences, of_query)
        )
        with np.errstate(invalid="ignore"):
            means.append(np.where(present, differences, 0).sum(axis=0) / present.sum(axis=0))
        number = (
            present.sum(axis=0) if is_own else np.full(differences.shape[1], len(set(of_query)))
        )
        units.append(number.astype(float))
    p = heterogeneity_p(np.array(means), np.array(errors), np.array(units))
    return p.reshape(len(pairs), len(METRICS))
