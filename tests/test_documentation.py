"""The documentation: its links, its paths, its size, and the version that it names."""

import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from project import ROOT

DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        ROOT / "results" / "README.md",
        *(
            file
            for folder in ("config", "workflow", "tests", "benchmarks")
            for file in (ROOT / folder).rglob("*.md")
        ),
    ]
)
PICTURES = sorted(
    file
    for folder in ("config", "workflow", "tests", "benchmarks")
    for file in (ROOT / folder).rglob("*")
    if file.suffix in (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp")
)
README_LINES = 150
PICTURE_BYTES = 150_000

MADE = ("results", "data", "logs", ".venv", ".snakemake")
"""Folders of a run or of the user, whose files are not in the repository."""

EXAMPLES = {"config/mine.yaml"}
"""Files that a reader is told to write."""

FORMER = re.compile(r"^\| where \| 0\.1 \| 0\.2 \|\n(?:\|.*\n)+", re.MULTILINE)
"""A table of former and present names; the former ones, in the second column, do not exist."""

PATH = re.compile(r"\.?\w[\w.-]*(/[\w.-]+)*/?")


def problems(text: str, folder: Path) -> Iterator[str]:
    """Yield each link, anchor and path of a Markdown text in a folder that leads nowhere."""
    for token in leaves(MarkdownIt("commonmark").enable("table").parse(text)):
        target = token.attrGet("href") or token.attrGet("src")
        if target is not None and (problem := link_problem(str(target), text, folder)):
            yield problem
        if token.type in ("code_inline", "fence"):
            yield from (
                f"no path {path}" for path in paths_of(token, folder) if not is_there(path, folder)
            )


def leaves(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from leaves(token.children or [])


def link_problem(target: str, text: str, folder: Path) -> str | None:
    if re.match(r"[a-z]+:", target):
        return None
    path, _, anchor = unquote(target).partition("#")
    file = (folder / path).resolve()
    if not file.is_relative_to(ROOT) or not file.exists():
        return f"no file {target}"
    if anchor:
        linked = file.read_text(encoding="utf-8") if path else text
        if anchor not in anchors(linked):
            return f"no heading {target}"
    return None


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a Markdown text."""
    tokens = MarkdownIt("commonmark").parse(text)
    headings = [
        "".join(part.content for part in content.children or [])
        for heading, content in pairwise(tokens)
        if heading.type == "heading_open"
    ]
    names: list[str] = []
    for heading in headings:
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        names.append(f"{name}-{names.count(name)}" if name in names else name)
    return set(names)


def paths_of(token: Token, folder: Path) -> Iterator[str]:
    """Yield the words of code that look like paths in the repository."""
    if token.type == "fence" and token.info != "sh":
        return
    for word in token.content.split():
        if "/" not in word or not PATH.fullmatch(word) or word in EXAMPLES:
            continue
        first = word.split("/")[0]
        if first not in MADE and any((base / first).exists() for base in bases(folder)):
            yield word


def is_there(path: str, folder: Path) -> bool:
    return any((base / path).exists() for base in bases(folder))


def bases(folder: Path) -> tuple[Path, ...]:
    """Return where paths start: the root, and the document's folder if it is not of a run."""
    return (ROOT,) if folder.name in MADE else (ROOT, folder)


def without_second_column(table: re.Match[str]) -> str:
    return re.sub(r"^(\|[^|\n]*\|)[^|\n]*\|", r"\1", table[0], flags=re.MULTILINE)


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_and_paths_lead_somewhere(file: Path) -> None:
    text = FORMER.sub(without_second_column, file.read_text(encoding="utf-8"))
    assert list(problems(text, file.parent)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](config/REDME.md)", "no file config/REDME.md"),
        ("[a](../elsewhere.md)", "no file ../elsewhere.md"),
        ("![a](workflow/report/picture.png)", "no file workflow/report/picture.png"),
        ("# One\n\n[a](#two)", "no heading #two"),
        ("[a](config/README.md#kees)", "no heading config/README.md#kees"),
        ("the file `workflow/rules/chek.smk`", "no path workflow/rules/chek.smk"),
        ("| a |\n|---|\n| `tests/unti/` |", "no path tests/unti/"),
        ("```sh\nsnakemake --configfile config/thesis.yaml\n```", "no path config/thesis.yaml"),
    ],
)
def test_what_leads_nowhere_is_reported(text: str, expected: str) -> None:
    assert list(problems(text, ROOT)) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "[a](config/README.md#keys)",
        "# One (two), three's `four`\n\n[a](#one-two-threes-four)",
        "# One\n# One\n\n[a](#one-1)",
        "[a](https://example.org/b.md)",
        "`results/{archive}/tables/gain.csv`, `data/mine`, `and/or`, `config/mine.yaml`",
        "`workflow/scripts/rsir/`, `.ci/run`, `tests/unit`",
    ],
)
def test_what_leads_somewhere_is_not_reported(text: str) -> None:
    assert list(problems(text, ROOT)) == []


def test_the_readme_is_short() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= README_LINES


@pytest.mark.parametrize("file", PICTURES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_picture_is_small(file: Path) -> None:
    assert file.stat().st_size <= PICTURE_BYTES


def test_the_version_is_the_same_everywhere() -> None:
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changes = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert package["version"] == citation["version"] == changes[0]
