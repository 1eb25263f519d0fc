"""Colours, grounds and plants of the scenes."""

import math
from collections.abc import Collection, Iterator

from rsir.archives.synthetic_scenes.drawing import SIZE, Canvas, Colour, Point, Pose, lit

FAR = 2 * SIZE
"""A length that reaches beyond the tile from any position on it."""

WHITE: Colour = (236, 236, 230)
YELLOW: Colour = (222, 178, 62)
DARK: Colour = (34, 38, 44)
ASPHALT: list[Colour] = [(96, 96, 98), (112, 110, 110), (128, 124, 122), (84, 86, 92)]
CONCRETE: list[Colour] = [(176, 172, 162), (190, 186, 178), (160, 158, 152)]
LAWN: list[Colour] = [(84, 112, 66), (98, 122, 76), (70, 104, 62), (112, 124, 84)]
SOIL: list[Colour] = [(162, 136, 110), (148, 126, 104), (178, 152, 126), (136, 112, 94)]
SAND: list[Colour] = [(214, 196, 164), (204, 188, 160), (222, 208, 182)]
LEAVES: list[Colour] = [(50, 82, 46), (62, 92, 50), (44, 74, 52), (74, 96, 56), (84, 92, 54)]
PAINT: list[Colour] = [
    (238, 238, 236),
    (226, 226, 228),
    (188, 192, 196),
    (150, 154, 160),
    (60, 62, 68),
    (36, 36, 42),
    (168, 34, 34),
    (40, 64, 128),
    (196, 180, 142),
]
SHINGLE: list[Colour] = [
    (128, 116, 110),
    (110, 110, 116),
    (150, 116, 92),
    (164, 98, 74),
    (168, 150, 128),
    (92, 88, 90),
    (186, 180, 172),
]
FLAT_ROOF: list[Colour] = [
    (208, 206, 200),
    (182, 178, 170),
    (160, 156, 150),
    (224, 222, 220),
    (188, 170, 146),
    (132, 130, 132),
]
GROUNDS = {"grass": LAWN, "bare-soil": SOIL, "sand": SAND, "pavement": ASPHALT + CONCRETE}
OPEN_LAND = ("grass", "bare-soil", "sand")


def ground(canvas: Canvas, *labels: str) -> str:
    """Cover the tile with a random one of these grounds and return its label."""
    label = canvas.choice(labels)
    canvas.ground(label, canvas.tone(GROUNDS[label]))
    return label


def patches(canvas: Canvas, label: str, size: float, rarity: float) -> None:
    """Draw patches of a ground of about this size, further apart at higher `rarity`."""
    canvas.region(label, canvas.tone(GROUNDS[label]), canvas.noise(size) - rarity)


def open_land(canvas: Canvas) -> None:
    """Cover the tile with grass or, less often, bare soil, sometimes with patches of either."""
    ground(canvas, "grass", "grass", "bare-soil")
    if canvas.chance(0.35):
        patches(canvas, canvas.choice(["grass", "bare-soil"]), 60, 0.4)


def strip(
    canvas: Canvas, label: str, colour: Colour, pose: Pose, width: float, height: float = 0
) -> None:
    """Draw a strip along a pose across the whole tile."""
    canvas.polygon(label, colour, pose.box(2 * FAR, width), height)


def scatter(canvas: Canvas, count: int, on: Collection[str], clearance: float) -> Iterator[Pose]:
    """Yield those of `count` random poses that have only these land covers around them."""
    for _ in range(count):
        pose = canvas.pose()
        if canvas.shows(on, pose, clearance):
            yield pose


# Plants


def _uneven(corners: int) -> list[Point]:
    """Return an irregular outline of radius 1 around the origin, which varies by rotation."""
    turns = [2 * math.pi * k / corners for k in range(corners)]
    radii = [1 + 0.12 * math.sin(2 * t + 1) + 0.1 * math.sin(5 * t) for t in turns]
    return [(r * math.cos(t), r * math.sin(t)) for r, t in zip(radii, turns, strict=True)]


CROWN, LUMP = _uneven(13), _uneven(8)


def tree(canvas: Canvas, pose: Pose, radius: float, colour: Colour) -> None:
    """Draw a crown: a dark outline and lumps that are lighter towards the sun."""
    height = 1.3 * radius
    canvas.polygon("trees", lit(colour, 0.62), pose.points(CROWN, radius), 0.7 * height)
    sunward = Pose(pose.x, pose.y, math.atan2(canvas.sun[1], canvas.sun[0]))
    for along, across, turn in sorted(canvas.rng.uniform(-0.58, 0.58, (5, 3)).tolist()):
        lump = sunward.at(radius * along, radius * across, 6 * turn)
        outline = lump.points(LUMP, 0.44 * radius)
        canvas.polygon("trees", lit(colour, 1.0 + 0.45 * along), outline, height)


def trees(
    canvas: Canvas,
    count: int,
    on: Collection[str] = OPEN_LAND,
    sizes: tuple[float, float] = (6, 14),
) -> None:
    """Draw trees at random positions on these grounds."""
    species = canvas.tone(LEAVES)
    for pose in scatter(canvas, count, (*on, "trees"), clearance=0.7 * sizes[0]):
        tree(canvas, pose, canvas.between(*sizes), canvas.tone([species], 0.14))


def grove(canvas: Canvas, size: float, rarity: float, sizes: tuple[float, float]) -> None:
    """Draw dense patches of trees of about this size on open land."""
    inside = canvas.noise(size) - rarity
    species = canvas.tone(LEAVES)
    for pose in scatter(canvas, 300, (*OPEN_LAND, "trees"), clearance=3):
        if inside[int(pose.y), int(pose.x)] > 0:
            tree(canvas, pose, canvas.between(*sizes), canvas.tone([species], 0.14))


def shrubs(canvas: Canvas, count: int, sizes: tuple[float, float]) -> None:
    """Draw low, dark shrubs on open land."""
    colour = canvas.tone([(86, 76, 52), (74, 76, 50), (92, 82, 62)])
    for pose in scatter(canvas, count, OPEN_LAND, clearance=2):
        radius = sizes[0] + (sizes[1] - sizes[0]) * canvas.between(0, 1) ** 3  # few are large
        shade = canvas.tone([colour], 0.15)
        canvas.polygon("chaparral", shade, pose.points(LUMP, radius), 0.8 * radius)
