"""Scenes of roads, harbors and airports, with their vehicles."""

import math

from rsir.archives.synthetic_scenes.drawing import QUARTER, SIZE, Canvas, Pose, lit, steps
from rsir.archives.synthetic_scenes.landcover import (
    ASPHALT,
    CONCRETE,
    FAR,
    LAWN,
    LEAVES,
    WHITE,
    YELLOW,
    ground,
    open_land,
    scatter,
    strip,
    tree,
    trees,
)
from rsir.archives.synthetic_scenes.structures import airplane, block, car, road, ship, slabs, villa


def airplane_stand(canvas: Canvas) -> None:
    """Draw an airliner on an apron, with a terminal, service cars or a strip of grass."""
    apron = canvas.frame(24)
    concrete = canvas.tone(CONCRETE + ASPHALT[:1])
    slabs(canvas, apron, concrete, canvas.between(18, 30), FAR)
    side = canvas.choice([-1, 1])
    if canvas.chance(0.35):
        verge = apron.at(0, -side * 165)
        strip(canvas, "grass", canvas.tone(LAWN), verge, 150)
        strip(canvas, "pavement", WHITE, verge.at(0, side * 85), 1.5)
    stand = apron.at(0, 0, canvas.choice([0, QUARTER, math.pi, canvas.between(0, 6)]))
    strip(canvas, "pavement", YELLOW, stand, 1.6)
    if canvas.chance(0.4):
        block(canvas, apron.at(0, side * 150), FAR, 100)
    if canvas.chance(0.7):
        for pose in scatter(canvas, 14, ("pavement",), clearance=12):
            car(canvas, pose)
    airplane(canvas, stand, canvas.between(105, 165))


def freeway(canvas: Canvas) -> None:
    """Draw two carriageways with a median."""
    open_land(canvas)
    frame = canvas.frame(20)
    freeway_along(canvas, frame)
    if canvas.chance(0.5):
        trees(canvas, 110)


def freeway_along(canvas: Canvas, frame: Pose) -> None:
    """Draw a freeway along a pose."""
    lanes = canvas.choice([2, 3, 4])
    surface = canvas.tone(ASPHALT + CONCRETE)
    median = canvas.between(4, 20)
    if median < 9:
        strip(canvas, "pavement", lit(surface, 0.7), frame, median + 8)
    for side in (-1, 1):
        offset = side * (median + 10 + 12.5 * lanes) / 2
        carriageway = frame.at(0, offset, QUARTER - side * QUARTER)
        strip(canvas, "pavement", lit(surface, 0.82), carriageway, 12.5 * lanes + 14)
        road(canvas, carriageway, lanes, (50, 260), surface, divider=None)


def harbor(canvas: Canvas) -> None:
    """Draw piers with boats on both sides, sometimes at a quay."""
    canvas.ground("water", canvas.tone([(24, 70, 74), (18, 48, 56), (30, 86, 92), (22, 36, 44)]))
    frame = canvas.frame()
    length = canvas.between(28, 46)
    berth, planks = 0.34 * length + 3, canvas.tone(CONCRETE)
    for offset in steps(-SIZE, SIZE, 2 * length + canvas.between(34, 60)):
        pier = frame.at(0, offset)
        strip(canvas, "dock", planks, pier, 6, 2)
        for side in (-1, 1):
            for along in steps(-SIZE, SIZE, berth):
                place = pier.at(along, side * (length / 2 + 6), side * QUARTER)
                if not place.near_tile(length):
                    continue
                finger = place.at(0, berth / 2)
                canvas.polygon("dock", planks, finger.box(length, 1.6), 2)
                if canvas.chance(0.88):
                    bow = math.pi * canvas.chance(0.7)
                    size = length * canvas.between(0.8, 1.02)
                    ship(canvas, place.at(0, 0, bow), size, berth - 4)
    if canvas.chance(0.3):
        quay = frame.at(canvas.between(80, 110), 0, QUARTER)
        label = canvas.choice(["grass", "pavement"])
        colour = canvas.tone(LAWN if label == "grass" else CONCRETE)
        strip(canvas, label, colour, quay.at(0, -FAR / 2), FAR, 3)
        if canvas.chance(0.5):
            block(canvas, quay.at(0, -45), 90, 36)


def intersection(canvas: Canvas) -> None:
    """Draw two crossing streets, with buildings and trees at the corners."""
    land = ground(canvas, "grass", "bare-soil", "pavement")
    frame = canvas.frame(20)
    asphalt = canvas.tone(ASPHALT)
    streets = [(frame, canvas.choice([2, 4])), (frame.at(0, 0, QUARTER), canvas.choice([2, 4]))]
    for street, lanes in streets:
        strip(canvas, "pavement", canvas.tone(CONCRETE), street, 12.5 * lanes + 22)
    for street, lanes in streets:
        road(canvas, street, lanes, (14, 80), asphalt)
    (first, wide), (second, narrow) = [(s, 12.5 * n) for s, n in streets]
    canvas.polygon("pavement", asphalt, frame.box(narrow + 12, wide + 12))
    for street, width, crossed in ((first, wide, narrow), (second, narrow, wide)):
        for side in (-1, 1):
            crossing = street.at(side * (crossed / 2 + 12))
            for across in steps(-width / 2 + 2, width / 2, 5):
                canvas.polygon("pavement", WHITE, crossing.at(0, across).box(8, 2))
    if land == "pavement" or canvas.chance(0.8):
        for along in (-1, 1):
            for across in (-1, 1):
                corner = frame.at(along * (narrow / 2 + 58), across * (wide / 2 + 54))
                if canvas.chance(0.7):
                    build = canvas.choice([block, villa])
                    build(canvas, corner, canvas.between(50, 76), canvas.between(36, 60))
    for pose in (first.at(4, 8), second.at(-6, 7)):
        if canvas.chance(0.4):
            car(canvas, pose)
    if canvas.chance(0.85):
        trees(canvas, 60, sizes=(6, 11))


def overpass(canvas: Canvas) -> None:
    """Draw a freeway below a road bridge."""
    open_land(canvas)
    frame = canvas.frame(20)
    freeway_along(canvas, frame)
    if canvas.chance(0.35):
        trees(canvas, 70)
    bridge = frame.at(0, 0, QUARTER + canvas.between(-0.45, 0.45))
    lanes, deck = canvas.choice([2, 4]), canvas.tone(CONCRETE + ASPHALT)
    strip(canvas, "pavement", lit(deck, 1.15), bridge, 12.5 * lanes + 14, 22)
    road(canvas, bridge, lanes, (40, 200), deck, height=21)


def parking_lot(canvas: Canvas) -> None:
    """Draw rows of parked cars, with islands, a building or a strip of grass at the edge."""
    frame = canvas.frame()
    asphalt = canvas.tone(ASPHALT + CONCRETE[2:])
    canvas.ground("pavement", asphalt)
    stall, depth = canvas.between(8.5, 10), canvas.between(17, 19)
    full, slant = canvas.between(0.45, 0.97), canvas.choice([0, 0, 0.35])
    islands = canvas.choice(["none", "none", "trees", "grass"])
    for across in steps(-SIZE, SIZE, 2 * depth + canvas.between(22, 30)):
        row = frame.at(0, across)
        canvas.line("pavement", lit(WHITE, 0.9), row.points([(-FAR, 0), (FAR, 0)]), 1)
        for along in steps(-SIZE, SIZE, stall):
            for side in (-1, 1):
                place = row.at(along, side * depth / 2, side * QUARTER + slant)
                if not place.near_tile(depth):
                    continue
                line = place.at(0, stall / 2).points([(-depth / 2, 0), (depth / 2, 0)])
                canvas.line("pavement", lit(WHITE, 0.9), line, 0.8)
                if canvas.chance(full):
                    turn = math.pi * canvas.chance(0.3)
                    car(canvas, place.at(canvas.between(-1, 1), canvas.between(-0.6, 0.6), turn))
        if islands != "none":
            for along in steps(-SIZE, SIZE, 11 * stall):
                island = row.at(along + stall / 2)
                canvas.polygon("grass", canvas.tone(LAWN), island.box(12, 2 * depth), 1)
                if islands == "trees":
                    tree(canvas, island.at(0, canvas.between(-8, 8)), 9, canvas.tone(LEAVES))
    if canvas.chance(0.3):
        verge = frame.at(canvas.between(95, 125) + FAR / 2, 0, QUARTER)
        strip(canvas, "grass", canvas.tone(LAWN), verge, FAR)
        if canvas.chance(0.5):
            block(canvas, verge.at(canvas.between(-30, 30), FAR / 2 - 50), 120, 60)
        trees(canvas, 50, on=("grass",), sizes=(6, 11))


def runway(canvas: Canvas) -> None:
    """Draw a runway with its marks and skid marks."""
    ground(canvas, "grass", "grass", "sand", "sand", "pavement")
    frame = canvas.frame(24)
    surface, width = canvas.tone(ASPHALT + CONCRETE), canvas.between(96, 150)
    kind = canvas.choice(["plain", "threshold", "aiming point", "taxiway"])
    taxiway = frame.at(canvas.between(-40, 40), 0, canvas.choice([QUARTER, 0.6, -0.6]))
    if kind == "taxiway":
        canvas.polygon("pavement", lit(surface, 0.92), taxiway.at(FAR / 2).box(FAR, 56))
    strip(canvas, "pavement", lit(surface, 0.8), frame, width + canvas.between(20, 60))
    slabs(canvas, frame, surface, 25, width)
    for along, across, length in canvas.rng.normal(0, (150, 1, 60), (90, 3)).tolist():
        skid = frame.at(along, canvas.choice([-9, 9, 0]) + 4 * across)
        tread = lit(surface, canvas.between(0.5, 0.8))
        canvas.polygon("pavement", tread, skid.box(40 + abs(length), canvas.between(0.6, 2.2)))
    for side in (-1, 1):
        strip(canvas, "pavement", WHITE, frame.at(0, side * (width / 2 - 4)), 3)
    for along in steps(-SIZE, SIZE, 110):
        canvas.polygon("pavement", WHITE, frame.at(along).box(60, 2.4))
    for side in (-1, 1):
        if kind == "threshold":
            for across in steps(8, width / 2 - 10, 7):
                canvas.polygon("pavement", WHITE, frame.at(0, side * across).box(90, 3.6))
        if kind == "aiming point":
            canvas.polygon("pavement", WHITE, frame.at(20, side * 20).box(80, 11))
    if kind == "taxiway":
        canvas.line("pavement", YELLOW, taxiway.points([(0, 0), (FAR, 0)]), 1.8)
