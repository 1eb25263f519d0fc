"""Files of arrays: damaged files and files with other contents.

HDF5 is a C library, so the files are read in a separate process that may crash or hang.
"""

import multiprocessing
import resource
from collections.abc import Callable, Iterator
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from damage import Damage, damaged, damages
from hypothesis import example, given, settings
from hypothesis import strategies as st

from array_examples import IMAGES, POOL, write_descriptors
from rsir.core.hdf5 import array_file, read_attributes, readable
from rsir.descriptors.descriptor_files import open_activations, read_descriptors
from rsir.search.protocol import Search
from rsir.search.ranking_file import read_rankings, read_similarity, write_rankings

Attempt = Callable[..., Any]
ACTIVATION = np.random.default_rng(1).normal(size=(4, 2, 3, 3)).astype(np.float16)
SEARCH = Search(np.array([3, 1]), np.array([2, 1, 0]))
POSITION = np.array([[1, 0, 2], [0, 2, 1]], dtype=np.int32)
SIMILARITY = np.array([[1, 0.5, 0.25], [0.75, 0.5, -1]], dtype=np.float32)
FACTS = {"backbone": "vgg16", "seed": 3}
GIGABYTE = 1 << 30
HEAP = 4096  # bytes of a global heap in HDF5


def write_activations(path: Path) -> None:
    with array_file(path, IMAGES, FACTS) as file:
        file.append("activation", ACTIVATION)


def write_ranking_file(path: Path) -> None:
    write_rankings(
        path, np.array(IMAGES), SEARCH, {"pool": (POSITION, SIMILARITY)}, {"pool": 4}, FACTS
    )


def descriptors_of(path: Path) -> tuple[object, ...]:
    return read_descriptors(path, IMAGES), read_attributes(path)


def activations_of(path: Path) -> tuple[object, ...]:
    with open_activations(path, IMAGES) as (dataset,), readable(path):
        return (dataset[:],)


def rankings_of(path: Path) -> tuple[object, ...]:
    search, positions, attributes = read_rankings(path, np.array(IMAGES))
    similarity = read_similarity(path, "pool", "excluded, kept")
    return search.queries, search.database, positions, similarity, attributes


KINDS: dict[str, tuple[Callable[[Path], None], Callable[[Path], tuple[object, ...]]]] = {
    "descriptors": (write_descriptors, descriptors_of),
    "activations": (write_activations, activations_of),
    "rankings": (write_ranking_file, rankings_of),
}


@pytest.fixture(scope="module")
def reader() -> Iterator[Pool]:
    """A process with limited memory that reads files of arrays."""
    limit = (16 * GIGABYTE, 16 * GIGABYTE)
    context = multiprocessing.get_context("fork")
    with context.Pool(1, resource.setrlimit, (resource.RLIMIT_AS, limit)) as pool:
        yield pool


def read_by(reader: Pool, kind: str, path: Path) -> tuple[object, ...]:
    return reader.apply_async(KINDS[kind][1], (path,)).get(timeout=60)


@pytest.fixture(scope="module")
def contents(folder: Path) -> dict[str, bytes]:
    files = {}
    for kind, (write, _) in KINDS.items():
        write(folder / f"{kind}.h5")
        files[kind] = (folder / f"{kind}.h5").read_bytes()
    return files


def keeps_heaps(content: bytes, damaged_content: bytes) -> bool:
    """Return whether all global heaps are intact: HDF5 may read a damaged one forever."""
    starts = [start for start in range(len(content)) if content.startswith(b"GCOL", start)]
    return all(
        damaged_content[start : start + HEAP] == content[start : start + HEAP]
        or damaged_content[start : start + 4] != b"GCOL"
        for start in starts
    )


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=100, derandomize=True)
@given(damages, st.sampled_from([*KINDS]))
def test_a_damaged_file_of_arrays_is_refused_or_read_unchanged(
    folder: Path,
    contents: dict[str, bytes],
    reader: Pool,
    attempt: Attempt,
    kind: str,
    damage: Damage,
    other: str,
) -> None:
    damaged_content = damaged(contents[kind], damage, contents[other])
    if not keeps_heaps(contents[kind], damaged_content):
        return
    path = folder / "damaged.h5"
    path.write_bytes(damaged_content)
    arrays = attempt(f"{path}: ", read_by, reader, kind, path)
    if arrays is not None:
        np.testing.assert_equal(arrays, KINDS[kind][1](folder / f"{kind}.h5"))


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bits_of_the_structure_do_not_change_the_arrays(
    folder: Path, contents: dict[str, bytes], reader: Pool, attempt: Attempt, kind: str
) -> None:
    path = folder / "flipped.h5"
    expected = KINDS[kind][1](folder / f"{kind}.h5")
    nonzero = [start for start, byte in enumerate(contents[kind]) if byte]
    for start in nonzero[:: len(nonzero) // 100]:
        damaged_content = damaged(
            contents[kind], [("flip", (start + 0.5) / len(contents[kind]), 1, b"\0")], b""
        )
        if keeps_heaps(contents[kind], damaged_content):
            path.write_bytes(damaged_content)
            arrays = attempt(f"{path}: ", read_by, reader, kind, path)
            if arrays is not None:
                np.testing.assert_equal(arrays, expected)


Item = Callable[[h5py.Group, str], object]
ITEMS: dict[str, Item] = {
    "none": lambda _, __: None,
    "group": lambda group, name: group.create_group(name),
    "number": lambda group, name: group.create_dataset(name, data=1.5),
    "text": lambda group, name: group.create_dataset(name, data="001"),
    "texts": lambda group, name: group.create_dataset(name, data=IMAGES),
    "bytes": lambda group, name: group.create_dataset(name, data=[b"a", b"\xff"]),
    "nothing": lambda group, name: group.create_dataset(name, data=h5py.Empty("f4")),
    "no rows": lambda group, name: group.create_dataset(name, (0, 7), np.float32),
    "floats": lambda group, name: group.create_dataset(name, data=POOL),
    "doubles": lambda group, name: group.create_dataset(name, data=POOL.astype(np.float64)),
    "halves": lambda group, name: group.create_dataset(name, data=ACTIVATION),
    "positions": lambda group, name: group.create_dataset(name, data=POSITION),
    "compound": lambda group, name: group.create_dataset(name, (4, 2), "f4,i4"),
    "type": lambda group, name: group.__setitem__(name, np.dtype("f4")),
    "huge": lambda group, name: group.create_dataset(name, (4, 1 << 40), "f4", chunks=(1, 8)),
}
items = st.sampled_from([*ITEMS])


def make(group: h5py.Group, tree: dict[str, str]) -> None:
    for name, item in tree.items():
        ITEMS[item](group, name)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(items, items, items)
@example("group", "floats", "none")
@example("text", "floats", "none")
@example("floats", "floats", "none")
@example("texts", "huge", "none")
def test_other_files_are_not_read_as_descriptors_or_activations(
    folder: Path, reader: Pool, attempt: Attempt, images: str, array: str, activation: str
) -> None:
    path = folder / "tree.h5"
    with h5py.File(path, "w") as file:
        make(file, {"image": images, "pool": array, "activation": activation})
    arrays = attempt(f"{path}: ", read_by, reader, "descriptors", path)
    items_by_name = {"pool": array, "activation": activation}
    present = {name for name, item in items_by_name.items() if item != "none"}
    if images == "texts" and all(items_by_name[name] == "floats" for name in present):
        assert set(arrays[0]) == present
        np.testing.assert_equal([*arrays[0].values()], [POOL] * len(present))
    else:
        assert arrays is None
    arrays = attempt(f"{path}: ", read_by, reader, "activations", path)
    assert (arrays is not None) == (images == "texts" and activation == "halves")


@settings(deadline=None, max_examples=100, derandomize=True)
@given(items, items, st.sampled_from(["descriptors", "other"]), items, items)
@example("group", "texts", "descriptors", "positions", "floats")
@example("texts", "texts", "descriptors", "floats", "floats")
@example("texts", "texts", "descriptors", "huge", "floats")
def test_other_files_are_not_read_as_rankings(
    folder: Path,
    reader: Pool,
    attempt: Attempt,
    query: str,
    database: str,
    group: str,
    position: str,
    similarity: str,
) -> None:
    path = folder / "ranked.h5"
    with h5py.File(path, "w") as file:
        make(file, {"query": query, "database": database})
        make(file.create_group(f"{group}/pool"), {"position": position, "similarity": similarity})
    assert attempt(f"{path}: ", read_by, reader, "rankings", path) is None


@settings(deadline=None, max_examples=100, derandomize=True)
@given(
    st.lists(st.integers(-1, 3), min_size=0, max_size=9),
    st.integers(0, 3),
    st.sampled_from(["i4", "i8", "u1", "f4", "?"]),
)
@example([3, 0, 1, 2], 2, "i4")
@example([-1, 0, 1, 2], 2, "i4")
@example([0, 1, 2, 0, 1, 2, 0, 1, 2], 3, "i4")
def test_rankings_are_database_positions_with_a_row_per_query(
    folder: Path, attempt: Attempt, positions: list[int], rows: int, kind: str
) -> None:
    path = folder / "positions.h5"
    write_ranking_file(path)
    depth = len(positions) // rows if rows else 0
    position = np.array(positions[: rows * depth]).reshape(rows, depth).astype(kind)
    with h5py.File(path, "r+") as file:
        del file["descriptors/pool/position"]
        file["descriptors/pool/position"] = position
    arrays = attempt(f"{path}: ", read_rankings, path, np.array(IMAGES))
    fits = rows == 2 and depth <= 3 and kind == "i4" and set(position.flat) <= {0, 1, 2}
    assert (arrays is not None) == fits
    if fits:
        np.testing.assert_array_equal(arrays[1]["pool"], position)
