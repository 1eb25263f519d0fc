"""Scenes of settlements: residential areas, buildings, storage tanks and sports grounds."""

import math
from collections.abc import Iterator

from rsir.archives.synthetic_scenes.drawing import QUARTER, SIZE, Canvas, Pose, lit, steps
from rsir.archives.synthetic_scenes.landcover import (
    ASPHALT,
    CONCRETE,
    FAR,
    FLAT_ROOF,
    LAWN,
    LEAVES,
    OPEN_LAND,
    ground,
    open_land,
    patches,
    scatter,
    shrubs,
    strip,
    tree,
    trees,
)
from rsir.archives.synthetic_scenes.structures import (
    baseball_diamond,
    block,
    car,
    house,
    mobile_home,
    road,
    tank,
    tennis_court,
    traffic,
    villa,
)


def ball_park(canvas: Canvas) -> None:
    """Draw a baseball diamond and its outfield, with dugouts, a road or trees."""
    home = canvas.frame(0).at(-canvas.between(60, 95))
    lawn = canvas.tone(LAWN)
    canvas.ground("grass", lawn)
    for across in steps(-FAR, FAR, 44):
        strip(canvas, "grass", lit(lawn, 1.1), home.at(across, 0, QUARTER), 22)
    soil = canvas.tone([(196, 142, 106), (188, 150, 118), (176, 118, 88), (200, 164, 130)])
    base = canvas.between(62, 92)
    if canvas.chance(0.4):
        patches(canvas, "bare-soil", 50, 1.5)
    baseball_diamond(canvas, home, base, soil)
    if canvas.chance(0.45):
        road(canvas, home.at(-52, 0, QUARTER), 2, gap=canvas.choice([(20, 60), None]))
    if canvas.chance(0.45):
        for side in (-1, 1):
            dugout = home.at(0, 0, side * math.pi / 4).at(0.55 * base, side * 16)
            house(canvas, dugout, 36, 11, canvas.tone([(150, 150, 152), (96, 110, 100)]), hip=0)
    if canvas.chance(0.5):
        for pose in scatter(canvas, 50, ("grass", "trees"), clearance=26):  # off the infield
            tree(canvas, pose, canvas.between(8, 16), canvas.tone(LEAVES))


def buildings(canvas: Canvas) -> None:
    """Draw large buildings in rows along a street or a lawn."""
    frame = canvas.frame()
    ground(canvas, "pavement", "pavement", "grass")
    length, width = canvas.between(70, 110), canvas.between(60, 90)
    alley = canvas.between(14, 30)
    if canvas.chance(0.75):
        road(canvas, frame, 2, canvas.choice([(10, 60), (6, 30), None]), canvas.tone(ASPHALT))
    for side in (-1, 1):
        for across in steps(24 + width / 2, SIZE, width + alley):
            for along in steps(-SIZE, SIZE, length + alley):
                part = canvas.between(0.75, 1) * length
                block(canvas, frame.at(along, side * across), part, canvas.between(0.8, 1) * width)
    if canvas.chance(0.6):
        for pose in scatter(canvas, 40, ("pavement",), clearance=9):
            car(canvas, Pose(pose.x, pose.y, frame.angle + canvas.choice([0, QUARTER])))
    if canvas.chance(0.6):
        trees(canvas, 70, on=("grass", "pavement"), sizes=(5, 9))


def lots(frame: Pose, pitch: float, depth: float, street: float) -> Iterator[tuple[float, Pose]]:
    """Yield the lots along parallel streets: the offset of the street, and a pose facing it."""
    for across in steps(-SIZE, SIZE, street + 2 * depth):
        for side in (-1, 1):
            for along in steps(-SIZE, SIZE, pitch):
                lot = frame.at(along, across + side * (street + depth) / 2, -side * QUARTER)
                if lot.near_tile(depth):
                    yield across, lot


def neighbourhood(canvas: Canvas, pitch: float, depth: float, wood: int) -> None:
    """Draw houses on lots along streets, with driveways, gardens and trees."""
    frame = canvas.frame()
    open_land(canvas)
    street = canvas.tone(ASPHALT)
    driven, places = canvas.chance(0.75), list(lots(frame, pitch, depth, 30))
    for across in sorted({across for across, _ in places}):
        road(canvas, frame.at(0, across), 2, (40, 160) if driven else None, street, divider=None)
    for _, lot in places:
        drive = lot.at(0.25 * depth, canvas.choice([-0.3, 0.3]) * pitch)
        canvas.polygon("pavement", canvas.tone(CONCRETE), drive.box(0.62 * depth, 11))
        if driven and canvas.chance(0.45):
            car(canvas, drive.at(6))
    for _, lot in places:
        size = canvas.between(0.62, 0.8) * pitch
        setback, turn = canvas.between(0.04, 0.16) * depth, canvas.between(-0.08, 0.08)
        place = lot.at(-setback, 0, QUARTER + turn)
        villa(canvas, place, size, canvas.between(0.42, 0.52) * depth)
    trees(canvas, wood, sizes=(6, 13))


def dense_residential(canvas: Canvas) -> None:
    """Draw houses on small lots, close together."""
    wood = canvas.choice([0, 40, 80])
    neighbourhood(canvas, canvas.between(44, 52), canvas.between(58, 66), wood)


def medium_residential(canvas: Canvas) -> None:
    """Draw houses with gardens."""
    neighbourhood(canvas, canvas.between(68, 84), canvas.between(86, 104), 130)


def sparse_residential(canvas: Canvas) -> None:
    """Draw a single house with a driveway."""
    dry = ground(canvas, "grass", "grass", "bare-soil", "sand") == "sand"
    if canvas.chance(0.5):
        patches(canvas, "bare-soil", 70, 0.5)
    home = canvas.frame(30)
    bend = [(0.0, 0.0), (50.0, canvas.between(-14, 14)), (100, canvas.between(-50, 50)), (240, 10)]
    canvas.line("pavement", canvas.tone(CONCRETE + ASPHALT), home.at(0, 8).points(bend), 12)
    villa(canvas, home.at(0, 0, QUARTER), canvas.between(60, 80), canvas.between(34, 44))
    if canvas.chance(0.4):
        shed = home.at(-canvas.between(50, 70), canvas.between(-40, 40), canvas.between(-1, 1))
        house(canvas, shed, 26, 18, canvas.tone([(170, 170, 172), (140, 110, 90)]), hip=0)
    if canvas.chance(0.5):
        car(canvas, home.at(46, 6))
    if dry:
        shrubs(canvas, 260, (2, 8))
    trees(canvas, 12 if dry else int(canvas.between(40, 110)), sizes=(8, 17))


def mobile_home_park(canvas: Canvas) -> None:
    """Draw rows of mobile homes, sometimes slanted to their lanes."""
    frame = canvas.frame()
    ground(canvas, "grass", "bare-soil", "pavement")
    slant = canvas.choice([0, 0.3, -0.3])
    places = list(lots(frame, canvas.between(30, 36), 58, 24))
    asphalt, parked = canvas.tone(ASPHALT), canvas.chance(0.85)
    for across in sorted({across for across, _ in places}):
        strip(canvas, "pavement", asphalt, frame.at(0, across), 20)
        if parked:
            traffic(canvas, frame.at(0, across + 4), (60, 240))
    for _, lot in places:
        home = lot.at(0, 0, slant)
        canvas.polygon("pavement", canvas.tone(CONCRETE), home.at(14, 14).box(26, 9))
        if parked and canvas.chance(0.5):
            car(canvas, home.at(16, 14))
        if canvas.chance(0.95):
            mobile_home(canvas, home)
    if canvas.chance(0.85):
        trees(canvas, 70, sizes=(4, 9))


def storage_tanks(canvas: Canvas) -> None:
    """Draw a grid of round storage tanks of one size."""
    ground(canvas, "bare-soil", "pavement", "sand", "grass")
    frame = canvas.frame(20)
    if canvas.chance(0.5):
        patches(canvas, canvas.choice(["grass", "bare-soil"]), 80, 0.4)
    if canvas.chance(0.7):
        road(canvas, frame.at(0, 108), 2, canvas.choice([(20, 90), None]), divider=None)
    radius = canvas.between(22, 66)
    pitch = 2 * radius + canvas.between(14, 34)
    for across in steps(-SIZE, 88 - radius, pitch):
        for along in steps(-SIZE, SIZE, pitch):
            middle = frame.at(along + pitch / 2, across)
            if middle.near_tile(0) and (radius > 40 or canvas.chance(0.85)):
                canvas.polygon("pavement", canvas.tone(CONCRETE), middle.disc(radius + 5, 40))
                tank(canvas, middle, radius)
                pipe = middle.points([(radius, 0), (pitch - radius, 0)])
                canvas.line("tanks", (150, 150, 148), pipe, 2, 3)
    if canvas.chance(0.5):
        for pose in scatter(canvas, 3, (*OPEN_LAND, "pavement"), clearance=24):
            house(canvas, Pose(pose.x, pose.y, frame.angle), 32, 20, canvas.tone(FLAT_ROOF), 0)
    if canvas.chance(0.4):
        trees(canvas, 60)


def tennis_courts(canvas: Canvas) -> None:
    """Draw tennis courts side by side in a park, by a street or by a building."""
    open_land(canvas)
    frame = canvas.frame(26)
    inner = canvas.tone([(70, 116, 88), (74, 104, 130), (84, 120, 96), (96, 132, 112)])
    outer = canvas.tone([(150, 84, 76), (84, 124, 96), (168, 110, 100), (62, 100, 82)])
    rows, columns = canvas.choice([(1, 1), (1, 2), (2, 2), (1, 3), (1, 4), (2, 3)])
    width, length = 58 * columns, 116 * rows
    if canvas.chance(0.6):
        strip(canvas, "pavement", canvas.tone(CONCRETE), frame.at(-length / 2 - 12, 0, QUARTER), 12)
    for row in range(rows):
        for column in range(columns):
            place = frame.at(116 * (row + 0.5) - length / 2, 58 * (column + 0.5) - width / 2)
            tennis_court(canvas, place, inner, outer)
    if canvas.chance(0.55):
        road(canvas, frame.at(0, -width / 2 - 36), 2, canvas.choice([(20, 80), None]))
    if canvas.chance(0.5):
        block(canvas, frame.at(0, width / 2 + 46), canvas.between(90, 140), 64)
    if canvas.chance(0.9):
        trees(canvas, 110, sizes=(7, 14))
