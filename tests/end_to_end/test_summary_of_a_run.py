"""The summary of a small run in words, and the table it ends with."""

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest
from small_results import (
    BACKBONE,
    HANDCRAFTED,
    LOWER_IS_BETTER,
    METHODS,
    METRICS,
    NAME,
    QUERIES,
    SHELF,
    pair,
)

from project import Outcome, Project


def verdicts_in(text: str, names: Iterable[str]) -> dict[str, str]:
    """Read the verdict of each name from `better: one, other; not significant: third`."""
    verdicts = {}
    for part in text.split("; "):
        verdict, _, listed = part.partition(": ")
        verdicts.update(dict.fromkeys(names if listed == "all" else listed.split(", "), verdict))
    return verdicts


def verdict(row: pd.Series) -> str:
    if row["p_holm"] > 0.05:
        return "not significant"
    return "better" if (row["difference"] > 0) != (row["metric"] in LOWER_IS_BETTER) else "worse"


@pytest.fixture(scope="module")
def summary(small: Project) -> str:
    return small.path("results/sample/tables/summary.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tested(contrasts: pd.DataFrame) -> pd.DataFrame:
    """The contrasts that the summary reports, with their names and verdicts."""
    table = contrasts[(contrasts["query"] == "excluded") & (contrasts["k"] == 5)].copy()
    table["first"], table["second"] = zip(
        *(names_of(row) for _, row in table.iterrows()), strict=True
    )
    table["verdict"] = [verdict(row) for _, row in table.iterrows()]
    assert {"better", "not significant"} <= set(table["verdict"])
    return table


def names_of(row: pd.Series) -> tuple[str, str]:
    """Return the names of a pair in the summary."""
    (backbone, labeling, descriptor), (against, against_labeling, against_descriptor) = pair(row)
    return (
        f"{labeling} ({descriptor})" if labeling else backbone,
        against if against in HANDCRAFTED else f"{against_labeling} ({against_descriptor})",
    )


def test_the_summary_claims_what_the_contrasts_show(summary: str, tested: pd.DataFrame) -> None:
    claims = {}
    for first, second, of_accuracy, of_others in re.findall(
        r"^- \*\*(.+?)\*\*(?: against (.+?))?: (better|worse|not significant)\b"
        r".*, adjusted p = .* Other metrics: (.*)\.$",
        summary,
        re.M,
    ):
        pair_ = first, second or "off_the_shelf (pool)"
        claims[pair_] = {"accuracy": of_accuracy, **verdicts_in(of_others, METRICS[1:])}
    rows = tested[~tested["second"].isin([*HANDCRAFTED])]
    assert len(claims) == 8 + 3 + 6
    assert claims == {
        names: dict(zip(one["metric"], one["verdict"], strict=True))
        for names, one in rows.groupby(["first", "second"])
    }


def test_the_summary_claims_no_more_against_handcrafted_baselines(
    summary: str, tested: pd.DataFrame
) -> None:
    lines = re.findall(r"^- \*\*(\w+)\*\*, .*?\]: (.*); differences from .*\.$", summary, re.M)
    assert [name for name, _ in lines] == [*HANDCRAFTED]
    for name, claims in lines:
        rows = tested[(tested["second"] == name) & (tested["metric"] == "accuracy")]
        verdicts = dict(zip(rows["first"], rows["verdict"], strict=True))
        assert len(verdicts) == 10
        assert verdicts_in(claims, verdicts) == verdicts


def test_the_first_section_claims_no_more(summary: str, tested: pd.DataFrame) -> None:
    rows = tested[(tested["metric"] == "accuracy") & (tested["labeling"] != "")]
    over = rows[rows["second"] == "off_the_shelf (pool)"]
    over_verdicts = {
        f"{row['first']} {row['difference']:+.3f}": row["verdict"] for _, row in over.iterrows()
    }
    others = rows[(rows["second"] != "off_the_shelf (pool)") & ~rows["second"].isin([*HANDCRAFTED])]
    between_verdicts = {
        f"{row['first']} against {row['second']}": row["verdict"] for _, row in others.iterrows()
    }
    for start, verdicts in (
        ("against its off-the-shelf features", over_verdicts),
        ("between labelings", between_verdicts),
    ):
        (claims,) = re.findall(rf"^- {BACKBONE}, {start}: (.*)\.$", summary, re.M)
        assert verdicts_in(claims, verdicts) == verdicts


def test_the_summary_gives_the_numbers_of_the_tables(
    summary: str, comparison: pd.DataFrame
) -> None:
    assert summary.startswith("# Retrieval results on sample\n")
    assert f"\n## {BACKBONE}\n" in summary
    assert (
        f"{QUERIES} queries, database of {QUERIES} images; the first 5 retrieved images" in summary
    )
    rows = comparison[(comparison["query"] == "excluded") & (comparison["k"] == 5)]
    accuracy = rows.set_index(NAME)["accuracy"]
    of_methods = accuracy[accuracy.index.get_level_values("labeling") != ""]
    backbone, labeling, descriptor = of_methods.idxmax()
    assert f"Highest mean of a method: {of_methods.max():.3f} [" in summary
    assert f", by {backbone} {labeling} ({descriptor});" in summary
    assert f"Random ranking: {accuracy['random', '', '']:.3f}." in summary
    assert (
        f"Label oracle, images ranked by their labels: {accuracy['label oracle', '', '']:.3f},"
        in summary
    )
    assert f"off-the-shelf features, {accuracy[SHELF]:.3f} [" in summary


def test_the_run_ends_with_the_table(
    small_run: tuple[Project, Outcome], comparison: pd.DataFrame
) -> None:
    _, outcome = small_run
    printed = outcome.text[outcome.text.index("accuracy [95 %]") :]
    lines = [line.split() for line in printed.splitlines()]
    rows = comparison[(comparison["query"] == "excluded") & (comparison["k"] == 5)]
    assert len(rows) == METHODS
    for _, row in rows.iterrows():
        method = " ".join(row[["backbone", "labeling", "descriptor"]])
        interval = f"[{row['accuracy_low']:.3f}, {row['accuracy_high']:.3f}]"
        cells = f"{method} {row['accuracy']:.3f} {interval} {row['precision']:.3f}"
        assert [line for line in lines if " ".join(line).startswith(" ".join(cells.split()))]
    assert "Table:    results/sample/tables/comparison.csv\n" in printed
    links = dict(re.findall(r"^(Summary|Gallery): +file://(.*)$", printed, re.M))
    assert links.keys() == {"Summary", "Gallery"}
    for page in links.values():
        assert Path(page).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
