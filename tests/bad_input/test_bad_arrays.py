"""Files of arrays that are damaged, of something else, or read from elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest
from own_archive import with_own_archive

from project import Project
from rsir.core.errors import InputError
from rsir.core.hdf5 import array_file, read_attributes
from rsir.descriptors.descriptor_files import open_activations, read_descriptors
from rsir.search.protocol import Search
from rsir.search.ranking_file import read_rankings, read_similarity, write_rankings

IMAGES = ["a", "b", "c"]
POOL = np.arange(6, dtype=np.float32).reshape(3, 2)
OTHER = "other.h5"  # beside the file


@contextmanager
def changed(path: Path) -> Iterator[h5py.File]:
    with h5py.File(path, "r+") as file:
        yield file


def external_link(path: Path) -> None:
    with changed(path) as file:
        del file["pool"]
        file["pool"] = h5py.ExternalLink(OTHER, "pool")


def external_link_in_a_group(path: Path) -> None:
    with changed(path) as file:
        file["more/of/it"] = h5py.ExternalLink(OTHER, "pool")


def external_images(path: Path) -> None:
    with changed(path) as file:
        del file["image"]
        file["image"] = h5py.ExternalLink(OTHER, "image")


def soft_link(path: Path) -> None:
    with changed(path) as file:
        file["output"] = h5py.SoftLink("/pool")


def virtual(path: Path) -> None:
    layout = h5py.VirtualLayout((3, 2), np.float32)
    layout[:] = h5py.VirtualSource(path.with_name(OTHER), "pool", (3, 2))
    with changed(path) as file:
        del file["pool"]
        file.create_virtual_dataset("pool", layout)


def external_storage(path: Path) -> None:
    with changed(path) as file:
        del file["pool"]
        file.create_dataset("pool", (3, 2), np.float32, external=[("/etc/passwd", 0, 24)])


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def one_bit_flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(POOL.tobytes()) + 5] ^= 1
    path.write_bytes(content)


def of_other_images(path: Path) -> None:
    with changed(path) as file:
        file["image"][2] = "d"


def of_fewer_rows(path: Path) -> None:
    with changed(path) as file:
        del file["pool"]
        file["pool"] = POOL[:2]


def of_texts(path: Path) -> None:
    with changed(path) as file:
        del file["pool"]
        file["pool"] = ["0", "1", "2"]


def of_a_group(path: Path) -> None:
    with changed(path) as file:
        file.create_group("output")


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "external link": (external_link, "'pool' is stored outside the file"),
    "external link in a group": (external_link_in_a_group, "'it' is stored outside the file"),
    "external images": (external_images, "'image' is stored outside the file"),
    "soft link": (soft_link, "'output' is stored outside the file"),
    "virtual": (virtual, "'pool' is stored outside the file"),
    "external storage": (external_storage, "'pool' is stored outside the file"),
    "truncated": (truncated, "cannot be read"),
    "empty": (lambda path: path.write_bytes(b""), "cannot be read"),
    "text": (lambda path: path.write_text("image,pool\n"), "cannot be read"),
    "one bit flipped": (one_bit_flipped, "cannot be read"),
    "other images": (of_other_images, "holds other images"),
    "fewer rows": (of_fewer_rows, "pool has 2 rows for 3 images"),
    "texts": (of_texts, "pool is not a float32 array of 2 dimensions"),
    "group": (of_a_group, "output is not a float32 array of 2 dimensions"),
}


def written(path: Path) -> Path:
    for file in (path, path.with_name(OTHER)):
        with array_file(file, IMAGES, {"backbone": "vgg16"}) as arrays:
            arrays.append("pool", POOL)
    return path


@pytest.mark.parametrize("name", REFUSED)
def test_descriptors_of_no_use_are_refused_in_one_line(tmp_path, refused, name):
    path = written(tmp_path / "vgg16.h5")
    np.testing.assert_array_equal(read_descriptors(path, IMAGES)["pool"], POOL)
    spoil, expected = REFUSED[name]
    spoil(path)
    with pytest.raises(InputError) as caught:
        read_descriptors(path, IMAGES)
    message = refused(caught.value, path)
    assert expected in message
    assert message.endswith("delete it and run again")


def test_what_is_read_from_elsewhere_is_refused_whoever_reads(tmp_path, refused):
    path = written(tmp_path / "vgg16.h5")
    external_link(path)
    rankings = tmp_path / "rankings.h5"
    ranked = {"pool": (np.zeros((1, 1), np.int32), np.ones((1, 1)))}
    search = Search(np.array([0]), np.array([1]))
    write_rankings(rankings, np.array(IMAGES), search, ranked, {"pool": 4}, {})
    with changed(rankings) as file:
        del file["descriptors/pool/similarity"]
        file["descriptors/pool/similarity"] = h5py.ExternalLink(OTHER, "pool")
    readers: list[tuple[Path, Callable[[], object]]] = [
        (path, lambda: read_attributes(path)),
        (path, lambda: open_activations(path, IMAGES).__enter__()),
        (rankings, lambda: read_rankings(rankings, np.array(IMAGES))),
        (rankings, lambda: read_similarity(rankings, "pool", "")),
    ]
    for file, read in readers:
        with pytest.raises(InputError) as caught:
            read()
        assert "is stored outside the file" in refused(caught.value, file)


def test_activations_of_another_shape_are_refused(tmp_path, refused):
    path = tmp_path / "vgg16.h5"
    with array_file(path, IMAGES, {}) as file:
        file.append("activation", np.zeros((3, 2, 4, 4), np.float32))
    with pytest.raises(InputError) as caught, open_activations(path, IMAGES):
        pass
    expected = "activation is not a float16 array of two or more dimensions"
    assert expected in refused(caught.value, path)


DESCRIPTORS = "results/mine/descriptors/lbp/off_the_shelf.h5"


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The ten images, split, and described by lbp."""
    project = with_own_archive(Project.copied_to(tmp_path_factory.mktemp("described") / "project"))
    outcome = project.run(DESCRIPTORS, "results/mine/split.csv", "--cores", "1")
    assert outcome.status == 0, outcome.text
    return project


def link_of_histograms(path: Path) -> None:
    with changed(path) as file:
        del file["histogram"]
        file["histogram"] = h5py.ExternalLink("/etc/secret.h5", "histogram")


def of_another_backbone(path: Path) -> None:
    with changed(path) as file:
        file.attrs["backbone"] = "color_histogram"


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (link_of_histograms, "'histogram' is stored outside the file"),
        (of_another_backbone, "its backbone is color_histogram, expected lbp"),
    ],
)
def test_descriptors_of_no_use_are_told_by_what_ranks(
    described: Project, tmp_path, attempt, assert_refused, spoil, expected
):
    project = described.clone(tmp_path / "project")
    spoil(project.path(DESCRIPTORS))
    outcome = attempt(project, "results/mine/rankings/lbp/off_the_shelf.h5")
    made = {
        "archive.csv",
        "attributes.csv",
        "pixels.json",
        "split.csv",
        "duplicates.csv",
        "descriptors/lbp/off_the_shelf.h5",
    }
    assert outcome.jobs == {"duplicates": 1, "retrieve": 1}
    assert_refused(project, outcome, f"{DESCRIPTORS}: {expected}", "delete it", made=made)
