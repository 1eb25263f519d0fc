"""The page of tables."""

import re

import pandas as pd
import pytest

from project import ROOT
from rsir.metrics.scoring import METRICS
from rsir.reports.overview import overview

TEMPLATE = ROOT / "workflow" / "pages" / "overview.html"
KEPT = {"duplicates": "kept", "k": 20}
NAMES = {"backbone": "net", "labeling": "multi_label", "descriptor": "pool"}


@pytest.fixture
def comparison() -> pd.DataFrame:
    """One method by two protocols, and a bound; the means are 0.5 and 0.25."""
    rows = [
        {**NAMES, "query": "excluded", **KEPT, "mean": 0.5},
        {**NAMES, "query": "included", **KEPT, "mean": 0.25},
        {**dict.fromkeys(NAMES, ""), "backbone": "<i>", "query": "excluded", **KEPT, "mean": 0.5},
    ]
    for row in rows:
        mean = row.pop("mean")
        for metric in METRICS:
            row |= {metric: mean, f"{metric}_low": mean - 0.125, f"{metric}_high": mean + 0.125}
    return pd.DataFrame(rows)


@pytest.fixture
def contrasts() -> pd.DataFrame:
    against = {f"against_{name}": f"other {value}" for name, value in NAMES.items()}
    numbers = {"difference": 0.0415, "low": 0.03, "high": 0.05, "p_holm": 0.0047}
    counts = {"wins": 119, "ties": 10, "losses": 39}
    setting = {"query": "excluded", **KEPT}
    rows = [
        {**NAMES, **against, **setting, "metric": "accuracy", **numbers, **counts},
        {**NAMES, **against, **setting, "metric": "recall", **numbers, **counts},
        {**NAMES, **against, "query": "included", **KEPT, "metric": "accuracy", **numbers} | counts,
    ]
    return pd.DataFrame(rows)


def cells(page: str, title: str) -> list[list[str]]:
    """Return the cells of a table by the title above it."""
    table = page[page.index(f">{title}</h2>") :].partition("</table>")[0]
    return [re.findall(r"<t[hd].*?>(.*?)</t", row) for row in table.split("<tr")[1:]]


def test_a_table_for_each_protocol_has_the_means_and_intervals_of_all_metrics(
    comparison, contrasts
):
    page = overview(TEMPLATE, "tiles", "# Words", comparison, contrasts)
    header, first, bound = cells(page, "Comparison: first 20, query excluded")
    assert header == [*NAMES, *(metric.replace("_", " ") for metric in METRICS)]
    assert first == [*NAMES.values(), *["0.500 [0.375, 0.625]"] * len(METRICS)]
    assert bound[0] == "&lt;i&gt;"
    (_, only) = cells(page, "Comparison: first 20, query included")
    assert only[3:] == ["0.250 [0.125, 0.375]"] * len(METRICS)


def test_contrasts_are_those_of_the_first_metric_protocol_and_cutoff(comparison, contrasts):
    page = overview(TEMPLATE, "tiles", "# Words", comparison, contrasts)
    (header, row) = cells(page, "Contrasts: accuracy, first 20, query excluded")
    assert header[3] == "against backbone"
    assert row[6:] == ["+0.042", "+0.030", "+0.050", "0.0047", "119", "10", "39"]


def test_what_is_not_defined_is_a_dash(comparison, contrasts):
    undefined = comparison.assign(anmrr=float("nan"))
    page = overview(TEMPLATE, "tiles", "# Words", undefined, contrasts.assign(p_holm=float("nan")))
    for row in cells(page, "Comparison: first 20, query excluded")[1:]:
        assert [cell for cell in row if "–" in cell] == ["–"]
        assert row[3 + METRICS.index("anmrr")] == "–"
    assert cells(page, "Contrasts: accuracy, first 20, query excluded")[1][9] == "–"
    assert "nan" not in page


def test_without_contrasts_there_is_no_table_of_them(comparison, contrasts):
    page = overview(TEMPLATE, "tiles", "# Words", comparison, contrasts.iloc[:0])
    assert "Contrasts:" not in page


def test_words_are_markdown_in_which_html_has_no_power(comparison, contrasts):
    words = "# What <script>alert(1)</script>\n\n- **better** & so on\n"
    page = overview(TEMPLATE, "</title><b>", words, comparison, contrasts)
    assert "<script" not in page
    assert "</title><b>" not in page
    assert "<h1>What &lt;script&gt;alert(1)&lt;/script&gt;</h1>" in page
    assert "<li><strong>better</strong> &amp; so on</li>" in page
    assert "http" not in page.partition("</head>")[2]
