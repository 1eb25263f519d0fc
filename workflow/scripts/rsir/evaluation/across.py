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
from rsir.evaluation.units import CLUSTERS
from rsir.metrics.arrays import Floats
from rsir.metrics.scoring import METRICS
from rsir.statistics.heterogeneity import heterogeneity_p
from rsir.statistics.sign_flip_test import cluster_sums
from rsir.statistics.standard_errors import clustered_error, query_error
from rsir.statistics.stratified_flips import stratified_sign_flip_p

QUERY = ""
"""The unit of the tests that have no prefix."""

Setting = tuple[str, str, int]
"""Values of SETTING."""


@dataclass
class ArchiveScores:
    """The scores of an archive under one condition, at one cutoff, averaged over seeds."""

    archive: str
    methods: dict[Method, Floats]
    """The scores (queries, metrics) of each method."""
    clusters: dict[str, NDArray[np.str_]]
    """(queries,) The cluster of each query, by unit; empty texts in an archive without."""

    @property
    def queries(self) -> int:
        """The number of queries."""
        return len(next(iter(self.methods.values())))


@dataclass
class Tests:
    """p values and differences of pairs of methods, by archive and then across archives."""

    differences: Floats
    """(archives + 1, pairs, metrics), NaN in an archive that lacks a method."""
    p: dict[str, Floats]
    """(archives + 1, pairs, metrics) by unit: QUERY, then CLUSTERS, NaN without clusters."""
    heterogeneity: dict[str, Floats]
    """(pairs, metrics) by unit."""


def read_archive_scores(
    archive: str, paths: Iterable[Path], clusters: Mapping[str, Mapping[str, str]]
) -> dict[Setting, ArchiveScores]:
    """Read the score files of an archive, one after the other.

    Parameters
    ----------
    archive
        Name of the archive.
    paths
        Files of scores; every seed of a method scores the same queries.
    clusters
        The cluster of each image by its name, for each unit of CLUSTERS that exists.
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
            {
                unit: np.array([of_image[image] for image in images[setting]], dtype=str)
                for unit, of_image in clusters.items()
            },
        )
        for setting, methods in sums.items()
    }


def common_methods(archives: Sequence[ArchiveScores]) -> list[Method]:
    """Return the methods of any archive, in the order in which they come."""
    return list(dict.fromkeys(method for one in archives for method in one.methods))


def test_pairs(
    archives: Sequence[ArchiveScores], pairs: Sequence[Pair], planned: int, resamples: int
) -> Tests:
    """Test pairs of methods; clusters and heterogeneity only for the first `planned` of them."""
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
    undefined = np.full((len(archives) + 1, planned, len(METRICS)), np.nan)
    p = {QUERY: stratified_sign_flip_p(shares, chosen, resamples) if len(pairs) else undefined}
    queries = [np.arange(len(block)).astype(str) for block in blocks]
    heterogeneity = {QUERY: _heterogeneity(blocks, first, queries)}
    for unit in CLUSTERS:
        of_archives = [one.clusters.get(unit, np.empty(0, str)) for one in archives]
        p[unit], heterogeneity[unit] = undefined, undefined[0]
        if planned and all(len(set(of_queries)) >= 2 for of_queries in of_archives):
            pairs_of = zip(shares, of_archives, strict=True)
            clustered = [_by_cluster(share, of_queries) for share, of_queries in pairs_of]
            p[unit] = stratified_sign_flip_p(clustered, first, resamples)
            heterogeneity[unit] = _heterogeneity(blocks, first, of_archives)
    return Tests(np.concatenate([differences, mean[None]]), p, heterogeneity)


def _stacked(one: ArchiveScores, methods: Sequence[Method]) -> Floats:
    """Return scores (queries, methods, metrics), NaN for a method that the archive lacks."""
    missing = np.full((one.queries, len(METRICS)), np.nan)
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


def _by_cluster(shares: Floats, clusters: NDArray[np.str_]) -> Floats:
    lacking = np.isnan(shares).any(axis=0)
    sums, _ = cluster_sums(shares.reshape(len(shares), -1), clusters)
    by_cluster = sums.reshape(-1, *shares.shape[1:])
    by_cluster[:, lacking] = np.nan
    return by_cluster


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
