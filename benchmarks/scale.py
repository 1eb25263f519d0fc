"""Time and memory of each stage against the number of images, on generated archives.

Whole runs, of up to 100,000 images, then the stages from the descriptors on, of up to as many as
`SCALE_IMAGES` in the environment says, 10,000 by default. The exponent of time is that of processor
time between the two largest archives. Rows for BigEarthNet and for ten million images are
extrapolated with it, and marked so.
"""

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from measure import Row
from search_stages import measured_stages
from whole_runs import measured_run

LARGEST = int(os.environ.get("SCALE_IMAGES", "10000"))
SIZES = [size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= LARGEST]
EXTRAPOLATED = {"BigEarthNet": 549_488, "ten million": 10_000_000}
LARGEST_RUN = 100_000
LINES = 8
"""Number of stages to draw, those that take longest."""

FIGURE = Path("results/benchmark_scale.png")

Tables = dict[int, pd.DataFrame]  # by the number of images


def measure() -> Iterator[Row]:
    """Measure archives of growing size, then extrapolate."""
    runs, searches = Tables(), Tables()
    for images in SIZES:
        if images <= LARGEST_RUN:
            runs[images] = measured_run(images)
            yield from measured_rows("run", images, runs[images])
    for images in SIZES:
        searches[images] = measured_stages(images)
        yield from measured_rows("from descriptors on", images, searches[images])
    draw({"whole runs": runs, "from descriptors on, 2,048 dimensions": searches})
    for name, tables in (("run", runs), ("from descriptors on", searches)):
        if len(tables) > 1:
            yield from growth_rows(name, tables)


def measured_rows(name: str, images: int, table: pd.DataFrame) -> Iterator[Row]:
    """Yield a row for each stage."""
    for stage, values in table.iterrows():
        yield Row(
            "scale",
            f"{name}: {stage}",
            f"{images:,} images",
            values["seconds"],
            images / values["seconds"],
            "images/s",
            peak_mib=int(values["peak_mib"]),
            agreement=f"{values['processor_seconds']:.1f} s of processor time",
        )


def growth_rows(name: str, tables: Tables) -> Iterator[Row]:
    """Yield, for each stage, how it grows between the two largest archives, and extrapolate."""
    few, many = sorted(tables)[-2:]
    for stage, after in tables[many].iterrows():
        before = tables[few].loc[stage]
        work = after["processor_seconds"] / before["processor_seconds"]
        exponent = math.log(work) / math.log(many / few)
        memory = after["peak_mib"] / before["peak_mib"]
        yield Row(
            "scale",
            f"{name}: {stage}",
            f"from {few:,} to {many:,}",
            agreement=f"time N^{exponent:.2f}, memory x {memory:.2f}",
        )
        for archive, images in EXTRAPOLATED.items():
            seconds = after["seconds"] * (images / many) ** exponent
            yield Row("scale", f"{name}: {stage}", f"{archive}, extrapolated", seconds)


def draw(panels: Mapping[str, Tables]) -> None:
    """Draw time and memory against the number of images, on logarithmic axes."""
    figure, rows = plt.subplots(2, len(panels), figsize=(10, 7), layout="constrained", sharex="col")
    for (title, tables), (above, below) in zip(panels.items(), rows.T, strict=True):
        longest = tables[max(tables)].nlargest(LINES, "seconds").index
        for stage in longest:
            for axes, quantity in ((above, "seconds"), (below, "peak_mib")):
                values = [table.loc[stage, quantity] for table in tables.values()]
                axes.loglog(list(tables), values, marker="o", label=stage)
        above.set(title=title, ylabel="seconds")
        below.set(xlabel="images", ylabel="peak memory of a process, MiB")
        above.legend()
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE, dpi=150)
