"""Splits that keep groups of images, or blocks of places on Earth, in one subset."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rsir.archives.attributes import places
from rsir.archives.duplicates_table import duplicate_groups
from rsir.core.errors import InputError, first_few

LARGE, LARGE_IMAGES = 0.01, 10
"""Share of the archive, and number of images, above which a group of duplicates is a chain."""

KM_PER_DEGREE = 111.2


def image_groups(
    count: int,
    pairs: NDArray[np.int_] | None,
    attributes: pd.DataFrame | None,
    column: str | None,
    block_km: float | None,
) -> NDArray[np.int_] | None:
    """Return the group of each image that a split keeps in one subset, (N,), None without groups.

    Parameters
    ----------
    count
        The number of images N.
    pairs
        (P, 2) rows of duplicates, or None where they are not kept together.
    attributes
        The attributes of the N images, or None where the split uses none.
    column
        An attribute whose values are groups.
    block_km
        Side of the blocks of places that are groups.

    Raises
    ------
    InputError
        If there is no such attribute, or if an image has no place.
    """
    keys = []
    if pairs is not None:
        keys.append(duplicate_groups(pairs, count) - 1)
    if attributes is not None and column:
        keys.append(attribute_groups(attributes, column))
    if attributes is not None and block_km:
        keys.append(block_groups(attributes, block_km))
    return joined_groups(*keys) if keys else None


def joined_groups(*keys: NDArray[np.int_]) -> NDArray[np.int_]:
    """Return the connected components of images, (N,), that have a key in common.

    Each key is (N,), with a number per group and -1 for images of none.
    """
    count = len(keys[0])
    rows, nodes, offset = [np.empty(0, int)], [np.empty(0, int)], count
    for key in keys:
        grouped = np.flatnonzero(key >= 0)
        rows.append(grouped)
        nodes.append(key[grouped] + offset)
        offset += int(key.max(initial=-1)) + 1
    ends = np.concatenate(rows), np.concatenate(nodes)
    graph = coo_array((np.ones(len(ends[0])), ends), shape=(offset, offset))
    return np.asarray(connected_components(graph, directed=False)[1][:count], dtype=int)


def attribute_groups(attributes: pd.DataFrame, column: str) -> NDArray[np.int_]:
    """Return the group of each image, (N,), as an attribute states it; -1 where it is empty.

    Raises
    ------
    InputError
        If there is no such attribute.
    """
    if column not in attributes:
        others = [str(name) for name in attributes if name != "image"]
        raise InputError(
            f"split.groups: the archive has no attribute {column!r}, only {first_few(others)}; "
            "name a column of attributes.csv"
        )
    codes, _ = pd.factorize(attributes[column].replace("", None))
    return np.asarray(codes, dtype=int)


def block_groups(attributes: pd.DataFrame, size_km: float) -> NDArray[np.int_]:
    """Return the block of each image, (N,): cells of a grid of `size_km` in both directions.

    Raises
    ------
    InputError
        If an image has no place on Earth.
    """
    place = places(attributes)
    unknown = attributes["image"][np.isnan(place[:, 0])]
    if len(unknown):
        raise InputError(
            f"split.method: blocks: {len(unknown)} of {len(place)} images have no place on Earth, "
            f"first {first_few(unknown)}; give each a longitude and latitude, or choose another "
            "method"
        )
    row = np.floor(place[:, 1] * KM_PER_DEGREE / size_km)
    middle = np.radians((row + 0.5) * size_km / KM_PER_DEGREE)
    column = np.floor(place[:, 0] * KM_PER_DEGREE * np.cos(middle) / size_km)
    return np.unique(np.stack([row, column]), axis=1, return_inverse=True)[1].ravel()


def divide_groups(
    strata: NDArray[np.bool_], groups: NDArray[np.int_], fractions: Mapping[str, float], seed: int
) -> NDArray[np.str_]:
    """Assign whole groups to subsets, in random order from the largest to the smallest.

    Each group goes to the subset that is then closest to its share of the images and of the images
    of each stratum, in the sum of squared relative differences.

    Parameters
    ----------
    strata
        Labels or scenes of the images, bool (N, S).
    groups
        The group of each image, (N,), from 0.
    fractions
        The shares of `test` and `validation`; the rest is for training.
    seed
        Seed of the order of groups of one size.
    """
    wanted = {"train": 1 - sum(fractions.values()), **fractions}
    names = [name for name, fraction in wanted.items() if fraction > 0]
    shares = np.array([wanted[name] for name in names])
    features = np.column_stack([np.ones(len(strata)), strata])
    totals = np.zeros((groups.max() + 1, features.shape[1]))
    np.add.at(totals, groups, features)
    whole = totals.sum(axis=0)
    totals = totals[:, whole > 0] / whole[whole > 0]
    totals[:, 0] *= np.sqrt(totals.shape[1])  # the size weighs as much as all strata together
    goal = shares[:, None] * totals.sum(axis=0)
    filled = np.zeros_like(goal)
    order = np.random.default_rng(seed).permutation(len(totals))
    order = order[np.argsort(-totals[order, 0], kind="stable")]
    chosen = np.empty(len(totals), int)
    for group in order:
        lacking = (goal - filled) / shares[:, None]
        gain = (2 * lacking - totals[group] / shares[:, None]) @ totals[group]
        chosen[group] = gain.argmax()
        filled[chosen[group]] += totals[group]
    return np.array(names)[chosen[groups]]


def divided_groups(groups: NDArray[np.int_], subset: NDArray[np.str_]) -> list[str]:
    """Return a warning if a group is in several subsets."""
    table = pd.DataFrame({"group": groups, "subset": subset})
    divided = int((table.drop_duplicates()["group"].value_counts() > 1).sum())
    if divided == 0:
        return []
    return [
        f"split: {divided} group{'s' if divided > 1 else ''} of images in several subsets; a score "
        "then measures partly whether an image is found that was trained on"
    ]


def chains_of_duplicates(groups: NDArray[np.int_]) -> list[str]:
    """Return a warning if a group, which joins duplicates, is large."""
    largest = int(np.bincount(groups).max())
    if largest <= max(LARGE_IMAGES, LARGE * len(groups)):
        return []
    return [
        f"split: a group of duplicates holds {largest} of {len(groups)} images, more than "
        f"{LARGE:.0%}, since chains of overlapping images join what is not alike; see "
        "duplicates.csv, and split by place or by a column instead"
    ]
