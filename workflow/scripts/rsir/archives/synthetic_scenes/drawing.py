"""A canvas for views from above on which every pixel knows what covers the land there.

Things are painted one over the other. Each pixel keeps the number of the item painted last, so what
is seen, what is hidden and how much of it decide the labels; nobody states them. An item has a
colour, a land cover and a height; `Canvas.render` makes light, shadow and texture from these.

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
SHADOW = (0.66, 0.62, 0.54)  # what a shadow takes of red, green and blue
HAZE = (150, 156, 166)
BICUBIC = Image.Resampling.BICUBIC

Point = tuple[float, float]
Colour = tuple[float, float, float]
Field = NDArray[np.floating[Any]]
T = TypeVar("T")


class Surface(NamedTuple):
    """How a land cover takes the light, and how many pixels of it must be seen to count."""

    visible: int
    mottle: float = 0.03  # wide changes of brightness, as a share of it
    grain: float = 0.03  # pixel to pixel
    relief: float = 0.0  # bumps with a lit and a dark side
    wither: Colour = (0, 0, 0)  # what wide changes add to the colour


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
"""The land covers, in the order of the label table."""

_COVER = {label: number for number, label in enumerate(SURFACES)}
_Y, _X = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) + np.float32(0.5)


@dataclass(frozen=True, slots=True)
class Pose:
    """A place and a direction on the tile: the frame in which a thing is drawn."""

    x: float
    y: float
    angle: float = 0.0

    def at(self, along: float, across: float = 0.0, turn: float = 0.0) -> "Pose":
        """Return the pose that lies so far along and across this one, turned from it."""
        ((x, y),) = self.points([(along, across)])
        return Pose(x, y, self.angle + turn)

    def points(self, local: Iterable[Point], scale: float = 1.0) -> list[Point]:
        """Return the tile coordinates of points given along and across this pose."""
        c, s = scale * math.cos(self.angle), scale * math.sin(self.angle)
        return [(self.x + c * u - s * v, self.y + s * u + c * v) for u, v in local]

    def box(self, length: float, width: float) -> list[Point]:
        """Return the corners of a rectangle about this pose."""
        a, b = length / 2, width / 2
        return self.points([(a, b), (-a, b), (-a, -b), (a, -b)])

    def disc(self, radius: float, corners: int = 32) -> list[Point]:
        """Return points on a circle about this pose."""
        turns = (2 * math.pi * k / corners for k in range(corners))
        return self.points([(math.cos(t), math.sin(t)) for t in turns], radius)

    def near_tile(self, margin: float) -> bool:
        """Return whether this pose lies on the tile or within a margin around it."""
        return -margin < self.x < SIZE + margin and -margin < self.y < SIZE + margin

    def coordinates(self) -> tuple[Field, Field]:
        """Return how far each pixel of the tile lies along and across this pose."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        x, y = _X - self.x, _Y - self.y
        return c * x + s * y, c * y - s * x

    def oval(self, length: float, width: float) -> Field:
        """Return a field that is 1 at this pose, 0 on an oval about it and negative outside."""
        along, across = self.coordinates()
        return np.asarray(1 - 2 * np.hypot(along / length, across / width))


def lit(colour: Colour, light: float) -> Colour:
    """Return the colour under so many times the light."""
    r, g, b = colour
    return r * light, g * light, b * light


class Canvas:
    """A tile in the making, its random generator and its sun.

    Parameters
    ----------
    rng : the source of everything left to chance, on the canvas and in what is drawn on it.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        bearing = rng.uniform(0, 2 * math.pi)
        self.sun: Point = (math.cos(bearing), math.sin(bearing))
        self._slope = rng.uniform(0.9, 1.7)  # how fast a sunbeam falls
        self._items: list[tuple[float, float, float, float, int]] = []
        self._drawn = Image.new("I", (SIZE * OVERSAMPLING, SIZE * OVERSAMPLING))
        self._pen = ImageDraw.Draw(self._drawn)

    # Chance

    def chance(self, probability: float) -> bool:
        """Return whether something happens that does with this probability."""
        return bool(self.rng.random() < probability)

    def between(self, low: float, high: float) -> float:
        """Return a number drawn evenly from an interval."""
        return float(self.rng.uniform(low, high))

    def choice(self, options: Sequence[T]) -> T:
        """Return one of the options, each as likely as the others."""
        return options[int(self.rng.integers(len(options)))]

    def tone(self, colours: Sequence[Colour], spread: float = 0.08) -> Colour:
        """Return one of the colours, a little lighter or darker and off in hue."""
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
        """Return a place anywhere on the tile, in any direction."""
        x, y, turn = self.rng.random(3).tolist()
        return Pose(SIZE * x, SIZE * y, 2 * math.pi * turn)

    def frame(self, spread: float = 40) -> Pose:
        """Return a pose about the middle of the tile, in any direction."""
        x, y = (SIZE / 2 + self.rng.uniform(-spread, spread, 2)).tolist()
        return Pose(x, y, self.between(0, 2 * math.pi))

    def noise(self, cell: float, octaves: int = 4) -> Field:
        """Return a smooth random field of mean 0 and deviation 1, with bumps of about a size."""
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

    # Paint

    def ground(self, label: str, colour: Colour) -> None:
        """Cover all of the tile."""
        self._drawn.paste(self._item(label, colour, 0), (0, 0, *self._drawn.size))

    def polygon(
        self, label: str, colour: Colour, points: Iterable[Point], height: float = 0
    ) -> None:
        """Paint the inside of an outline."""
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
        """Paint where a field over the tile is above zero."""
        field = Image.fromarray(inside.astype(np.float32))
        smooth = field.resize(self._drawn.size, Image.Resampling.BILINEAR)
        mask = Image.fromarray(np.asarray(smooth) > 0)
        self._drawn.paste(self._item(label, colour, height), (0, 0, *mask.size), mask)

    def _item(self, label: str, colour: Colour, height: float) -> int:
        self._items.append((*colour, height, _COVER[label]))
        return len(self._items) - 1

    # What is seen of it

    def shows(self, labels: Collection[str], pose: Pose, radius: float) -> bool:
        """Return whether these labels are all that is seen at a dozen points about a place."""
        covers = {_COVER[label] for label in labels}
        around = [(pose.x, pose.y), *pose.disc(radius / 2, 4), *pose.disc(radius, 8)]
        drawn = cast("dict[tuple[int, int], int]", self._drawn.load())
        return all(
            self._items[drawn[int(x * OVERSAMPLING), int(y * OVERSAMPLING)]][-1] in covers
            for x, y in around
            if 0 <= x < SIZE and 0 <= y < SIZE
        )

    def labels(self) -> frozenset[str]:
        """Return the land covers of which enough is seen."""
        covers = [item[-1] for item in self._items]
        samples = np.bincount(np.asarray(self._drawn).ravel(), minlength=len(covers))
        pixels = np.bincount(covers, samples, minlength=len(SURFACES)) / OVERSAMPLING**2
        return frozenset(
            label
            for (label, surface), seen in zip(SURFACES.items(), pixels, strict=True)
            if seen >= surface.visible
        )

    # Light

    def render(self) -> NDArray[np.uint8]:
        """Return the tile as it looks from above, an array of SIZE × SIZE × 3."""
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
            seen = smooth(colours[band])
            seen += withers[band].take(cover) * wide
            seen *= light
            seen *= float(gain[band])
            seen *= 1 - SHADOW[band] * shade
            seen += haze * HAZE[band]
            seen += grains
            tile[..., band] = np.clip(seen, 0, 255)
        return tile

    def _texture(self, cover: NDArray[np.intp]) -> tuple[Field, Field]:
        """Return the light on the texture of each pixel's cover, and the wide changes in it."""
        surfaces = np.array([surface[1:4] for surface in SURFACES.values()], np.float32)
        mottle, grain, relief = (column.take(cover) for column in surfaces.T)
        wide, bumps = self.noise(70, 3), self.noise(7, 2)
        slopes = bumps - np.roll(bumps, [-round(2 * d) for d in reversed(self.sun)], (0, 1))
        grains = self.rng.standard_normal((SIZE, SIZE), np.float32)
        return 1 + mottle * wide + grain * grains + relief * slopes, wide

    def _shadow(self, height: Field) -> Field:
        """Return how far each pixel of a height field lies in shadow, from 0 to 1."""
        reach = math.ceil(float(height.max()) / self._slope)
        padded = np.pad(height, reach, mode="edge")
        above = np.zeros_like(height)
        for step in range(1, reach + 1):
            x, y = (reach + round(step * d) for d in self.sun)
            beam = padded[y : y + SIZE, x : x + SIZE] - step * self._slope
            np.maximum(above, beam - height, out=above)
        return np.clip(above / 2, 0, 1)


def steps(start: float, stop: float, step: float) -> Iterator[float]:
    """Yield evenly spaced positions, the last one before `stop`."""
    yield from (start + k * step for k in range(math.ceil((stop - start) / step)))


def _oversampled(points: Iterable[Point]) -> list[Point]:
    return [(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in points]
