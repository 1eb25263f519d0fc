"""A canvas for views from above that tracks the land cover of each pixel.

Items are painted one over the other. Each pixel stores the index of the item painted last, so the
labels follow from the visible area of each land cover. An item has a colour, a land cover and a
height; `Canvas.render` computes light, shadow and texture from these.

Lengths are in pixels of the finished tile (about 0.3 m), angles in radians, y points down.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIZE = 256
OVERSAMPLING = 2
QUARTER = math.pi / 2
SHADOW = (0.66, 0.62, 0.54)  # fraction of red, green and blue that a shadow removes
HAZE = (150, 156, 166)
BICUBIC = Image.Resampling.BICUBIC

Point = tuple[float, float]
Colour = tuple[float, float, float]
Field = NDArray[np.floating[Any]]
T = TypeVar("T")


class Surface(NamedTuple):
    """The texture of a land cover, and the number of visible pixels required for its label."""

    visible: int
    mottle: float = 0.03  # large-scale variation of the brightness, as a fraction of it
    grain: float = 0.03  # the same from pixel to pixel
    relief: float = 0.0  # bumps with a lit and a dark side
    wither: Colour = (0, 0, 0)  # colour added by large-scale variation


SURFACES = {
    "airplane": Surface(visible=250, mottle=0.02, grain=0.02),
    "bare-soil": Surface(visible=400, mottle=0.06, grain=0.05, relief=0.05, wither=(4, 1, -2)),
    "buildings": Surface(visible=150, mottle=0.05, grain=0.05),
    "cars": Surface(visible=45, grain=0.02),
    "chaparral": Surface(visible=200, mottle=0.05, grain=0.12, relief=0.10),
    "court": Surface(visible=250, mottle=0.04),
    "dock": Surface(visible=120, grain=0.06),
    "field": Surface(visible=400, mottle=0.05, grain=0.07, wither=(3, 1, -1)),
    "grass": Surface(visible=400, mottle=0.07, grain=0.06, relief=0.05, wither=(8, 3, 2)),
    "mobile-home": Surface(visible=150, grain=0.04),
    "pavement": Surface(visible=300, mottle=0.05, grain=0.04),
    "sand": Surface(visible=250, mottle=0.05, relief=0.03, wither=(3, 0, -4)),
    "sea": Surface(visible=400, mottle=0.04, relief=0.06, wither=(-2, 1, 1)),
    "ship": Surface(visible=60, grain=0.02),
    "tanks": Surface(visible=200),
    "trees": Surface(visible=120, mottle=0.06, grain=0.10, relief=0.24, wither=(5, 2, -1)),
    "water": Surface(visible=400, mottle=0.05, grain=0.02, relief=0.02, wither=(4, 2, -2)),
}
"""The land covers, in the order of the label columns."""

_COVER = {label: number for number, label in enumerate(SURFACES)}
_Y, _X = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) + np.float32(0.5)


@dataclass(frozen=True, slots=True)
class Pose:
    """A position and a direction on the tile: the coordinate frame of an object."""

    x: float
    y: float
    angle: float = 0.0

    def at(self, along: float, across: float = 0.0, turn: float = 0.0) -> "Pose":
        """Return the pose at these coordinates along and across this one, rotated by `turn`."""
        ((x, y),) = self.points([(along, across)])
        return Pose(x, y, self.angle + turn)

    def points(self, local: Iterable[Point], scale: float = 1.0) -> list[Point]:
        """Return the tile coordinates of points in the frame of this pose."""
        c, s = scale * math.cos(self.angle), scale * math.sin(self.angle)
        return [(self.x + c * u - s * v, self.y + s * u + c * v) for u, v in local]

    def box(self, length: float, width: float) -> list[Point]:
        """Return the corners of a rectangle centred at this pose."""
        a, b = length / 2, width / 2
        return self.points([(a, b), (-a, b), (-a, -b), (a, -b)])

    def disc(self, radius: float, corners: int = 32) -> list[Point]:
        """Return points on a circle around this pose."""
        turns = (2 * math.pi * k / corners for k in range(corners))
        return self.points([(math.cos(t), math.sin(t)) for t in turns], radius)

    def near_tile(self, margin: float) -> bool:
        """Return whether this pose lies on the tile or within a margin around it."""
        return -margin < self.x < SIZE + margin and -margin < self.y < SIZE + margin

    def coordinates(self) -> tuple[Field, Field]:
        """Return the coordinates of each pixel of the tile along and across this pose."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        x, y = _X - self.x, _Y - self.y
        return c * x + s * y, c * y - s * x

    def oval(self, length: float, width: float) -> Field:
        """Return a field that is 1 at this pose, 0 on an oval around it and negative outside."""
        along, across = self.coordinates()
        return np.asarray(1 - 2 * np.hypot(along / length, across / width))


def lit(colour: Colour, light: float) -> Colour:
    """Return the colour with its brightness multiplied by `light`."""
    r, g, b = colour
    return r * light, g * light, b * light


class Canvas:
    """A tile being drawn, with its random generator and its direction of sunlight.

    Parameters
    ----------
    rng
        The random generator of the canvas and of everything drawn on it.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        bearing = rng.uniform(0, 2 * math.pi)
        self.sun: Point = (math.cos(bearing), math.sin(bearing))
        self._slope = rng.uniform(0.9, 1.7)  # descent of a sunbeam per pixel
        self._items: list[tuple[float, float, float, float, int]] = []
        self._drawn = Image.new("I", (SIZE * OVERSAMPLING, SIZE * OVERSAMPLING))
        self._pen = ImageDraw.Draw(self._drawn)

    # Random values

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return bool(self.rng.random() < probability)

    def between(self, low: float, high: float) -> float:
        """Return a uniform random number from an interval."""
        return float(self.rng.uniform(low, high))

    def choice(self, options: Sequence[T]) -> T:
        """Return a random option, all equally likely."""
        return options[int(self.rng.integers(len(options)))]

    def tone(self, colours: Sequence[Colour], spread: float = 0.08) -> Colour:
        """Return a random one of the colours, with a small random change in brightness and hue."""
        r, g, b = self.choice(colours)
        red, green, blue, light = self.rng.random(4).tolist()
        light = 1 + spread * (2 * light - 1)
        hue = 0.6 * spread
        return (
            r * light * (1 + hue * (red - 0.5)),
            g * light * (1 + hue * (green - 0.5)),
            b * light * (1 + hue * (blue - 0.5)),
        )

    def pose(self) -> Pose:
        """Return a random position on the tile with a random direction."""
        x, y, turn = self.rng.random(3).tolist()
        return Pose(SIZE * x, SIZE * y, 2 * math.pi * turn)

    def frame(self, spread: float = 40) -> Pose:
        """Return a random position near the centre of the tile with a random direction."""
        x, y = (SIZE / 2 + self.rng.uniform(-spread, spread, 2)).tolist()
        return Pose(x, y, self.between(0, 2 * math.pi))

    def noise(self, cell: float, octaves: int = 4) -> Field:
        """Return a smooth random field of mean 0 and variance 1, with bumps of size `cell`."""
        side = math.ceil(SIZE / cell) + 3
        field = Image.new("F", (1, 1))
        for octave in range(octaves):
            detail = self.rng.standard_normal((side, side), np.float32) * 0.55**octave
            detail += np.asarray(field.resize((side, side), BICUBIC))
            field = Image.fromarray(detail)
            side *= 2
        scale = 2 ** (octaves - 1)
        x, y = (scale * (1 + self.rng.random(2))).tolist()
        span = scale * SIZE / cell
        bumps = np.array(field.resize((SIZE, SIZE), BICUBIC, (x, y, x + span, y + span)))
        bumps -= bumps.mean()
        bumps /= bumps.std()
        return bumps

    # Painting

    def ground(self, label: str, colour: Colour) -> None:
        """Paint the whole tile."""
        self._drawn.paste(self._item(label, colour, 0), (0, 0, *self._drawn.size))

    def polygon(
        self, label: str, colour: Colour, points: Iterable[Point], height: float = 0
    ) -> None:
        """Paint a polygon."""
        self._pen.polygon(_oversampled(points), fill=self._item(label, colour, height))

    def line(
        self, label: str, colour: Colour, points: Iterable[Point], width: float, height: float = 0
    ) -> None:
        """Paint a line through points."""
        self._pen.line(
            _oversampled(points),
            fill=self._item(label, colour, height),
            width=max(1, round(width * OVERSAMPLING)),
            joint="curve",
        )

    def region(self, label: str, colour: Colour, inside: Field, height: float = 0) -> None:
        """Paint the region where a field over the tile is positive."""
        field = Image.fromarray(inside.astype(np.float32))
        smooth = field.resize(self._drawn.size, Image.Resampling.BILINEAR)
        mask = Image.fromarray(np.asarray(smooth) > 0)
        self._drawn.paste(self._item(label, colour, height), (0, 0, *mask.size), mask)

    def _item(self, label: str, colour: Colour, height: float) -> int:
        self._items.append((*colour, height, _COVER[label]))
        return len(self._items) - 1

    # Visible land covers

    def shows(self, labels: Collection[str], pose: Pose, radius: float) -> bool:
        """Return whether 13 points around a pose have no other land cover than these."""
        covers = {_COVER[label] for label in labels}
        around = [(pose.x, pose.y), *pose.disc(radius / 2, 4), *pose.disc(radius, 8)]
        drawn = cast("dict[tuple[int, int], int]", self._drawn.load())
        return all(
            self._items[drawn[int(x * OVERSAMPLING), int(y * OVERSAMPLING)]][-1] in covers
            for x, y in around
            if 0 <= x < SIZE and 0 <= y < SIZE
        )

    def labels(self) -> frozenset[str]:
        """Return the land covers with enough visible pixels."""
        covers = [item[-1] for item in self._items]
        samples = np.bincount(np.asarray(self._drawn).ravel(), minlength=len(covers))
        pixels = np.bincount(covers, samples, minlength=len(SURFACES)) / OVERSAMPLING**2
        return frozenset(
            label
            for (label, surface), visible in zip(SURFACES.items(), pixels, strict=True)
            if visible >= surface.visible
        )

    # Light

    def render(self) -> NDArray[np.uint8]:
        """Return the tile as seen from above, an array of SIZE × SIZE × 3."""
        *colours, heights, covers = np.array(self._items, np.float32).T
        drawn, every = np.asarray(self._drawn), range(OVERSAMPLING)
        samples = [drawn[i::OVERSAMPLING, j::OVERSAMPLING] for i in every for j in every]

        def smooth(of_items: Field) -> Field:
            total = of_items.take(samples[0])
            for sample in samples[1:]:
                total += of_items.take(sample)
            total /= len(samples)
            return total

        cover = covers.astype(np.intp).take(samples[0])
        light, wide = self._texture(cover)
        shade = self._shadow(smooth(heights))
        exposure, haze = self.between(0.92, 1.18), self.between(0, 0.16)
        gain = (1 - haze) * exposure * self.rng.uniform(0.96, 1.04, 3)  # the white balance
        grains = self.rng.standard_normal((SIZE, SIZE), np.float32) * self.between(1, 4)
        withers = np.array([surface.wither for surface in SURFACES.values()], np.float32).T
        tile = np.empty((SIZE, SIZE, 3), np.uint8)
        for band in range(3):
            values = smooth(colours[band])
            values += withers[band].take(cover) * wide
            values *= light
            values *= float(gain[band])
            values *= 1 - SHADOW[band] * shade
            values += haze * HAZE[band]
            values += grains
            tile[..., band] = np.clip(values, 0, 255)
        return tile

    def _texture(self, cover: NDArray[np.intp]) -> tuple[Field, Field]:
        """Return the brightness of the texture of each pixel, and its large-scale variation."""
        surfaces = np.array([surface[1:4] for surface in SURFACES.values()], np.float32)
        mottle, grain, relief = (column.take(cover) for column in surfaces.T)
        wide, bumps = self.noise(70, 3), self.noise(7, 2)
        slopes = bumps - np.roll(bumps, [-round(2 * d) for d in reversed(self.sun)], (0, 1))
        grains = self.rng.standard_normal((SIZE, SIZE), np.float32)
        return 1 + mottle * wide + grain * grains + relief * slopes, wide

    def _shadow(self, height: Field) -> Field:
        """Return the shadow on each pixel of a height field, from 0 to 1."""
        reach = math.ceil(float(height.max()) / self._slope)
        padded = np.pad(height, reach, mode="edge")
        above = np.zeros_like(height)
        for step in range(1, reach + 1):
            x, y = (reach + round(step * d) for d in self.sun)
            beam = padded[y : y + SIZE, x : x + SIZE] - step * self._slope
            np.maximum(above, beam - height, out=above)
        return np.clip(above / 2, 0, 1)


def steps(start: float, stop: float, step: float) -> Iterator[float]:
    """Yield evenly spaced positions from `start`, excluding `stop`."""
    yield from (start + k * step for k in range(math.ceil((stop - start) / step)))


def _oversampled(points: Iterable[Point]) -> list[Point]:
    return [(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in points]
