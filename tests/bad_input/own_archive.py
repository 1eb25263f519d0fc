"""A small archive of the user's own: ten images of two scenes, and a table of their labels."""

from typing import Any

from PIL import Image

from project import Project

MINE: dict[str, Any] = {
    "archives": {"mine": {"kind": "table", "root": "mine", "labels": "mine.csv"}},
    "split": {"test_fraction": 0.2},
    "retrieval": {"cutoffs": [1]},
    "run": {"archives": ["mine"], "backbones": ["lbp"], "labelings": []},
}

IMAGES = [f"{scene}{number}" for scene in ("farm", "port") for number in range(5)]
LABELS = "image,scene,sea,grass\n" + "".join(
    f"{image},{image[:4]},{int(image[0] == 'p')},{int(image[0] == 'f')}\n" for image in IMAGES
)


def with_own_archive(project: Project) -> Project:
    """Put the archive into a project and its config."""
    project.configure(MINE).path("mine").mkdir()
    for number, image in enumerate(IMAGES):
        noise = Image.effect_noise((16 + number, 12), 20 + 5 * number).convert("RGB")
        noise.save(project.path(f"mine/{image}.png"))
    project.path("mine.csv").write_text(LABELS)
    return project
