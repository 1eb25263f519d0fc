"""Files of arrays, models and unfinished trainings: good ones damaged, and ones that are no such.

HDF5 is a library of C, so what reads it does so in a process of its own, which may end or hang.
"""

import json
import multiprocessing
import resource
from collections.abc import Callable, Iterator
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import fx, nn

from rsir.core.hdf5 import array_file, read_attributes, readable
from rsir.descriptors.descriptor_files import open_activations, read_descriptors
from rsir.search.protocol import Search
from rsir.search.ranking_file import read_rankings, read_similarity, write_rankings
from rsir.training.models import Head, TaskModel, load_models, read_metadata, save_models
from rsir.training.resumption import Resumption

Attempt = Callable[..., Any]

IMAGES = ["zürich", "a b", "c", "001"]
POOL = np.random.default_rng(0).normal(size=(4, 7)).astype(np.float32)
OUTPUT = np.eye(4, 3, dtype=np.float32)
ACTIVATION = np.random.default_rng(1).normal(size=(4, 2, 3, 3)).astype(np.float16)
SEARCH = Search(np.array([3, 1]), np.array([2, 1, 0]))
POSITION = np.array([[1, 0, 2], [0, 2, 1]], dtype=np.int32)
SIMILARITY = np.array([[1, 0.5, 0.25], [0.75, 0.5, -1]], dtype=np.float32)
FACTS = {"backbone": "vgg16", "seed": 3}

GIGABYTE = 1 << 30
HEAP = 4096  # bytes of what HDF5 calls a global heap


def write_descriptors(path: Path) -> None:
    with array_file(path, IMAGES, FACTS) as file:
        for rows in (slice(0, 3), slice(3, 4)):
            file.append("pool", POOL[rows])
            file.append("output", OUTPUT[rows])


def write_activations(path: Path) -> None:
    with array_file(path, IMAGES, FACTS) as file:
        file.append("activation", ACTIVATION)


def write_ranked(path: Path) -> None:
    write_rankings(path, np.array(IMAGES), SEARCH, {"pool": (POSITION, SIMILARITY)}, FACTS)


def descriptors_of(path: Path) -> tuple[object, ...]:
    return read_descriptors(path, IMAGES), read_attributes(path)


def activations_of(path: Path) -> tuple[object, ...]:
    with open_activations(path, IMAGES) as dataset, readable(path):
        return (dataset[:],)


def rankings_of(path: Path) -> tuple[object, ...]:
    search, positions, attributes = read_rankings(path, np.array(IMAGES))
    similarity = read_similarity(path, "pool")
    return search.queries, search.database, positions, similarity, attributes


KINDS: dict[str, tuple[Callable[[Path], None], Callable[[Path], tuple[object, ...]]]] = {
    "descriptors": (write_descriptors, descriptors_of),
    "activations": (write_activations, activations_of),
    "rankings": (write_ranked, rankings_of),
}


@pytest.fixture(scope="module")
def reader() -> Iterator[Pool]:
    """A process with little memory that reads files of arrays."""
    limit = (16 * GIGABYTE, 16 * GIGABYTE)
    context = multiprocessing.get_context("fork")
    with context.Pool(1, resource.setrlimit, (resource.RLIMIT_AS, limit)) as pool:
        yield pool


def read_by(reader: Pool, kind: str, path: Path) -> tuple[object, ...]:
    return reader.apply_async(KINDS[kind][1], (path,)).get(timeout=60)


@pytest.fixture(scope="module")
def good(folder: Path) -> dict[str, bytes]:
    contents = {}
    for kind, (write, _) in KINDS.items():
        write(folder / f"{kind}.h5")
        contents[kind] = (folder / f"{kind}.h5").read_bytes()
    return contents


Damage = list[tuple[str, float, int, bytes]]
damages: st.SearchStrategy[Damage] = st.lists(
    st.tuples(
        st.sampled_from(["flip", "flip", "flip", "overwrite", "splice", "cut", "add", "truncate"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 7),
        st.binary(min_size=1, max_size=8) | st.sampled_from([b"\0" * 64, b"\xff" * 4]),
    ),
    min_size=1,
    max_size=4,
)


def damaged(content: bytes, damage: Damage, other: bytes) -> bytes:
    """Change a few places of a file, each told by its share of the length."""
    for kind, share, bit, by in damage:
        place = int(share * len(content))
        through = place + len(by)
        before, there, after = content[:place], content[place:through], content[through:]
        content = {
            "flip": before + bytes([b ^ 1 << bit for b in there[:1]]) + there[1:] + after,
            "overwrite": before + by[: len(there)] + after,
            "splice": before + other[place:through] + after,
            "cut": before + after,
            "add": before + by + there + after,
            "truncate": before,
        }[kind]
    return content


def spares_heaps(content: bytes, spoilt: bytes) -> bool:
    """Tell whether all global heaps are whole: HDF5 may read a damaged one for ever."""
    starts = [place for place in range(len(content)) if content.startswith(b"GCOL", place)]
    return all(
        spoilt[place : place + HEAP] == content[place : place + HEAP]
        or spoilt[place : place + 4] != b"GCOL"
        for place in starts
    )


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=100, derandomize=True)
@given(damages, st.sampled_from([*KINDS]))
def test_a_damaged_file_of_arrays_is_refused_or_read_as_it_was(
    folder: Path,
    good: dict[str, bytes],
    reader: Pool,
    attempt: Attempt,
    kind: str,
    damage: Damage,
    other: str,
) -> None:
    spoilt = damaged(good[kind], damage, good[other])
    if not spares_heaps(good[kind], spoilt):
        return
    path = folder / "damaged.h5"
    path.write_bytes(spoilt)
    found = attempt(f"{path}: ", read_by, reader, kind, path)
    if found is not None:
        np.testing.assert_equal(found, KINDS[kind][1](folder / f"{kind}.h5"))


@pytest.mark.parametrize("kind", KINDS)
def test_no_bit_of_the_structure_can_flip_unseen(
    folder: Path, good: dict[str, bytes], reader: Pool, attempt: Attempt, kind: str
) -> None:
    path = folder / "flipped.h5"
    expected = KINDS[kind][1](folder / f"{kind}.h5")
    used = [place for place, byte in enumerate(good[kind]) if byte]
    for place in used[:: len(used) // 100]:
        spoilt = damaged(good[kind], [("flip", (place + 0.5) / len(good[kind]), 1, b"\0")], b"")
        if spares_heaps(good[kind], spoilt):
            path.write_bytes(spoilt)
            found = attempt(f"{path}: ", read_by, reader, kind, path)
            if found is not None:
                np.testing.assert_equal(found, expected)


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
    "places": lambda group, name: group.create_dataset(name, data=POSITION),
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
def test_what_is_no_file_of_descriptors_or_activations_is_refused(
    folder: Path, reader: Pool, attempt: Attempt, images: str, array: str, activation: str
) -> None:
    path = folder / "tree.h5"
    with h5py.File(path, "w") as file:
        make(file, {"image": images, "pool": array, "activation": activation})
    found = attempt(f"{path}: ", read_by, reader, "descriptors", path)
    named = {"pool": array, "activation": activation}
    present = {name for name, item in named.items() if item != "none"}
    if images == "texts" and all(named[name] == "floats" for name in present):
        assert set(found[0]) == present
        np.testing.assert_equal([*found[0].values()], [POOL] * len(present))
    else:
        assert found is None
    found = attempt(f"{path}: ", read_by, reader, "activations", path)
    assert (found is not None) == (images == "texts" and activation == "halves")


@settings(deadline=None, max_examples=100, derandomize=True)
@given(items, items, st.sampled_from(["descriptors", "other"]), items, items)
@example("group", "texts", "descriptors", "places", "floats")
@example("texts", "texts", "descriptors", "floats", "floats")
@example("texts", "texts", "descriptors", "huge", "floats")
def test_what_is_no_file_of_rankings_is_refused(
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
def test_rankings_are_places_in_what_is_searched_a_row_for_each_query(
    folder: Path, attempt: Attempt, places: list[int], rows: int, kind: str
) -> None:
    path = folder / "places.h5"
    write_ranked(path)
    depth = len(places) // rows if rows else 0
    position = np.array(places[: rows * depth]).reshape(rows, depth).astype(kind)
    with h5py.File(path, "r+") as file:
        del file["descriptors/pool/position"]
        file["descriptors/pool/position"] = position
    found = attempt(f"{path}: ", read_rankings, path, np.array(IMAGES))
    fits = rows == 2 and depth <= 3 and kind == "i4" and set(position.flat) <= {0, 1, 2}
    assert (found is not None) == fits
    if fits:
        np.testing.assert_array_equal(found[1]["pool"], position)


# Models.


def tail() -> fx.GraphModule:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3))
        return fx.symbolic_trace(network)


def sizes(module: nn.Module) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in module.state_dict().items()}


TAIL = tail()
TASKS = [
    {"name": "scenes", "outputs": ["port", "farm"], "activation": "softmax"},
    {"name": "sea", "outputs": ["sea"], "activation": "sigmoid"},
]


@pytest.fixture(scope="module")
def models(folder: Path) -> Path:
    path = folder / "models.safetensors"
    made = [TaskModel(**task, tail=tail(), head=Head(3, len(task["outputs"]))) for task in TASKS]
    save_models(path, made, FACTS)
    return path


def check_models(models: list[TaskModel]) -> None:
    for model in models:
        assert model.activation in ("softmax", "sigmoid")
        assert sizes(model.tail) == sizes(TAIL)
        assert sizes(model.head) == sizes(Head(3, len(model.outputs)))
        assert not any(part.training for part in (*model.tail.modules(), *model.head.modules()))
        pooled, output = model.describe(model.tail(torch.ones(1, 2, 4, 4)))
        assert pooled.shape == (1, 3)
        assert output.shape == (1, len(model.outputs))


def load(path: Path) -> list[TaskModel]:
    return list(load_models(path, TAIL, 3))


@settings(deadline=None, max_examples=100, derandomize=True)
@given(damages)
def test_damaged_models_are_refused_or_fit_their_backbone(
    folder: Path, models: Path, attempt: Attempt, damage: Damage
) -> None:
    path = folder / "damaged.safetensors"
    path.write_bytes(damaged(models.read_bytes(), damage, b"\0" * 4096))
    check_models(attempt(f"{path}: ", load, path) or [])
    told = attempt(f"{path}: ", read_metadata, path)
    assert told is None or (isinstance(told, dict) and "tasks" not in told)


texts = st.text(max_size=3)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
tasks = st.fixed_dictionaries(
    {"name": texts | jsons, "outputs": st.just(["sea"]) | jsons},
    optional={"activation": st.sampled_from(["softmax", "sigmoid"]) | jsons, "more": jsons},
)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(jsons | st.lists(tasks | jsons, max_size=2))
@example([{**TASKS[0], "activation": "softmaz"}])
@example([{**TASKS[0], "activation": []}])
@example([{**TASKS[0], "outputs": "ab"}])
def test_tasks_that_are_none_are_refused(
    folder: Path, models: Path, attempt: Attempt, told: object
) -> None:
    path = folder / "told.safetensors"
    save_file(load_file(models), path, {"tasks": json.dumps(told)})
    check_models(attempt(f"{path}: ", load, path) or [])


# Unfinished trainings.

STATE = {
    "stage": "head",
    "epoch": 2,
    "curve": "[]",
    "head": {"weight": torch.arange(30.0), "bias": torch.ones(2)},
}


def assert_same(state: dict[str, Any], expected: dict[str, Any]) -> None:
    assert state.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, dict):
            assert_same(state[name], value)
        else:
            assert np.array_equal(state[name], value)


def kept(folder: Path, state: object) -> tuple[Resumption, Path]:
    states = Resumption(folder / "states")
    states.write("sea", state)  # type: ignore[arg-type]
    (path,) = (folder / "states").iterdir()
    return states, path


@settings(deadline=None, max_examples=100, derandomize=True)
@given(damages)
@example([("flip", 0.5, 0, b"\0")])
def test_a_damaged_state_is_passed_over_or_read_as_it_was(folder: Path, damage: Damage) -> None:
    states, path = kept(folder, STATE)
    path.write_bytes(damaged(path.read_bytes(), damage, b"\0" * 4096))
    state = states.read("sea")
    if state is not None:
        assert_same(state, STATE)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(jsons | st.fixed_dictionaries({}, optional={"stage": jsons, "epoch": jsons, "head": jsons}))
@example([])
@example({"stage": "head"})
@example({"stage": "head", "epoch": "two"})
def test_a_state_that_tells_no_epoch_is_passed_over(folder: Path, state: object) -> None:
    found = kept(folder, state)[0].read("sea")
    tells = isinstance(state, dict) and {"stage", "epoch"} <= state.keys()
    assert (found is not None) == tells
