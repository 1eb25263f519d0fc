"""Findings on pixels: plain, saturated and grey images, other sizes, two kinds of radiometry."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from rsir.archives.attributes import LIMITS
from rsir.audit.finding import Finding, count, severity_of_share, share, single_cases
from rsir.audit.pixel_statistics import PixelStatistics
from rsir.audit.thresholds import (
    CLIPPED,
    COLOURED,
    CONSTANT,
    FEW,
    GREY,
    GROUP_IMAGES,
    MOST_GROUPS,
    PLAIN,
    RADIOMETRY,
    USUAL_SIZE,
)
from rsir.metrics.arrays import Floats, Scenes


def empty_images(pixels: PixelStatistics) -> Iterator[Finding]:
    """Yield images that show nearly nothing, are mostly one value, or are saturated."""
    constant = pixels.contrast < CONSTANT
    plain = ~constant & (pixels.plain > PLAIN)
    clipped = ~constant & ~plain & (pixels.clipped > CLIPPED)
    total = len(constant)
    for kind, chosen, what, why, order, remarks in (
        (
            "nearly constant images",
            constant,
            f"whose grey levels have a standard deviation below {CONSTANT:g} of 255",
            "There is nothing on them that a descriptor could describe.",
            pixels.contrast,
            [f"standard deviation {value:.1f}" for value in pixels.contrast],
        ),
        (
            "images that are mostly one value",
            plain,
            f"with one grey level on more than {PLAIN:.0%} of their pixels",
            "Missing values or frames look like this. Descriptors then describe the shape of the "
            "rest; calm water and snow are right as they are.",
            -pixels.plain,
            [
                f"{plain:.0%} of grey level {level}"
                for plain, level in zip(pixels.plain, pixels.commonest, strict=True)
            ],
        ),
        (
            "saturated images",
            clipped,
            f"with more than {CLIPPED:.0%} white pixels",
            "What is white there is lost: clouds, or a rendering whose range is too narrow.",
            -pixels.clipped,
            [f"{value:.0%} white" for value in pixels.clipped],
        ),
    ):
        rows = np.flatnonzero(chosen)
        if len(rows):
            rows = rows[np.argsort(order[rows], kind="stable")]
            yield Finding(
                kind=kind,
                severity=severity_of_share(len(rows), total, FEW),
                what=f"{count(len(rows), 'image')} ({share(len(rows), total)}) {what}.",
                why=why,
                advice="Look at them; remove those without content, or correct rgb and nodata of "
                "the archive.",
                cases=single_cases(rows, [remarks[row] for row in rows]),
            )


def grey_images(pixels: PixelStatistics) -> Iterator[Finding]:
    """Yield images that show something in grey, where most images are in colour."""
    grey = (pixels.color < GREY) & (pixels.contrast >= CONSTANT)
    rows = np.flatnonzero(grey)
    if len(rows) and (~grey).mean() > COLOURED:
        yield Finding(
            kind="grey images among coloured ones",
            severity=severity_of_share(len(rows), len(grey), FEW),
            what=f"{count(len(rows), 'image')} ({share(len(rows), len(grey))}) with the same "
            "values in red, green and blue.",
            why="One band was stored three times, or the images are of another sensor. "
            "Descriptors tell them from the others by that, whatever is on them.",
            advice="Get the images in colour, or remove them.",
            cases=single_cases(rows),
        )


def unusual_sizes(archive: pd.DataFrame) -> Iterator[Finding]:
    """Yield images of another size, where nearly all have one size."""
    size = archive["width"].astype(str) + " × " + archive["height"].astype(str)
    usual = size.mode().iloc[0]
    rows = np.flatnonzero(size != usual)
    if 0 < len(rows) < (1 - USUAL_SIZE) * len(size):
        side = archive[["width", "height"]].iloc[rows].to_numpy()
        width, height = archive.loc[size == usual, ["width", "height"]].iloc[0]
        is_far = bool((side * 2 < [width, height]).any() or (side > [2 * width, 2 * height]).any())
        yield Finding(
            kind="images of another size",
            severity="warning" if is_far else "note",
            what=f"{count(len(rows), 'image')} ({share(len(rows), len(size))}) not of "
            f"{usual} pixels as the others are.",
            why="Networks scale all images to one size: what is on these appears at another scale.",
            advice="Nothing for a few pixels; else cut or scale them as the others were.",
            cases=single_cases(rows, [f"{size.iloc[row]} pixels" for row in rows]),
        )


def unusual_modes(modes: Sequence[str]) -> Iterator[Finding]:
    """Yield images whose files store pixels in another way, where nearly all store them in one."""
    values, counts = np.unique(list(modes), return_counts=True)
    if len(values) < 2:
        return
    usual = str(values[counts.argmax()])
    rows = np.flatnonzero(np.array(modes) != usual)
    if len(rows) < (1 - USUAL_SIZE) * len(modes):
        yield Finding(
            kind="images stored in another way",
            severity="note",
            what=f"{count(len(rows), 'image')} ({share(len(rows), len(modes))}) not stored as "
            f"{usual}, as the others are.",
            why="They are converted to the same 8 bits of red, green and blue, but may come from "
            "another source than the others.",
            advice="Look at where these files come from.",
            cases=single_cases(rows, [modes[int(row)] for row in rows]),
        )


def two_radiometries(
    archive: pd.DataFrame, groups: Mapping[str, Scenes], pixels: PixelStatistics
) -> Iterator[Finding]:
    """Yield groups of images that are brighter, darker, of more or of less contrast than others.

    Brightness and contrast are compared within scenes, where there are any.

    Parameters
    ----------
    archive
        The archive's table, N images.
    groups
        (N,) the group of each image, for each way to group the archive.
    pixels
        The statistics of the images.
    """
    scenes = archive["scene"].to_numpy(str)
    for name, group in groups.items():
        values, sizes = np.unique(group, return_counts=True)
        for value in values[sizes >= GROUP_IMAGES] if len(values) > 1 else []:
            chosen = group == value
            for word, numbers in (("bright", pixels.brightness), ("contrast", pixels.contrast)):
                distance = standardised_difference(numbers, chosen, scenes)
                if abs(distance) > RADIOMETRY:
                    more = {"bright": ("brighter", "darker")}.get(
                        word, ("of more contrast", "of less contrast")
                    )[distance < 0]
                    rows = np.flatnonzero(chosen)
                    yield Finding(
                        kind="two kinds of radiometry",
                        severity="warning",
                        what=f"{count(len(rows), 'image')} with {name} {str(value)!r} are {more} "
                        f"than the others, by {abs(distance):.1f} standard deviations within "
                        f"{'scenes' if scenes.any() else 'groups'}.",
                        why="A descriptor can separate images of another sensor, season or "
                        "processing by their brightness or contrast alone. If all of them are in "
                        "one subset, scores measure that difference.",
                        advice="Look at both; render them alike (rgb of the archive), or keep both "
                        "kinds on both sides of the split.",
                        cases=single_cases(rows),
                    )


def standardised_difference(values: Floats, chosen: Scenes, scenes: Scenes) -> float:
    """Return the mean difference (N,) of chosen and other images within scenes, standardised.

    It is the mean over the scenes that have two of both, weighted by their number of chosen images,
    in units of the pooled standard deviation within the parts of a scene; 0 without such a scene.
    """
    table = pd.DataFrame({"value": values, "scene": scenes})
    one, other = (
        table[part].groupby("scene")["value"].agg(["mean", "var", "size"])
        for part in (chosen, ~chosen)
    )
    both = one.merge(other, left_index=True, right_index=True, suffixes=("_one", "_other"))
    both = both[(both["size_one"] >= 2) & (both["size_other"] >= 2)]
    if both.empty:
        return 0.0
    degrees = {part: both[f"size_{part}"] - 1 for part in ("one", "other")}
    squares = sum(float((both[f"var_{part}"] * degrees[part]).sum()) for part in degrees)
    deviation = np.sqrt(squares / float(sum(number.sum() for number in degrees.values())))
    difference = both["mean_one"] - both["mean_other"]
    mean = float(np.average(difference, weights=both["size_one"]))
    return mean / max(1e-9, float(deviation))


def grouping_attributes(attributes: pd.DataFrame) -> dict[str, Scenes]:
    """Return the attributes that group an archive: of 2 to `MOST_GROUPS` values, no place."""
    return {
        str(name): attributes[name].to_numpy(str)
        for name in attributes.columns
        if name not in ("image", "crs", "bounds", "split", *LIMITS)
        and 2 <= attributes[name].nunique() <= MOST_GROUPS
    }
