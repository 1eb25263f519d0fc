"""The page, the summary and the LaTeX table of results on one archive and on several."""

import re

import numpy as np
import pandas as pd
import pytest

from project import ROOT
from rsir.metrics.scoring import METRICS
from rsir.reports.across_page import across_page
from rsir.reports.across_summary import across_summary
from rsir.reports.latex import escaped, latex_table
from rsir.reports.verdict_table import verdict_table

SETTING = {"query": "excluded", "duplicates": "kept", "k": 5}
SHELF, MULTI = ("net_a", "off_the_shelf", "pool"), ("net_a", "multi_label", "pool")
OTHER = ("net_b", "multi_label", "pool")
MEANS = {
    ("random", "", ""): 0.2,
    ("label oracle", "", ""): 0.8,
    SHELF: 0.5,
    MULTI: 0.6,
    OTHER: 0.3,
}


def named(method, prefix=""):
    names = ("backbone", "labeling", "descriptor")
    return {f"{prefix}{name}": value for name, value in zip(names, method, strict=True)}


def comparison(archives=("one",), lacking=()):
    rows = []
    for archive in archives:
        for method, mean in MEANS.items():
            if (archive, method) not in lacking:
                values = {
                    f"{metric}{end}": mean + shift
                    for metric in METRICS
                    for end, shift in (("", 0), ("_low", -0.05), ("_high", 0.05), ("_sd", np.nan))
                }
                rows.append(
                    {"archive": archive, **named(method), **SETTING, "queries": 9, **values}
                )
    return pd.DataFrame(rows)


def contrasts(p=0.01, archives=("one",), difference=0.1):
    rows = [
        {
            **named(MULTI),
            **named(SHELF, "against_"),
            **SETTING,
            "metric": metric,
            "archive": archive,
            "archives": 1 if archive != "across" else len(archives) - 1,
            "difference": difference,
            "low": difference - 0.05,
            "high": difference + 0.05,
            "p_holm": p,
            "scene_p_holm": 0.2,
            "heterogeneity_p_holm": 0.03 if archive == "across" else np.nan,
            "archive_wins": 1,
            "archive_losses": 1,
            "verdict": "better" if p <= 0.05 else "undecided",
            "agreement": "heterogeneous" if archive == "across" else "",
        }
        for archive in archives
        for metric in METRICS
    ]
    return pd.DataFrame(rows)


def ranks():
    return pd.DataFrame(
        [
            {**named(method), **SETTING, "metric": "accuracy", "archives": 2, "mean": 0.5,
             "mean_rank": rank, "letters": "a"}
            for rank, method in enumerate((MULTI, SHELF), 1)
        ]
    )  # fmt: skip


def verdicts_of(table):
    return {name: [cell and cell.verdict for cell in cells] for name, cells in table["rows"]}


def test_a_method_stands_between_floor_and_ceiling_with_its_verdict():
    table = verdict_table(comparison(), contrasts(), None)
    (column,) = table["columns"]
    # The scale goes from the lowest limit, 0.15, to the highest, 0.85.
    assert column.bounds == pytest.approx({"random": 7.14, "label oracle": 92.86}, abs=0.01)
    cell = dict(table["rows"])["net_a multi_label (pool)"][0]
    assert (cell.mean, cell.low, cell.high) == pytest.approx((64.29, 57.14, 71.43), abs=0.01)
    assert verdicts_of(table) == {
        "net_a off_the_shelf (pool)": ["reference"],
        "net_a multi_label (pool)": ["better"],
        "net_b multi_label (pool)": [""],
    }


def test_verdicts_are_against_the_reference_in_both_directions():
    table = verdict_table(comparison(), contrasts(), "net_a/multi_label/pool")
    assert verdicts_of(table)["net_a off_the_shelf (pool)"] == ["worse"]
    table = verdict_table(comparison(), contrasts(p=0.2), None)
    assert verdicts_of(table)["net_a multi_label (pool)"] == ["not significant"]
    table = verdict_table(comparison(), contrasts(difference=-0.1), None)
    assert verdicts_of(table)["net_a multi_label (pool)"] == ["worse"]


ARCHIVES = ("one", "two", "across")


def test_missing_methods_are_named():
    lacking = [("two", OTHER), ("across", OTHER)]
    tables = comparison(ARCHIVES, lacking), contrasts(archives=ARCHIVES), ranks()
    text = across_summary(*tables)
    assert "- net_b multi_label (pool): not on two" in text
    assert "net_a multi_label (pool): not" not in text
    page = across_page(ROOT / "workflow" / "pages" / "overview.html", text, *tables, None)
    assert page.count("not on this archive") == 2
    assert page.count("<svg") == 3 * 3 - 2


def test_the_summary_says_what_holds_across_archives():
    text = across_summary(comparison(ARCHIVES), contrasts(archives=ARCHIVES), ranks())
    (line,) = [line for line in text.splitlines() if line.startswith("- **")]
    assert line.startswith("- **net_a multi_label (pool)** against net_a off_the_shelf (pool): ")
    assert "better over 2 archives, +0.100 [+0.050, +0.150], adjusted p = 0.01" in line
    assert "(over scenes = 0.2); ahead on 1, behind on 1" in line
    assert "better on one (+0.100), two (+0.100)" in line
    assert line.endswith("**The size of the difference depends on the archive.**")
    assert "- 1.00 net_a multi_label (pool): mean 0.500, a" in text
    assert "Missing" not in text


def test_the_summary_takes_handcrafted_descriptors_together():
    tables = [
        contrasts(p, ARCHIVES, difference).assign(
            backbone="net_a",
            labeling=labeling,
            against_backbone="lbp",
            against_descriptor="histogram",
            agreement=agreement,
        )
        for labeling, p, difference, agreement in (
            ("multi_label", 0.01, 0.3, ""),
            ("single_label", 0.2, 0.1, "heterogeneous"),
            ("powerset", 0.01, 0.2, "opposite"),
        )
    ]
    text = across_summary(comparison(ARCHIVES), pd.concat(tables), ranks())
    (line,) = [line for line in text.splitlines() if line.startswith("- **")]
    assert line == (
        "- **net_a** against lbp, over archives: better: multi_label (pool), powerset (pool); not "
        "significant: single_label (pool); differences from +0.100 to +0.300, largest adjusted p = "
        "0.2. The archives contradict each other: powerset (pool). The size of the difference "
        "depends on the archive: single_label (pool)."
    )


def test_the_latex_table_has_a_row_per_method_and_marks():
    text = latex_table(comparison(), contrasts(), None)
    rows = [line.split(" & ") for line in text.splitlines() if " & " in line]
    assert [len(row) for row in rows] == [7] * 6
    assert rows[2][0].strip() == r"net\_a multi\_label (pool)"
    assert rows[2][1] == r"$\mathbf{0.600}^{+} \pm 0.050$"
    assert rows[3][6] == r"$\mathbf{0.300} \pm 0.050$ \\"  # of anmrr the lowest is best
    assert rows[2][6].startswith("$0.600^{-}")
    assert all(text.count(rule) == 1 for rule in (r"\toprule", r"\bottomrule"))
    assert text.count(r"\midrule") == 2
    assert text.count("{") == text.count("}")


def test_the_latex_table_of_several_archives_has_a_column_for_each():
    text = latex_table(comparison(ARCHIVES, [("two", OTHER)]), contrasts(archives=ARCHIVES), None)
    heading = next(line for line in text.splitlines() if line.strip().startswith("method"))
    assert heading.strip() == r"method & one & two & across \\"
    assert re.search(r"net\\_b .* & --- & ", text)
    assert escaped(r"a_b & 5 % \x") == r"a\_b \& 5 \% \textbackslash{}x"
