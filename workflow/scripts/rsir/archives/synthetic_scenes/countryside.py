"""Scenes of open land: fields, beaches, chaparral, forests, golf courses and rivers."""

import math

import numpy as np

from rsir.archives.synthetic_scenes.drawing import QUARTER, SIZE, Canvas, lit, steps
from rsir.archives.synthetic_scenes.landcover import (
    CONCRETE,
    FAR,
    LAWN,
    LEAVES,
    SAND,
    SOIL,
    WHITE,
    grove,
    open_land,
    patches,
    shrubs,
    strip,
    tree,
    trees,
)
from rsir.archives.synthetic_scenes.structures import road


def agricultural(canvas: Canvas) -> None:
    """Draw a field with crop rows or an orchard, sometimes with a second field and a hedge."""
    soil = canvas.tone([(128, 116, 100), (150, 140, 128), (112, 100, 84), (146, 122, 98)])
    canvas.ground("field", soil)
    rows = canvas.frame()
    crop = canvas.tone([(88, 108, 82), (104, 128, 88), (116, 140, 104), (94, 92, 84), (70, 92, 66)])
    spacing = canvas.between(4.5, 10)
    if canvas.chance(0.15):
        species = canvas.tone(LEAVES)
        spacing = canvas.between(18, 26)
        for across in steps(-SIZE, SIZE, spacing):
            for along in steps(-SIZE, SIZE, 0.8 * spacing):
                place = rows.at(along + canvas.between(-1, 1), across)
                tree(canvas, place, 0.34 * spacing, canvas.tone([species], 0.12))
        return
    for across in steps(-SIZE, SIZE, spacing):
        strip(canvas, "field", canvas.tone([crop], 0.12), rows.at(0, across), 0.55 * spacing)
    if canvas.chance(0.4):
        edge = rows.at(0, canvas.between(40, 100), canvas.choice([0, QUARTER]))
        strip(canvas, "field", lit(soil, 1.1), edge.at(0, FAR / 2), FAR)
        for across in steps(9, FAR, 1.3 * spacing):
            strip(canvas, "field", canvas.tone([crop], 0.2), edge.at(0, across), 0.5 * spacing)
        if canvas.chance(0.6):
            species = canvas.tone(LEAVES)
            for along in steps(-SIZE, SIZE, 11):
                place = edge.at(along, canvas.between(-3, 3))
                tree(canvas, place, canvas.between(6, 11), canvas.tone([species], 0.14))


def beach(canvas: Canvas) -> None:
    """Draw a shore with sea, breakers, wet sand and dry sand."""
    shore = canvas.frame(50)
    _, inland = shore.coordinates()
    inland = inland + canvas.between(3, 12) * canvas.noise(110, 3)
    deep = canvas.tone([(66, 90, 96), (76, 90, 104), (88, 116, 114), (62, 82, 90)])
    canvas.ground("sea", deep)
    wobble = 9 * canvas.noise(45)
    for step in range(4):
        canvas.region("sea", lit(deep, 1.06 + 0.06 * step), inland + 70 - 17 * step + wobble)
    foam = 0.5 * canvas.noise(5, 2) + 0.25 * canvas.noise(40, 2)
    for reach in steps(-canvas.between(8, 60), 1, canvas.between(14, 32)):
        beyond = np.abs(inland - reach - 4 * canvas.noise(50, 2)) / canvas.between(5, 11)
        for light, rarity in ((0.6, -0.9), (0.8, -0.5), (1.0, -0.1)):
            canvas.region("sea", lit(WHITE, light), foam - beyond - rarity)
    sand = canvas.tone(SAND)
    canvas.region("sand", lit(sand, 0.78), inland - 2 * canvas.noise(20))
    canvas.region("sand", sand, inland - canvas.between(12, 34) - 5 * canvas.noise(60))
    if canvas.chance(0.12):
        canvas.region("grass", canvas.tone(LAWN), inland - 80 - 12 * canvas.noise(40))
        trees(canvas, 25, on=("grass",))
    if canvas.chance(0.12):
        road(canvas, shore.at(0, 92), 2, gap=(10, 60))


def chaparral(canvas: Canvas) -> None:
    """Draw shrubs on dry ground, sometimes with a sandy wash."""
    soil = canvas.tone([(196, 160, 128), (186, 152, 124), (204, 180, 138), (176, 148, 122)])
    canvas.ground("bare-soil", soil)
    if canvas.chance(0.25):
        across = canvas.frame().coordinates()[1]
        wash = canvas.between(8, 20) - np.abs(across + 14 * canvas.noise(110, 2))
        canvas.region("sand", canvas.tone(SAND), wash)
    shrubs(canvas, int(canvas.between(260, 600)), (2, canvas.between(6, 11)))


def forest(canvas: Canvas) -> None:
    """Draw a closed canopy, sometimes with a clearing."""
    species = canvas.tone(LEAVES)
    canvas.ground("trees", lit(species, 0.4))
    glade = canvas.chance(0.2)
    if glade:
        inside = canvas.pose().oval(140, 90) + 0.13 * canvas.noise(40)
        canvas.region("grass", canvas.tone(LAWN), inside)
    high = canvas.between(17, 26)
    crowns = np.sort(high * canvas.rng.uniform(0.55, 1, int(1.7 * (SIZE / high) ** 2)))
    for radius in crowns.tolist():  # the largest last, on top
        place = canvas.pose()
        if not glade or canvas.shows(("trees",), place, 3):
            tree(canvas, place, radius, canvas.tone([species], 0.2))


def golf_course(canvas: Canvas) -> None:
    """Draw a fairway and a green, with bunkers, trees or a path."""
    rough = canvas.tone(LAWN)
    canvas.ground("grass", rough)
    if canvas.chance(0.35):
        patches(canvas, "bare-soil", 60, 1.2)
    hole = canvas.frame(30)
    across = hole.coordinates()[1] + 22 * canvas.noise(130, 2)
    canvas.region("grass", lit(rough, 1.2), canvas.between(36, 60) - np.abs(across))
    if canvas.chance(0.4):
        path = canvas.between(3, 5) - np.abs(across - canvas.choice([-72, 72]))
        canvas.region("pavement", canvas.tone(CONCRETE), path)
    green = hole.at(canvas.between(-40, 40), canvas.between(-20, 20))
    inside = green.oval(72, 54) + 0.14 * canvas.noise(60, 2)
    canvas.region("grass", lit(rough, 1.32), inside + 0.22)
    canvas.region("grass", lit(rough, 1.48), inside)
    if canvas.chance(0.85):
        for _ in range(int(canvas.between(2, 5))):
            turn = canvas.between(0, 2 * math.pi)
            bunker = green.at(58 * math.cos(turn), 50 * math.sin(turn), turn + QUARTER)
            inside = bunker.oval(canvas.between(28, 48), canvas.between(16, 26))
            inside += 0.16 * canvas.noise(26, 2)
            canvas.region("grass", lit(rough, 0.85), inside + 0.16)
            canvas.region("sand", canvas.tone([(236, 226, 204), (226, 212, 186)]), inside)
    if canvas.chance(0.8):
        grove(canvas, 90, 0.5, (8, 15))


def river(canvas: Canvas) -> None:
    """Draw a river with banks of sand or soil and trees along it."""
    open_land(canvas)
    frame = canvas.frame(30)
    across = frame.coordinates()[1] + canvas.between(10, 34) * canvas.noise(150, 3)
    width = canvas.between(18, 46)
    bank = canvas.choice(["sand", "bare-soil", "none"])
    if bank != "none":
        colour = canvas.tone(SAND if bank == "sand" else SOIL)
        shift = canvas.choice([-1, 1]) * canvas.between(4, 16)
        canvas.region(bank, colour, width + 10 - np.abs(across - shift) + 5 * canvas.noise(30))
    stream = canvas.tone([(92, 84, 70), (84, 96, 82), (70, 78, 72), (112, 104, 86), (62, 66, 58)])
    for step in range(3):
        canvas.region("water", lit(stream, 1.12 - 0.07 * step), width - 5 * step - np.abs(across))
    if canvas.chance(0.9):
        grove(canvas, canvas.between(60, 150), canvas.between(-1.2, 0.1), (7, 15))
