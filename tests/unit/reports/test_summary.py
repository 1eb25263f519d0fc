"""The sentences against the tables that they are drawn from: no claim that these do not hold."""

import gc
import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from rsir.evaluation.by_label import LABEL_METRICS, by_label
from rsir.evaluation.by_scene import by_scene
from rsir.evaluation.comparison import comparison
from rsir.evaluation.contrasts import contrasts
from rsir.evaluation.methods import METHOD
from rsir.evaluation.tables import read_results, write_table
from rsir.metrics.scoring import LOWER_IS_BETTER, METRICS
from rsir.reports.summary import summary, verdict

SHELF = ("vgg16", "off_the_shelf", "pool")
SINGLE = ("vgg16", "single_label", "output")
MULTI = ("vgg16", "multi_label", "output")
INDEPENDENT = ("vgg16", "independent", "output")
LBP = ("lbp", "off_the_shelf", "histogram")
BOUNDS = (("random", "", ""), ("scene oracle", "", ""), ("label oracle", "", ""))
NETWORK = (SHELF, SINGLE, MULTI, INDEPENDENT)
ALL = (*NETWORK, LBP, *BOUNDS)

FIRST = METHOD[:3]
SECOND = [f"against_{name}" for name in FIRST]
LABELS = ("airplane", "bare soil", "cars", "dock", "field", "grass", "mobile home", "nowhere")
SCENES = ("airfield", "beach", "city", "desert", "estate", "forest")

SENTENCE = re.compile(
    r"- \*\*(?P<first>.+?)\*\*(?: against (?P<second>.+?))?: "
    r"(?P<verdict>better by|worse by|not told apart,) (?P<difference>\S+) "
    r"\[(?P<low>\S+), (?P<high>\S+)\], adjusted p = (?P<p>\S+); "
    r"queries better, alike, worse: (?P<wins>\d+), (?P<ties>\d+), (?P<losses>\d+)\."
    r"(?P<doubts>.*) By the other metrics: (?P<others>.+)\."
)
SCENE_DOUBT = " But when whole scenes are drawn, not queries, the interval is [{}, {}], with zero"
SEED_DOUBT = " But when seeds are drawn, too, the interval is [{}, {}], with zero"


@pytest.fixture(scope="module", autouse=True)
def little_to_collect() -> Iterator[None]:
    """Spare the modules in memory: statsmodels collects garbage each time it adjusts p values."""
    gc.freeze()
    yield
    gc.unfreeze()


class Simulated:
    """Scores of 30 queries of six scenes, and the tables of them."""

    def __init__(self, seed=0, methods=ALL, seeds=1, with_scenes=True, settings=(("excluded", 5),)):
        self.rng = np.random.default_rng(seed)
        self.images = [f"image {number:02}" for number in range(30)]
        scenes = np.repeat(SCENES, 5) if with_scenes else [""] * 30
        self.scenes = pd.Series(scenes, index=self.images, dtype=str)
        easy = self.rng.normal(0, 0.18, (30, len(METRICS)))
        self.true = {  # seeds, queries and metrics, each the better the higher
            (setting, method): {"random": 0.1, "label oracle": 0.9}.get(method[0], 0.5)
            + easy
            + self.rng.normal(0, 0.05, (seeds if is_learned(method) else 1, *easy.shape))
            for setting in settings
            for method in methods
            if with_scenes or method[0] != "scene oracle"
        }

    def improve(self, method, value, metric=None, seed=None, setting=None):
        """Make a method better: in all queries alike or each by its own, by a metric or all."""
        metrics = slice(None) if metric is None else [METRICS.index(metric)]
        seeds = slice(None) if seed is None else [seed]
        for (own_setting, own), scores in self.true.items():
            if own == method and setting in (None, own_setting):
                scores[seeds, :, metrics] += np.reshape(value, (-1, 1))
        return self

    def scatter(self):
        """Let methods, scenes and seeds have each some effect of their own, metric by metric."""
        for scores in self.true.values():
            seeds, _, metrics = scores.shape
            scores += self.rng.normal(0, 0.06, metrics)
            scores += np.repeat(self.rng.normal(0, 0.08, (len(SCENES), metrics)), 5, axis=0)
            if seeds > 1:
                scores += self.rng.normal(0, 0.03, (seeds, 1, 1))
        return self

    @property
    def scores(self):
        tables = []
        for ((query, k), method), scores in self.true.items():
            for seed, of_seed in enumerate(scores):
                table = pd.DataFrame(of_seed, columns=list(METRICS))
                table[list(LOWER_IS_BETTER)] *= -1
                table[METHOD] = [*method, query, k]
                table["seed"] = seed if is_learned(method) else np.nan
                tables.append(table.assign(image=self.images))
        scores = pd.concat(tables, ignore_index=True)
        return scores if any(self.scenes) else scores.assign(anmrr=np.nan)

    def tables(self):
        """Return what the summary is given."""
        scores = self.scores
        labels = scores[[*METHOD, "seed"]].drop_duplicates()
        labels = labels.merge(pd.DataFrame({"label": LABELS}), how="cross")
        labels["queries"], labels["database"] = 5, 20
        for name in LABEL_METRICS:
            labels[name] = np.random.default_rng(1).random(len(labels))
        labels.loc[labels["label"] == "nowhere", ["precision", "recall"]] = np.nan
        labels.loc[labels["label"] == "nowhere", "queries"] = 0
        return {
            "comparison": comparison("mine", scores, 300),
            "contrasts": contrasts(scores, self.scenes),
            "by_scene": by_scene(scores, self.scenes),
            "by_label": by_label(labels),
        }


def is_learned(method):
    return method[1] not in ("off_the_shelf", "")


def within(description):
    """Return how a description is called in the section of its network."""
    return f"{description[1]} ({description[2]})" if description[1] else description[0]


def expected_verdict(row):
    if not row["p_holm"] <= 0.05:
        return "not told apart"
    higher = row["difference"] > 0
    return "worse" if higher == (row["metric"] in ("hamming_loss", "anmrr")) else "better"


def by_pair(table):
    """Return a row per metric of each pair, under the first protocol and cutoff."""
    chosen = table[(table["query"] == "excluded") & (table["k"] == table["k"].iloc[0])]
    found = {}
    for row in chosen.to_dict("records"):
        pair = tuple(row[name] for name in FIRST), tuple(row[name] for name in SECOND)
        found.setdefault(pair, {})[row["metric"]] = row
    return found


def groups(text, names):
    """Return the verdict of each name in `better: a, b; worse: c`."""
    found = {}
    for group in text.split("; "):
        verdict, listed = group.split(": ")
        for name in names if listed == "all" else listed.split(", "):
            assert name not in found
            found[name] = verdict
    return found


def sections(text):
    """Return the text under each heading; the name of a network is one."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def sentences(text):
    """Return the contrast sentences of a text, by the network and the names in them."""
    found = {}
    for network, body in sections(text).items():
        for line in body.splitlines():
            if match := SENTENCE.fullmatch(line):
                key = network, match["first"], match["second"]
                assert key not in found
                found[key] = match
    return found


def check(tables):
    """Hold each contrast sentence against its rows, and return how often what was said."""
    text = summary(**tables)
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)
    said, counted = sentences(text), Counter()
    pairs = {pair: one for pair, one in by_pair(tables["contrasts"]).items() if pair[1][0] != "lbp"}
    assert len(said) == len(pairs) > 0
    assert f" {len(by_pair(tables['contrasts']))} planned contrasts" in text
    for (first, second), of_metric in pairs.items():
        shelf = second[1] == "off_the_shelf"
        sentence = said[second[0], within(first), None if shelf else within(second)]
        row = of_metric["accuracy"]
        verdict = expected_verdict(row)
        assert re.match("better|worse|not told apart", sentence["verdict"])[0] == verdict
        counted[verdict] += 1

        size = row["difference"] if verdict == "not told apart" else abs(row["difference"])
        assert float(sentence["difference"]) == pytest.approx(size, abs=5.1e-4)
        for end in ("low", "high"):
            assert float(sentence[end]) == pytest.approx(row[end], abs=5.1e-4)
        assert float(sentence["p"]) == pytest.approx(row["p_holm"], rel=0.06)
        for count in ("wins", "ties", "losses"):
            assert int(sentence[count]) == row[count]

        for unit, doubt in (("scene", SCENE_DOUBT), ("seed", SEED_DOUBT)):
            low, high = row[f"{unit}_low"], row[f"{unit}_high"]
            doubted = verdict != "not told apart" and low <= 0 <= high
            assert (doubt.format(f"{low:+.3f}", f"{high:+.3f}") in sentence["doubts"]) == doubted
            assert (doubt.split("[")[0] in sentence["doubts"]) == doubted
            counted[unit if doubted else f"no {unit}"] += verdict != "not told apart"

        known = {
            metric: expected_verdict(one)
            for metric, one in of_metric.items()
            if metric != "accuracy" and one["queries"] > 0
        }
        assert groups(sentence["others"], known) == known
        counted.update(f"lower is {known[name]}" for name in LOWER_IS_BETTER if name in known)
    check_in_short(text, pairs)
    return counted


def check_in_short(text, pairs):
    """Hold the lines of what it comes to against the rows; they are of each network."""
    expected = {}
    for (first, second), of_metric in pairs.items():
        row = of_metric["accuracy"]
        if first[0] != second[0]:
            continue  # a bound
        if second[1] == "off_the_shelf":
            heading, name = "against its features off the shelf", f"{row['difference']:+.3f}"
            name = f"{within(first)} {name}"
        else:
            heading, name = "between labelings", f"{within(first)} against {within(second)}"
        of_heading = expected.setdefault(f"- {first[0]}, {heading}: ", {})
        of_heading[name] = expected_verdict(row)
    lines = sections(text)["In short"].strip().splitlines()
    assert len(lines) == len(expected)
    for start, verdicts in expected.items():
        (line,) = (line for line in lines if line.startswith(start))
        assert groups(line.removeprefix(start).removesuffix("."), verdicts) == verdicts


def redrawn(tables, rng):
    """Give the contrasts other numbers, of which many are at the edge of a claim or of a doubt."""
    table = tables["contrasts"].copy()
    for column in ("difference", "low", "high", "scene_low", "scene_high", "seed_low", "seed_high"):
        known = table[column].notna()
        table.loc[known, column] = rng.normal(0, 0.05, known.sum()).round(3)
    for start in ("scene", "seed"):
        ends = [f"{start}_low", f"{start}_high"]
        table[ends] = np.sort(table[ends].to_numpy(), axis=1)
    few = rng.integers(1, 800, len(table)) / 10_000
    table["p_holm"] = rng.choice([0.05, np.nextafter(0.05, 1), 1], len(table))
    table["p_holm"] = table["p_holm"].where(rng.random(len(table)) < 0.4, few)
    unknown = (rng.random(len(table)) < 0.1) & (table["metric"] != "accuracy")
    unknown |= table["queries"] == 0
    table.loc[unknown, ["difference", "p_holm"]] = np.nan
    table.loc[unknown, "queries"] = 0
    return {**tables, "contrasts": table}


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("with_scenes", [True, False])
def test_sentences_claim_what_the_adjusted_p_values_hold_and_no_more(
    seeds: int, with_scenes: bool
) -> None:
    counted: Counter[str] = Counter()
    rng = np.random.default_rng(14)
    for number in range(2):
        tables = Simulated(number, ALL, seeds, with_scenes).scatter().tables()
        counted += check(tables)
        for _ in range(25):
            counted += check(redrawn(tables, rng))
    # All that could be said was said, so that nothing holds for want of a case.
    expected = {"better", "worse", "not told apart", "no scene", "no seed"}
    expected |= {f"lower is {verdict}" for verdict in ("better", "worse", "not told apart")}
    expected |= {unit for unit, there in (("scene", with_scenes), ("seed", seeds > 1)) if there}
    assert set(+counted) == expected


def test_nothing_is_claimed_where_methods_do_not_differ() -> None:
    for number in range(2):
        simulated = Simulated(number, NETWORK + BOUNDS)
        counted = check(simulated.improve(BOUNDS[0], 0.4).improve(BOUNDS[2], -0.4).tables())
        assert counted["not told apart"] >= 8


def test_what_has_no_p_value_is_not_told_apart() -> None:
    row = {"metric": "accuracy", "difference": 0.3, "p_holm": 0.001}
    assert verdict(row) == "better"
    assert verdict({**row, "p_holm": np.nan}) == "not told apart"
    assert verdict({**row, "difference": np.nan, "p_holm": np.nan}) == "not told apart"


def told(simulated):
    """Return a function that gives the sentence of a pair, and the row that it is drawn from."""
    tables = simulated.tables()
    said, rows = sentences(summary(**tables)), by_pair(tables["contrasts"])

    def of(first, second=SHELF):
        key = "vgg16", within(first), None if second == SHELF else within(second)
        return said[key], rows[first, second]["accuracy"]

    return of


def test_better_is_less_where_less_is_better() -> None:
    simulated = Simulated(1, NETWORK + BOUNDS)
    of = told(simulated.improve(MULTI, 0.1).improve(INDEPENDENT, -0.1))
    for pair in ((MULTI, SHELF), (MULTI, SINGLE), (MULTI, INDEPENDENT)):
        sentence, _ = of(*pair)
        assert (sentence["verdict"], sentence["others"]) == ("better by", "better: all")
    sentence, _ = of(INDEPENDENT)
    assert (sentence["verdict"], sentence["others"]) == ("worse by", "worse: all")


def test_the_other_metrics_are_told_apart_from_one_another() -> None:
    simulated = Simulated(2, NETWORK + BOUNDS)
    for metric, value in (("precision", 0.1), ("hamming_loss", 0.1), ("recall", -0.1)):
        simulated.improve(MULTI, value, metric)
    sentence, _ = told(simulated.improve(MULTI, -0.1, "anmrr"))(MULTI)
    assert sentence["verdict"] == "not told apart,"
    assert sentence["others"] == (
        "better: precision, hamming_loss; worse: recall, anmrr; "
        "not told apart: f1, acg, ndcg, wap, map, map_jaccard"
    )


def test_a_difference_in_few_scenes_is_doubted_for_its_scenes() -> None:
    of_scene = np.repeat([0.4, 0.4, 0, 0, 0, 0], 5) + 0.01
    simulated = Simulated(3).improve(MULTI, of_scene).improve(INDEPENDENT, of_scene.mean())
    of = told(simulated)
    sentence, row = of(MULTI)
    assert row["low"] > 0
    assert row["scene_low"] <= 0 <= row["scene_high"]
    assert sentence["verdict"] == "better by"
    numbers = (f"{row['scene_low']:+.3f}", f"{row['scene_high']:+.3f}")
    assert sentence["doubts"] == f"{SCENE_DOUBT.format(*numbers)} in it."
    # Spread over all scenes it is not.
    sentence, _ = of(INDEPENDENT)
    assert (sentence["verdict"], sentence["doubts"]) == ("better by", "")


def test_a_difference_by_one_lucky_seed_is_doubted_for_its_seeds() -> None:
    simulated = Simulated(4, seeds=3).improve(INDEPENDENT, 0.1)
    of = told(simulated.improve(MULTI, 0.3, seed=1).improve(MULTI, -0.02, seed=2))
    sentence, row = of(MULTI)
    assert row["low"] > 0
    assert row["seed_low"] <= 0 <= row["seed_high"]
    assert sentence["verdict"] == "better by"
    numbers = (f"{row['seed_low']:+.3f}", f"{row['seed_high']:+.3f}")
    assert sentence["doubts"] == f"{SEED_DOUBT.format(*numbers)} in it."
    sentence, _ = of(INDEPENDENT)
    assert (sentence["verdict"], sentence["doubts"]) == ("better by", "")


def test_only_the_first_protocol_and_cutoff_are_told() -> None:
    settings = [("excluded", 5), ("excluded", 20), ("included", 5)]
    alone, others = (Simulated(5, (SHELF, MULTI, *BOUNDS), settings=settings) for _ in range(2))
    for setting in settings[1:]:
        others.improve(MULTI, 0.3, setting=setting)
    first, second = summary(**alone.tables()), summary(**others.tables())
    assert first == second
    assert "the first 5 that a query found" in first


def test_the_introduction_tells_of_seeds() -> None:
    once = summary(**Simulated(6).tables())
    assert "Each fine-tuning was done once" in once
    assert "seeds, and the scores" not in once
    tables = Simulated(6, seeds=4).scatter().tables()
    text = summary(**tables)
    assert "Each fine-tuning was done with 4 seeds" in text
    assert "done once" not in text
    table = tables["comparison"]
    deviation = table[table["seeds"] > 1].set_index("labeling")["accuracy_sd"]
    least, most = deviation.idxmin(), deviation.idxmax()
    assert (
        f"{deviation[least]:.3f} (vgg16 {least} (output)) to "
        f"{deviation[most]:.3f} (vgg16 {most} (output))."
    ) in text


def test_the_highest_is_between_chance_and_the_most() -> None:
    simulated = Simulated(7)
    for level, scores in enumerate(simulated.true.values(), start=1):
        scores[:] = level / 10
    # The shelf has 0.1, one for all labels 0.3, and what learns nothing 0.5, which is the highest;
    # chance, the scenes and the labels are bounds.
    simulated.improve(BOUNDS[0], -0.5)
    text = summary(**simulated.tables())
    assert "- By chance: 0.100." in text
    assert "- All images of the query's scene first: 0.700." in text
    assert "- Ranked by the labels themselves: 0.800" in text
    assert "of a description: 0.500 [0.500, 0.500], by lbp off_the_shelf (histogram)." in text
    assert "57% of the way from chance to the most" in text  # 0.4 of 0.7


def extremes(text, start):
    """Return the names and values of the highest and the lowest in a line."""
    (line,) = (line for line in text.splitlines() if line.startswith(start))
    highest, lowest = line.split("highest for ")[1].rstrip(".").split(", and lowest for ")
    return [re.findall(r"(\w[\w ]*) \((\d\.\d{3})\)", part) for part in (highest, lowest)]


def test_scenes_and_labels_of_the_highest_are_those_of_the_tables() -> None:
    simulated = Simulated(8).improve(MULTI, 0.1)
    simulated.improve(MULTI, np.repeat([0.1, 0, -0.1, 0.3, -0.3, 0.2], 5))
    tables = simulated.tables()
    text = summary(**tables)
    for table, start, name, value in (
        ("by_scene", "- Of its scenes", "scene", "accuracy"),
        ("by_label", "- Of its labels", "label", "precision"),
    ):
        rows = tables[table]
        ranked = rows[rows["labeling"] == "multi_label"].set_index(name)[value].sort_values()
        # A label that no query has is neither.
        expected = [(one, f"{number:.3f}") for one, number in ranked.dropna().items()]
        assert extremes(text, start) == [expected[: -3 - 1 : -1], expected[:3]]


def test_without_scenes_nothing_is_told_of_them() -> None:
    text = summary(**Simulated(9, with_scenes=False).improve(MULTI, 0.1).tables())
    assert "scene" not in text
    assert "anmrr" not in text
    assert "- **multi_label (output)**: better by" in text


def test_what_learns_nothing_has_lines_of_its_own() -> None:
    colors = ("color_histogram", *LBP[1:])
    simulated = Simulated(10, (*ALL, colors), seeds=2).improve(LBP, -0.1).improve(MULTI, 0.1)
    simulated.improve(INDEPENDENT, -0.1)
    tables = simulated.tables()
    body = sections(summary(**tables))["vgg16"].split("Against descriptions without learning:")[1]
    lines = body.strip().splitlines()
    assert len(lines) == 2
    means = tables["comparison"].set_index("backbone")
    for backbone in ("lbp", "color_histogram"):
        (line,) = (line for line in lines if line.startswith(f"- **{backbone}**, "))
        mean = means.loc[backbone]
        interval = f"[{mean['accuracy_low']:.3f}, {mean['accuracy_high']:.3f}]"
        assert line.startswith(f"- **{backbone}**, {mean['accuracy']:.3f} {interval}: ")
        own = {
            within(first): one["accuracy"]
            for (first, second), one in by_pair(tables["contrasts"]).items()
            if second[0] == backbone
        }
        assert len(own) == len(NETWORK)
        said = line.split("]: ")[1].split("; the differences are ")
        verdicts = {name: expected_verdict(row) for name, row in own.items()}
        assert groups(said[0], own) == verdicts
        assert set(verdicts.values()) <= {"better", "worse", "not told apart"}
        differences = [row["difference"] for row in own.values()]
        p = max(row["p_holm"] for row in own.values())
        assert said[1] == (
            f"{min(differences):+.3f} to {max(differences):+.3f}, "
            f"the adjusted p values up to {p:.2g}."
        )
    assert any("better: multi_label (output); worse: independent (output)" in one for one in lines)
    assert "without learning" not in summary(**Simulated(10, NETWORK + BOUNDS).tables())


def test_each_network_has_its_section() -> None:
    resnet = [("resnet50", *one[1:]) for one in (SHELF, MULTI)]
    simulated = Simulated(11, (*NETWORK, *resnet, LBP, *BOUNDS))
    tables = simulated.improve(resnet[1], 0.3).improve(SINGLE, -0.3).tables()
    text = summary(**tables)
    own = sections(text)
    assert list(own)[2:] == ["vgg16", "resnet50"]
    assert "Between labelings:" in own["vgg16"]
    assert "Between labelings:" not in own["resnet50"]  # it has one
    assert len(sentences(text)) == (3 + 2 + 3) + (1 + 3)
    for network in ("vgg16", "resnet50"):
        differences = [
            of_metric["accuracy"]["difference"]
            for (first, second), of_metric in by_pair(tables["contrasts"]).items()
            if first[0] == network and second == LBP
        ]
        extent = f"{min(differences):+.3f} to {max(differences):+.3f}"
        assert f"the differences are {extent}, the adjusted" in own[network]
    in_short = own["In short"].strip().splitlines()
    assert [line.split(":")[0] for line in in_short] == [
        "- vgg16, against its features off the shelf",
        "- vgg16, between labelings",
        "- resnet50, against its features off the shelf",
    ]


def test_a_run_without_networks_has_no_contrasts_to_tell() -> None:
    text = summary(**Simulated(12, (LBP, *BOUNDS)).tables())
    assert [name for name, body in sections(text).items() if body.strip()] == [
        "Between chance and what the labels allow"
    ]
    assert "planned contrasts" not in text
    assert not SENTENCE.search(text)


@pytest.mark.parametrize("with_scenes", [True, False])
def test_tables_that_were_written_say_the_same(tmp_path, with_scenes: bool) -> None:
    tables = Simulated(13, seeds=2, with_scenes=with_scenes).scatter().tables()
    for table, column in (("by_scene", "scene"), ("by_label", "label")):
        # names that look like numbers, or like none
        names = dict(zip(tables[table][column].unique(), ("NA", "001", "null"), strict=False))
        tables[table][column] = tables[table][column].replace(names)
    read = {}
    for name, table in tables.items():
        write_table(tmp_path / f"{name}.csv", table)
        read[name] = read_results(tmp_path / f"{name}.csv")
    # What is written has six decimals.
    text = summary(**{name: table.round(6) for name, table in tables.items()})
    assert summary(**read) == text
    assert check(read) == check(tables)
