"""Vehicles, roads, buildings and sports fields, each drawn on a canvas at a pose."""

import math

from rsir.archives.synthetic_scenes.drawing import (
    QUARTER,
    SIZE,
    Canvas,
    Colour,
    Point,
    Pose,
    lit,
    steps,
)
from rsir.archives.synthetic_scenes.landcover import (
    ASPHALT,
    DARK,
    FAR,
    FLAT_ROOF,
    LAWN,
    PAINT,
    SHINGLE,
    WHITE,
    YELLOW,
    strip,
)

# Vehicles


def car(canvas: Canvas, pose: Pose, base: float = 0) -> None:
    """Draw a car or, less often, a van, on ground of height `base`."""
    length, width = canvas.between(13, 16), canvas.between(6, 7)
    paint = canvas.tone(PAINT, 0.06)
    a, b = length / 2, width / 2
    body = [(a, b - 1.5), (a - 1.5, b), (1 - a, b), (-a, b - 1), (-a, 1 - b), (1 - a, -b)]
    body += [(a - 1.5, -b), (a, 1.5 - b)]
    canvas.polygon("cars", lit(paint, 0.9), pose.points(body), base + 4)
    canvas.polygon("cars", DARK, pose.at(-0.6).box(0.6 * length, width - 1.4), base + 5)
    roof = canvas.choice([0.3, 0.3, 0.5])
    canvas.polygon("cars", paint, pose.at(-0.9).box(roof * length, width - 1.8), base + 6)


def traffic(canvas: Canvas, pose: Pose, gap: tuple[float, float], base: float = 0) -> None:
    """Draw cars along a lane, with random gaps between them."""
    along = canvas.between(-SIZE, gap[1] - SIZE)
    while along < SIZE:
        place = pose.at(along, canvas.between(-1, 1))
        if place.near_tile(10):
            car(canvas, place, base)
        along += 17 + canvas.between(*gap)


def ship(canvas: Canvas, pose: Pose, length: float, width: float) -> None:
    """Draw a boat with its bow in the direction of the pose."""
    a, b = length / 2, width / 2
    hull = [(a, 0), (0.55 * a, 0.8 * b), (0, b), (-a, 0.85 * b)]
    hull += [(u, -v) for u, v in reversed(hull[1:])]
    paint = canvas.tone([WHITE, WHITE, (224, 222, 212), (206, 212, 218)], 0.05)
    canvas.polygon("ship", lit(paint, 0.86), pose.points(hull), 4)
    canvas.polygon("ship", paint, pose.points(hull, 0.82), 5)
    cockpit = canvas.tone([(176, 150, 116), (40, 70, 140), (30, 50, 104), (120, 124, 128)])
    canvas.polygon("ship", cockpit, pose.at(-0.58 * a).box(0.5 * a, 0.62 * width), 5)
    canvas.polygon("ship", WHITE, pose.at(0.02 * a).box(0.6 * a, 0.6 * width), 9)
    canvas.polygon("ship", DARK, pose.at(0.34 * a).box(0.13 * a, 0.56 * width), 8)


def airplane(canvas: Canvas, pose: Pose, length: float) -> None:
    """Draw an airliner with its nose in the direction of the pose."""
    paint = canvas.tone([WHITE, WHITE, (214, 210, 200), (200, 204, 210), (52, 68, 150)], 0.05)
    trim = canvas.tone([(40, 56, 128), (170, 36, 40), (60, 64, 72), (206, 210, 214)])
    sweep = canvas.between(0.06, 0.14)
    span = canvas.between(0.44, 0.54)
    wing = [(0.14, 0), (0.06 - sweep, span), (-0.01 - sweep, span), (-0.06, 0.16), (-0.08, 0)]
    tail = [(-0.36, 0), (-0.46, 0.19), (-0.51, 0.19), (-0.49, 0)]
    engine = [(0.15, 0.145), (0.15, 0.185), (0.03, 0.18), (0.03, 0.15)]
    hull = [(0.5, 0), (0.485, 0.022), (0.44, 0.042), (0.36, 0.05), (-0.28, 0.05), (-0.5, 0.01)]
    ridge = [(0.46, 0), (0.38, 0.02), (-0.3, 0.02), (-0.46, 0)]

    def both_sides(part: list[Point]) -> list[Point]:
        return part + [(u, -v) for u, v in reversed(part)]

    for side in (1, -1):
        nacelle = pose.points([(u, side * v) for u, v in engine], length)
        canvas.polygon("airplane", lit(trim, 0.9), nacelle, 7)
    canvas.polygon("airplane", lit(paint, 0.86), pose.points(both_sides(wing), length), 9)
    canvas.polygon("airplane", lit(paint, 0.88), pose.points(both_sides(tail), length), 14)
    canvas.polygon("airplane", lit(paint, 0.8), pose.points(both_sides(hull), length), 11)
    canvas.polygon("airplane", lit(paint, 1.02), pose.points(both_sides(ridge), length), 12)
    canvas.polygon("airplane", DARK, pose.at(0.455 * length).box(0.02 * length, 4), 11)
    fin = pose.points([(-0.36, 0), (-0.52, 0)], length)
    canvas.line("airplane", trim, fin, 0.024 * length, 20)


# Roads


def road(
    canvas: Canvas,
    pose: Pose,
    lanes: int,
    gap: tuple[float, float] | None = (30, 160),
    colour: Colour = ASPHALT[1],
    divider: Colour | None = YELLOW,
    height: float = 0,
) -> None:
    """Draw a straight road along a pose, with lane marks, and cars unless `gap` is None.

    With a divider, the lanes on its two sides have opposite directions.
    """
    lane = 12.5
    width = lanes * lane
    strip(canvas, "pavement", lit(colour, 1.12), pose, width + 7, height)
    strip(canvas, "pavement", colour, pose, width + 3, height)
    for edge in (-width / 2, width / 2):
        strip(canvas, "pavement", WHITE, pose.at(0, edge), 0.9, height)
    for number in range(lanes):
        middle = (number + 0.5) * lane - width / 2
        strip(canvas, "pavement", lit(colour, 0.93), pose.at(0, middle), 4.5, height)
        if number and divider and 2 * number == lanes:
            strip(canvas, "pavement", divider, pose.at(0, middle - lane / 2), 1.3, height)
        elif number:
            for along in steps(-FAR, FAR, 26):
                dash = pose.at(along, middle - lane / 2)
                canvas.polygon("pavement", WHITE, dash.box(9, 0.9), height)
    if gap:
        for number in range(lanes):
            middle = (number + 0.5) * lane - width / 2
            oncoming = divider is not None and 2 * number < lanes
            traffic(canvas, pose.at(0, middle, math.pi * oncoming), gap, height)


def slabs(canvas: Canvas, pose: Pose, colour: Colour, size: float, width: float) -> None:
    """Pave a strip along a pose with slabs."""
    strip(canvas, "pavement", colour, pose, width)
    joint = lit(colour, 0.9)
    for across in steps(-width / 2, width / 2, size):
        strip(canvas, "pavement", joint, pose.at(0, across), 0.6)
    for along in steps(-SIZE, SIZE, size):
        canvas.polygon("pavement", joint, pose.at(along).box(0.6, width))


# Buildings


def house(
    canvas: Canvas, pose: Pose, length: float, width: float, colour: Colour, hip: float = 0.5
) -> None:
    """Draw a pitched roof; `hip` is how far its ends slope, 0 for a gable, in half widths."""
    a, b = length / 2, width / 2
    ridge = a - hip * b
    faces: list[tuple[float, list[Point]]] = [
        (QUARTER, [(a, b), (ridge, 0), (-ridge, 0), (-a, b)]),
        (-QUARTER, [(a, -b), (ridge, 0), (-ridge, 0), (-a, -b)]),
        (0, [(a, b), (ridge, 0), (a, -b)]),
        (math.pi, [(-a, b), (-ridge, 0), (-a, -b)]),
    ]
    for slope, corners in faces[: 4 if hip else 2]:
        x, y = math.cos(pose.angle + slope), math.sin(pose.angle + slope)
        light = 0.95 + 0.24 * (x * canvas.sun[0] + y * canvas.sun[1])
        canvas.polygon("buildings", lit(colour, light), pose.points(corners), 15)
    canvas.line("buildings", lit(colour, 1.2), pose.points([(-ridge, 0), (ridge, 0)]), 0.8, 17)


def villa(canvas: Canvas, pose: Pose, length: float, width: float) -> None:
    """Draw a house, usually with a wing."""
    colour = canvas.tone(SHINGLE)
    hip = canvas.choice([0.0, 0.8])
    if canvas.chance(0.6):
        side = canvas.choice([-1, 1])
        wing = pose.at(0.25 * side * length, 0.4 * width, QUARTER)
        house(canvas, wing, 1.1 * width, 0.42 * length, colour, hip)
    house(canvas, pose, length, width, colour, hip)


def block(canvas: Canvas, pose: Pose, length: float, width: float) -> None:
    """Draw a large building with a flat roof, a parapet and roof equipment."""
    colour = canvas.tone(FLAT_ROOF)
    height = canvas.between(18, 40)
    canvas.polygon("buildings", lit(colour, 1.14), pose.box(length, width), height + 2)
    canvas.polygon("buildings", colour, pose.box(length - 4, width - 4), height)
    if canvas.chance(0.4):
        part = pose.at(canvas.between(-0.2, 0.2) * length).box(0.4 * length, width - 4)
        canvas.polygon("buildings", canvas.tone(FLAT_ROOF), part, height + 6)
    for _ in range(int(length * width / 420)):
        u, v = canvas.rng.uniform(-0.42, 0.42, 2).tolist()
        a, b = canvas.rng.uniform(3, 8, 2).tolist()
        machine = pose.at(u * length, v * width).box(a, b)
        canvas.polygon("buildings", canvas.tone(FLAT_ROOF, 0.15), machine, height + 5)


def mobile_home(canvas: Canvas, pose: Pose) -> None:
    """Draw a mobile home: long, narrow and pale, with a roof seam and an awning."""
    length, width = canvas.between(44, 56), canvas.between(15, 18)
    colour = canvas.tone([(226, 224, 218), (206, 204, 200), (214, 198, 176), (180, 180, 184)], 0.05)
    awning = pose.at(canvas.between(-8, 8), canvas.choice([-1, 1]) * 0.62 * width)
    canvas.polygon("mobile-home", lit(colour, 0.8), awning.box(0.55 * length, 0.4 * width), 7)
    for side, light in ((1, 1.0), (-1, 0.9)):
        half = pose.at(0, side * width / 4)
        canvas.polygon("mobile-home", lit(colour, light), half.box(length, width / 2), 11)
    for along in steps(-0.4 * length, 0.5 * length, 0.26 * length):
        canvas.polygon("mobile-home", lit(colour, 0.72), pose.at(along, 2).box(2.5, 2.5), 12)


def tank(canvas: Canvas, pose: Pose, radius: float) -> None:
    """Draw a round tank with a dome or a floating roof."""
    colour = canvas.tone([WHITE, (214, 210, 200), (196, 198, 198), (160, 184, 172)], 0.05)
    height = min(0.8 * radius, 30)
    canvas.polygon("tanks", lit(colour, 0.82), pose.disc(radius, 48), height)
    if canvas.chance(0.3):
        floor = canvas.tone([(196, 186, 172), (170, 150, 130)])
        canvas.polygon("tanks", floor, pose.disc(0.9 * radius, 48), 0.55 * height)
        canvas.line("tanks", DARK, pose.points([(0, 0), (0.9 * radius, 0)]), 1.5)
        return
    for step in range(6):
        nearer = 0.07 * step * radius
        part = Pose(pose.x + nearer * canvas.sun[0], pose.y + nearer * canvas.sun[1])
        shade = lit(colour, 0.9 + 0.035 * step)
        canvas.polygon("tanks", shade, part.disc((0.94 - 0.14 * step) * radius, 48), height)
    canvas.line("tanks", lit(colour, 0.66), pose.points([(0, 0), (radius, 0)]), 1.6, height + 1)
    canvas.polygon("tanks", lit(colour, 0.7), pose.disc(3, 12), height + 2)


# Sports


def tennis_court(canvas: Canvas, pose: Pose, inner: Colour, outer: Colour) -> None:
    """Draw a tennis court with lines and net, 36 m × 18 m including the run-off."""
    canvas.polygon("court", outer, pose.box(112, 58))
    canvas.polygon("court", inner, pose.box(78, 36))
    lines = [[(-39, y), (39, y)] for y in (-18, -13.5, 13.5, 18)]
    lines += [[(x, -18), (x, 18)] for x in (-39, 39)]
    lines += [[(x, -13.5), (x, 13.5)] for x in (-21, 21)]
    lines += [[(-21, 0), (21, 0)]]
    for ends in lines:
        canvas.line("court", WHITE, pose.points(ends), 1.0)
    canvas.line("court", DARK, pose.points([(0, -21), (0, 21)]), 0.8, 3)


def baseball_diamond(canvas: Canvas, home: Pose, base: float, soil: Colour) -> None:
    """Draw an infield of bare soil, with home plate at the pose and second base along it."""
    corner = home.at(0, 0, -math.pi / 4)
    arc = home.at(0.67 * base).points(
        [(math.cos(t), math.sin(t)) for t in steps(-1.75, 1.76, 0.125)], base
    )
    canvas.polygon("bare-soil", soil, [*home.points([(-6, -9), (-6, 9)]), *reversed(arc)])
    if canvas.chance(0.75):
        inset = corner.at(0.5 * base, 0.5 * base)
        canvas.polygon("grass", canvas.tone(LAWN), inset.box(0.78 * base, 0.78 * base))
        for place in (home.at(0.67 * base), home):
            canvas.polygon("bare-soil", lit(soil, 1.05), place.disc(0.13 * base))
    for along, across in ((0, 0), (base, 0), (base, base), (0, base), (0.47 * base, 0.47 * base)):
        canvas.polygon("bare-soil", WHITE, corner.at(along, across).box(2.2, 2.2))
    for side in (-1, 1):
        chalk = home.at(0, 0, side * math.pi / 4).points([(0, 0), (1.35 * base, 0)])
        canvas.line("bare-soil", WHITE, chalk, 0.8)
