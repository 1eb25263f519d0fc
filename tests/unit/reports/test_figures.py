"""Figures show what their tables hold, in colours that keep their meaning, the same each time."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_hex

from rsir.archives.archive_table import FIXED_COLUMNS
from rsir.evaluation.bounds import BOUNDS
from rsir.evaluation.contrasts import planned
from rsir.evaluation.methods import METHOD
from rsir.evaluation.scores import bound_scores, query_scores
from rsir.evaluation.tables import write_table
from rsir.reports.figures import maps
from rsir.reports.figures.comparison import METRICS, comparison_figure
from rsir.reports.figures.contrasts import contrasts_figure
from rsir.reports.figures.contrasts import place_of as contrast_place
from rsir.reports.figures.cutoffs import bound_curve_rows, curve_rows, cutoffs_figure
from rsir.reports.figures.learning import learning_figure, read_curve
from rsir.reports.figures.maps import chosen_images, embed, groups_of, maps_figure
from rsir.reports.figures.rows import place_of, quoted
from rsir.reports.figures.scenes import scenes_figure
from rsir.reports.figures.style import OFFSETS, labeling_colours, readable, save
from rsir.reports.figures.thesis import thesis_figure
from rsir.search.protocol import Search

LABELINGS = ["single_label", "multi_label", "independent", "powerset"]
NETWORKS = ["vgg16", "resnet50"]
HANDCRAFTED = ["color_histogram", "lbp"]
SHELF = "off_the_shelf"
ODD = ["$a_b$", "_hidden", "a < b & c", "Straße", "$", "50 %"]


def methods(networks=NETWORKS, labelings=LABELINGS, handcrafted=HANDCRAFTED, bounds=BOUNDS):
    return [
        *((n, one, d) for n in networks for one in [SHELF, *labelings] for d in ("pool", "output")),
        *((name, SHELF, "histogram") for name in handcrafted),
        *((bound, "", "") for bound in bounds),
    ]


def with_settings(rows):
    """Return the rows as those that are quoted, among rows of another protocol and cutoff."""
    others = rows.assign(query="included", k=5), rows.assign(query="excluded", k=50)
    for other in others:
        numbers = other.select_dtypes(float).columns
        other[numbers] = 0.123
    quotes = rows.assign(query="excluded", k=5)
    return pd.concat([quotes, *others], ignore_index=True)


def comparison(of=None, seed=0):
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(of or methods(), columns=METHOD[:3]).assign(archive="mine", queries=30)
    for metric in METRICS:
        rows[metric] = rng.uniform(0.3, 0.8, len(rows))
        rows[f"{metric}_low"] = rows[metric] - rng.uniform(0, 0.1, len(rows))
        rows[f"{metric}_high"] = rows[metric] + rng.uniform(0, 0.1, len(rows))
    return with_settings(rows)


def contrasts(of=None):
    rng = np.random.default_rng(1)
    pairs = planned(of or methods())
    names = [*METHOD[:3], *(f"against_{name}" for name in METHOD[:3])]
    rows = pd.DataFrame([(*one, *other) for one, other in pairs], columns=names)
    rows["difference"] = rng.normal(0, 0.1, len(rows))
    rows["low"], rows["high"] = rows["difference"] - 0.02, rows["difference"] + 0.03
    rows["p_holm"] = rng.choice([0.05, np.nextafter(0.05, 1), np.nan], len(rows))
    table = with_settings(rows.assign(metric="accuracy"))
    return pd.concat([table, table.assign(metric="recall", difference=0.5)], ignore_index=True)


def by_scene(scenes, of=None):
    rng = np.random.default_rng(2)
    rows = pd.DataFrame(of or methods(), columns=METHOD[:3])
    rows = rows.merge(pd.DataFrame({"scene": scenes}), how="cross")
    return with_settings(rows.assign(accuracy=rng.random(len(rows))))


def curve(labeling="multi_label", tasks=("multi_label",), seed=0, backbone="vgg16", valid=False):
    rng = np.random.default_rng(seed)
    steps = [("head", 1), ("head", 2), ("tail", 1), ("tail", 2), ("tail", 3)]
    rows = pd.DataFrame([(task, *step) for task in tasks for step in steps])
    rows.columns = ["task", "stage", "epoch"]
    rows["train_loss"] = rng.uniform(0.1, 1, len(rows))
    for name in ("validation_loss", "validation_map"):
        rows[name] = rng.random(len(rows)) if valid else np.nan
    return rows.assign(backbone=backbone, labeling=labeling, seed=seed)


def archive(scenes=("port", "farm", "city"), each=6, labels=("sea", "grass", "car")):
    rng = np.random.default_rng(3)
    images = len(scenes) * each
    columns = {
        "image": [f"i{number:02}" for number in range(images)],
        "path": "",
        "scene": np.repeat(list(scenes), each),
        "width": 1,
        "height": 1,
        "sha256": "0",
    }
    assert tuple(columns) == FIXED_COLUMNS
    return pd.DataFrame(columns | {name: rng.integers(0, 2, images) for name in labels})


def curves_of(table, models=((SHELF, 0), ("multi_label", 0), ("multi_label", 1))):
    search = Search(np.arange(len(table)), np.arange(len(table)))
    rows = [bound_curve_rows(table, search, [4])]
    for number, (labeling, seed) in enumerate(models):
        found = rankings(len(table), number + seed)
        rows.append(curve_rows(table, search, found, "vgg16", labeling))
    return pd.concat(rows, ignore_index=True)


def rankings(images, seed):
    rng = np.random.default_rng(seed)
    return {
        name: np.stack([rng.permutation(images) for _ in range(images)])[:, : images - 2]
        for name in ("pool", "output")
    }


def table_of_thesis():
    rows = pd.DataFrame(
        [("vgg16", SHELF, "pool"), ("vgg16", "multi_label", "output")], columns=METHOD[:3]
    ).merge(pd.DataFrame({"metric": METRICS}), how="cross")
    rng = np.random.default_rng(4)
    rows["ours"], rows["thesis"] = rng.random((2, len(rows)))
    return rows.assign(ours_low=rows["ours"] - 0.1, ours_high=rows["ours"] + 0.1)


def marks(axes):
    """Return the single points of a panel: where, in which colour, and whether filled."""
    return {
        (round(float(line.get_ydata()[0]), 2), round(float(line.get_xdata()[0]), 9)): (
            to_hex(line.get_color()).upper(),
            line.get_markerfacecolor() == line.get_color(),
        )
        for line in axes.lines
        if len(line.get_xdata()) == 1
    }


def intervals(axes):
    return {
        (round(float(line.get_ydata()[0]), 2), *np.round(line.get_xdata(), 9))
        for line in axes.lines
        if len(line.get_xdata()) == 2 and line.get_linestyle() == "-" and line.get_zorder() == 2
    }


def rows_of(axes):
    """Return the place of each row of a panel, by its heading and label, and the headings."""
    places, heading = {}, None
    for place, text in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
        if text.get_fontweight() == "bold":
            heading = text.get_text()
        else:
            places[heading, text.get_text()] = float(place)
    return places


def texts(figure):
    return [text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_text"))]


@pytest.mark.parametrize(
    "of",
    [
        methods(),
        methods(["resnet50"], [], []),
        methods([], [], ["lbp"]),
        methods(bounds=("random", "label oracle")),
        methods(["mine_$x"], ["own"], []),
    ],
    ids=["all", "one backbone", "no network", "no scenes", "own names"],
)
def test_the_comparison_shows_each_mean_and_interval_in_its_row(of) -> None:
    table = comparison(of)
    figure = comparison_figure(table, [*LABELINGS, "own"])
    colours = labeling_colours([*LABELINGS, "own"])
    places = rows_of(figure.axes[0])
    bounds = {name for name, labeling, _ in of if not labeling}
    for axes, metric in zip(figure.axes, METRICS, strict=True):
        assert axes.get_title() == metric
        expected_marks, expected_intervals = {}, set()
        for row in quoted(table).to_dict("records"):
            if row["backbone"] in bounds:
                continue
            name = row["backbone"], row["labeling"], row["descriptor"]
            place = round(places[place_of(*name)] + OFFSETS[name[2]], 2)
            colour = "#767676" if name[2] == "histogram" else colours[name[1]].upper()
            expected_marks[place, round(row[metric], 9)] = colour, True
            ends = np.round([row[f"{metric}_low"], row[f"{metric}_high"]], 9)
            expected_intervals.add((place, *ends))
        assert marks(axes) == expected_marks
        assert intervals(axes) == expected_intervals
        assert bounds == {text.get_text() for text in axes.texts}
        rows = quoted(table).set_index("backbone")
        for text in axes.texts:
            assert text.xy[0] == rows.loc[text.get_text(), metric]


def test_a_labeling_has_one_colour_whatever_else_there_is() -> None:
    assert labeling_colours([]).items() <= labeling_colours(["b", *LABELINGS, "a"]).items()
    both = labeling_colours(["b", "multi_label", "a"])
    assert len(set(both.values())) == len(both)
    assert labeling_colours(["b", "a", "c"])["a"] == both["a"]
    many = labeling_colours([f"own{number}" for number in range(40)])
    assert len(many) == 45

    own = both["a"].upper()
    figures = [
        comparison_figure(comparison(methods(["vgg16"], ["a"], [])), ["b", "a"]),
        comparison_figure(comparison(methods(NETWORKS, ["b", "a"])), ["b", "a"]),
        contrasts_figure(contrasts(methods(["vgg16"], ["a"], [])), ["b", "a"]),
        learning_figure([curve("a")], ["b", "a"]),
        cutoffs_figure(curves_of(archive(), [(SHELF, 0), ("a", 0)]), 4, ["b", "a"]),
    ]
    for figure in figures:
        used = {to_hex(line.get_color()).upper() for line in figure.axes[0].lines}
        assert own in used


@pytest.mark.parametrize(
    "of",
    [methods(), methods(["vgg16"], LABELINGS, []), methods(["vgg16"], [], ["lbp"])],
    ids=["all", "no baseline", "no labeling"],
)
def test_each_contrast_is_drawn_once_and_filled_where_it_is_told_apart(of) -> None:
    table = contrasts(of)
    figure = contrasts_figure(table, LABELINGS)
    rows = quoted(table)
    rows = rows[(rows["metric"] == "accuracy") & (rows["labeling"] != "")]
    networks = list(rows["backbone"].unique())
    panels = np.reshape(figure.axes, (-1, len(networks)))
    drawn = 0
    for across in panels:
        places = rows_of(across[0])
        for network, axes in zip(networks, across, strict=True):
            found = marks(axes)
            drawn += len(found)
            for row in rows[rows["backbone"] == network].to_dict("records"):
                if (place := places.get(contrast_place(row))) is not None:
                    spot = round(place + OFFSETS[row["descriptor"]], 2), round(row["difference"], 9)
                    assert found.pop(spot)[1] == (row["p_holm"] <= 0.05)
            assert not found
    assert drawn == len(rows) > 0


def test_the_scenes_are_sorted_and_their_cells_are_the_means() -> None:
    table = by_scene(ODD)
    figure = scenes_figure(table)
    rows = quoted(table)
    learned = rows[rows["labeling"] != ""]
    scenes = learned.groupby("scene")["accuracy"].mean().sort_values(ascending=False).index
    shown = [text.get_text() for text in figure.axes[-1].get_xticklabels()]
    assert shown == list(scenes)
    values = np.concatenate([axes.collections[0].get_array() for axes in figure.axes])
    expected = rows.pivot_table("accuracy", METHOD[:3], "scene", sort=False)[scenes]
    assert np.allclose(np.sort(values, axis=0), np.sort(expected.to_numpy(), axis=0))
    for axes in figure.axes:
        written = [int(text.get_text()) for text in axes.texts]
        assert np.allclose(written, 100 * axes.collections[0].get_array().ravel(), atol=0.51)
    # Pooled features come first, though files name them second.
    shuffled = scenes_figure(by_scene(ODD, sorted(methods(), key=lambda one: one[2] == "pool")))
    for drawn in (figure, shuffled):
        labels = [text.get_text() for text in drawn.axes[0].get_yticklabels()]
        assert labels[:3] == ["off the shelf, pool", "off the shelf, output", "single-label, pool"]
    first = figure.axes[0].collections[0].get_array()[0]
    of_first = rows[(rows[METHOD[:3]] == ["vgg16", SHELF, "pool"]).all(axis=1)]
    assert np.allclose(first, of_first.set_index("scene")["accuracy"][scenes])


def test_a_number_can_be_read_in_each_cell_of_a_scene() -> None:
    figure = scenes_figure(by_scene(["port", "farm"]))
    cells = figure.axes[0].collections[0]
    shades = colormaps[cells.get_cmap().name](cells.norm(np.linspace(0, 1, 101)))[:, :3]
    linear = np.where(shades <= 0.04045, shades / 12.92, ((shades + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert ((luminance + 0.05) / 0.05).min() >= 4.5  # against black, as the WCAG asks for
    assert {text.get_color() for text in figure.axes[0].texts} == {"black"}


def test_the_curves_are_what_the_tables_say_at_their_cutoff() -> None:
    table = archive()
    search = Search(np.arange(len(table)), np.arange(len(table)))
    found = rankings(len(table), 0)
    rows = [
        curve_rows(table, search, found, "vgg16", "multi_label"),
        bound_curve_rows(table, search, [3, 4]),
    ]
    scores = pd.concat(
        [
            query_scores(table, search, found, [3, 4], "vgg16", "multi_label", 0),
            bound_scores(table, search, [3, 4]),
        ]
    )
    scores = scores[scores["query"] == "excluded"]
    means = scores.groupby([*METHOD[:3], "k"])[list(METRICS)].mean()
    curves = pd.concat(rows).set_index([*METHOD[:3], "k"])[list(METRICS)]
    assert np.allclose(curves.loc[means.index], means)
    assert len(means) == 2 * 5


def test_the_curves_are_means_over_seeds_of_the_same_search() -> None:
    rows = curves_of(archive())
    figure = cutoffs_figure(rows, 4, LABELINGS)
    colour = labeling_colours(LABELINGS)["multi_label"]
    (solid,) = (
        line
        for line in figure.axes[0].lines
        if line.get_color() == colour and line.get_linestyle() == "-"
    )
    own = rows[(rows["labeling"] == "multi_label") & (rows["descriptor"] == "pool")]
    assert np.allclose(solid.get_ydata(), own.groupby("k")["accuracy"].mean())
    assert list(solid.get_xdata()) == list(range(1, 16))  # 16 were ranked, of which one asks


def test_queries_outside_of_what_is_searched_lose_no_image() -> None:
    table = archive()
    search = Search(np.arange(6), np.arange(6, 18))
    found = {"pool": np.tile(np.arange(12), (6, 1))}
    rows = curve_rows(table, search, found, "vgg16", SHELF)
    assert rows["k"].max() == 12
    scores = query_scores(table, search, found, [12], "vgg16", SHELF, None)
    assert np.allclose(rows.iloc[-1][list(METRICS)].astype(float), scores[list(METRICS)].mean())


@pytest.mark.parametrize("scenes", [("port", "farm", "city"), ("", "", "")])
def test_there_is_a_scene_oracle_where_there_are_scenes(scenes) -> None:
    figure = cutoffs_figure(curves_of(archive(scenes)), 4, LABELINGS)
    written = {text.get_text() for text in figure.axes[0].texts}
    assert written == set(BOUNDS if any(scenes) else ("random", "label oracle"))


def test_learning_curves_run_through_both_stages_with_their_mean_over_tasks(tmp_path) -> None:
    tasks = ("$sea$", "_car", "12")
    path = tmp_path / "vgg16" / "own-seed-seed7.csv"
    written = curve("own-seed", tasks).drop(columns=["backbone", "labeling", "seed"])
    write_table(path, written)
    read = read_curve(path)
    assert (read[["backbone", "labeling"]] == ["vgg16", "own-seed"]).all(axis=None)
    assert set(read["seed"]) == {7}
    figure = learning_figure([read, curve("own-seed", tasks, seed=1)], ["own-seed"])
    (axes,) = figure.axes
    lines = [line for line in axes.lines if len(line.get_xdata()) == 5]
    thick = [line for line in lines if line.get_linewidth() > 1]
    assert (len(thick), len(lines)) == (2, 2 * (1 + len(tasks)))
    expected = written.assign(step=[*range(1, 6)] * 3).groupby("step")["train_loss"].mean()
    assert np.allclose(thick[0].get_ydata(), expected)
    assert list(thick[0].get_xdata()) == [1, 2, 3, 4, 5]
    (border,) = (line for line in axes.lines if line.get_linestyle() == ":")
    assert border.get_xdata()[0] == 2.5


def test_a_validation_part_adds_its_loss_and_its_precision() -> None:
    curves = [curve(valid=True), curve(valid=True, backbone="resnet50")]
    figure = learning_figure(curves, LABELINGS)
    assert len(figure.axes) == 4
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == [
        f"{name}\n{what}" for name in ("VGG16", "ResNet50") for what in ("loss", "mAP")
    ]
    dashed = [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    assert np.allclose(dashed[0].get_ydata(), curves[0]["validation_loss"])
    (precision,) = (line for line in figure.axes[1].lines if len(line.get_xdata()) == 5)
    assert np.allclose(precision.get_ydata(), curves[0]["validation_map"])


@pytest.fixture(scope="module")
def features() -> np.ndarray:
    """18 images of three scenes, whose features point three ways."""
    rng = np.random.default_rng(5)
    return (np.repeat(np.eye(3, 8), 6, axis=0) + rng.normal(0, 0.05, (18, 8))).astype(np.float32)


def test_a_map_is_the_same_each_time_and_keeps_neighbours(features) -> None:
    first, second = embed(features), embed(features)
    assert np.array_equal(first, second)
    lengths = np.geomspace(0.01, 100, 18, dtype=np.float32)[:, None]  # do not count
    for places in (first, embed(features * lengths)):
        distances = np.linalg.norm(places[:, None] - places, axis=2) + np.diag([np.inf] * 18)
        assert (distances.argmin(axis=1) // 6 == np.arange(18) // 6).all()


@pytest.mark.parametrize("images", [5, 6])
def test_few_images_are_mapped(features, images) -> None:
    assert np.isfinite(embed(features[:images])).all()


@pytest.mark.parametrize("value", [0, 1])
def test_images_that_are_all_alike_are_in_one_place(value) -> None:
    alike = np.full((18, 4), value, dtype=np.float32)
    assert np.array_equal(embed(alike), np.zeros((18, 2)))
    figure = maps_figure({("vgg16", SHELF): alike}, groups_of(archive(), np.arange(18)))
    figure.draw_without_rendering()


def test_a_map_shows_each_image_of_a_scene_with_its_look(features) -> None:
    table = archive(ODD[:3])
    pooled = {("vgg16", SHELF): features, ("vgg16", "multi_label"): features[::-1]}
    figure = maps_figure(pooled, groups_of(table, np.arange(18)))
    assert len(figure.axes) == 2
    for axes in figure.axes:
        assert [len(line.get_xdata()) for line in axes.lines] == [6, 6, 6]
        assert [text.get_text() for text in axes.texts] == ["1", "2", "3"]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == [f"{number}  {name}" for number, name in enumerate(sorted(ODD[:3]), 1)]
    places = embed(features)
    drawn = np.concatenate([line.get_xydata() for line in figure.axes[0].lines])
    number = groups_of(table, np.arange(18)).number
    assert np.allclose(drawn, places[np.argsort(number, kind="stable")])


def test_many_scenes_are_told_apart_by_colour_and_marker_together() -> None:
    looks = [maps._look(number) for number in range(63)]
    assert len({(look["color"], look["marker"]) for look in looks}) == 63


def test_without_scenes_images_are_told_apart_by_their_number_of_labels(features) -> None:
    table = archive(["", "", ""])
    groups = groups_of(table, np.arange(18))
    counts = table[["sea", "grass", "car"]].sum(axis=1)
    expected = [f"{count} label{'' if count == 1 else 's'}" for count in counts]
    assert [groups.names[number] for number in groups.number] == expected
    figure = maps_figure({("vgg16", SHELF): features}, groups)
    assert figure.legends[0].get_title().get_text() == "number of labels"
    assert not figure.axes[0].texts


def test_of_many_test_images_the_same_ones_are_drawn(monkeypatch) -> None:
    subset = np.array(["train", "test"] * 50)
    assert list(chosen_images(subset)) == list(range(1, 100, 2))
    monkeypatch.setattr(maps, "MOST_IMAGES", 10)
    some = chosen_images(subset)
    assert len(set(some)) == 10
    assert set(some) <= set(range(1, 100, 2))
    assert np.array_equal(some, chosen_images(subset))


def test_the_thesis_is_joined_with_ours() -> None:
    table = table_of_thesis()
    figure = thesis_figure(table, LABELINGS)
    for axes, metric in zip(figure.axes, METRICS, strict=True):
        rows = table[table["metric"] == metric]
        found = sorted(value for _, value in marks(axes))
        assert np.allclose(found, sorted([*rows["ours"], *rows["thesis"]]))
        assert len(intervals(axes)) >= len(rows)


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (lambda: comparison_figure(comparison(methods([], [], [])), []), "nothing to compare"),
        (lambda: contrasts_figure(contrasts(methods(["vgg16"], []))[:0], []), "to be compared"),
        (lambda: contrasts_figure(only_bounds(), []), "to be compared"),
        (lambda: scenes_figure(by_scene(["port"])[:0]), "no scenes"),
        (lambda: scenes_figure(by_scene(["port"], methods([], [], []))), "no image"),
        (lambda: learning_figure([], []), "fine-tunes nothing"),
        (lambda: cutoffs_figure(curves_of(archive(), []), 4, []), "nothing to draw"),
        (lambda: maps_figure({}, groups_of(archive(), np.arange(18))), "no network"),
        (lambda: maps_figure({("a", "b"): np.eye(4)}, groups_of(archive(), np.arange(4))), "5"),
        (lambda: thesis_figure(table_of_thesis()[:0], []), "no network"),
    ],
)
def test_where_there_is_nothing_to_draw_a_line_says_so(figure, said, tmp_path: Path) -> None:
    drawn = figure()
    assert not drawn.axes
    (text,) = drawn.texts
    assert said in text.get_text()
    save(drawn, tmp_path / "note.png", tmp_path / "note.svg")
    assert (tmp_path / "note.png").stat().st_size > 1000


def only_bounds():
    table = contrasts(methods(["vgg16"], [], []))
    return table[table["labeling"] == ""]


def everything(features):
    """Return a figure of each kind, with names that have meaning to a typesetter."""
    table = archive(ODD[:3], labels=ODD)
    pooled = {("vgg16", SHELF): features}
    return {
        "comparison": comparison_figure(comparison(), LABELINGS),
        "contrasts": contrasts_figure(contrasts(), LABELINGS),
        "scenes": scenes_figure(by_scene(ODD)),
        "cutoffs": cutoffs_figure(curves_of(table), 4, LABELINGS),
        "learning": learning_figure([curve("independent", ODD, valid=True)], LABELINGS),
        "maps": maps_figure(pooled, groups_of(table, np.arange(18))),
        "thesis": thesis_figure(table_of_thesis(), LABELINGS),
    }


def test_files_are_the_same_to_the_byte_each_time(features, tmp_path: Path) -> None:
    for run in ("first", "second"):
        for name, figure in everything(features).items():
            save(figure, *(tmp_path / run / f"{name}.{ending}" for ending in ("png", "svg")))
    files = sorted((tmp_path / "first").iterdir())
    assert len(files) == 14
    for file in files:
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes(), file.name
        if file.suffix == ".svg":
            ElementTree.fromstring(file.read_bytes())  # noqa: S314
            assert not re.search(r"<dc:date>", file.read_text())


def test_names_are_written_as_they_are(features, tmp_path: Path) -> None:
    figures = everything(features)
    for name in ("scenes", "maps"):
        for ending in ("png", "svg"):  # a lone dollar sign would not be typeset
            save(figures[name], tmp_path / f"{name}.{ending}")
        for text in figures[name].findobj(lambda one: hasattr(one, "get_parse_math")):
            assert not text.get_parse_math()
    assert set(ODD) <= set(texts(figures["scenes"]))
    # The letters of an SVG are paths, each text after a comment that holds it.
    svg = (tmp_path / "scenes.svg").read_text()
    assert "<!-- $a_b$ -->" in svg
    assert "<!-- Straße -->" in svg


def test_no_letter_is_smaller_than_eight_points_or_outside_of_its_figure(features) -> None:
    for name, figure in everything(features).items():
        figure.draw_without_rendering()
        drawn, inches = figure.get_tightbbox(), figure.get_size_inches()
        assert min(drawn.x0, drawn.y0) >= 0, name
        assert (drawn.max <= inches).all(), name
        for text in figure.findobj(lambda one: hasattr(one, "get_fontsize")):
            assert text.get_fontsize() >= 8, (name, text)


def test_own_names_stay() -> None:
    assert readable("vgg16") == "VGG16"
    assert readable("my_network-2") == "my_network-2"
