"""Nothing that is read is run, no name reaches a shell, and nobody is let in.

Beside these: weights and models in test_bad_checkpoints.py, HDF5 files in test_bad_arrays.py, links
and paths in test_bad_images.py and test_bad_labels.py; downloads and what is unpacked from them in
unit/test_download.py, the bound of an image's size in unit/test_image.py.
"""

import ast
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
import yaml
from jsonschema import Draft202012Validator
from own_archive import LABELS
from PIL import Image

from project import LIMIT_SECONDS, ROOT, Project

SCRIPTS = ROOT / "workflow" / "scripts"
# They start local jobs, by a socket in a folder of the user alone.
FORKS = {SCRIPTS / "fork_server.py", SCRIPTS / "forked_python.py"}
SOURCES = sorted({*SCRIPTS.rglob("*.py")} - FORKS)
RULES = [ROOT / "Snakefile", *sorted((ROOT / "workflow" / "rules").glob("*.smk"))]

UNPICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
SERVERS = {"socket", "socketserver", "http", "asyncio", "xmlrpc", "flask", "torch.distributed"}
SHELLS = {"subprocess", "os.system", "os.popen", "commands", "pty"}

# What may be called, and how: the call, and an argument that makes it safe.
SAFE = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}
PROGRAMS = {"cards.py": "subprocess.run(['nvidia-smi', '-L']"}  # that a module runs, and no other
NEVER = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen", "torch.hub.load"),
    *("yaml.load", "yaml.unsafe_load", "yaml.full_load", "pd.read_pickle", "pandas.read_pickle"),
    *("numpy.load", "torch.jit.load", "torch.package.PackageImporter"),
}


def imported(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def unsafe_calls(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            keywords = {one.arg: getattr(one.value, "value", None) for one in node.keywords}
            safe, value = SAFE.get(name, ("", None))
            if name in NEVER or keywords.get(safe) != value or keywords.get("allow_pickle"):
                yield ast.unparse(node)


def calls_of(tree: ast.Module, module: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(f"{module}."):
            yield ast.unparse(node)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_the_library_unpickles_nothing_runs_nothing_and_serves_nothing(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    roots = {name.split(".")[0] for name in imported(tree)} | imported(tree)
    program = PROGRAMS.get(path.name)
    assert roots & (UNPICKLERS | SERVERS | SHELLS) == ({"subprocess"} if program else set())
    for call in calls_of(tree, "subprocess"):
        assert call.startswith(str(program))
    assert list(unsafe_calls(tree)) == []


@pytest.mark.parametrize(
    "code",
    [
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "torch.load(path, 'cpu', map_location='cpu')",
        "eval(text)",
        "yaml.load(text)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "read(path, allow_pickle=True)",
    ],
)
def test_an_unsafe_call_would_be_found(code):
    assert list(unsafe_calls(ast.parse(code)))


def test_no_rule_has_a_shell():
    for path in RULES:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(shell|run|notebook|wrapper)\s*:", text, re.M), path
        assert not re.search(r"\bshell\(|shell=True|os\.system|os\.popen|\beval\(", text), path


EVIL = [
    *("$(touch hacked)", "; touch hacked", "`touch hacked`", "a|b", "a&b", "a b", "a'b", 'a"b'),
    *(
        "../up",
        "/etc",
        "..",
        ".",
        "-rf",
        "a\n",
        "\n",
        "a\0",
        "{archive}",
        "a{b}",
        "*",
        "~",
        "",
        "é",
    ),
]


@pytest.mark.parametrize("name", EVIL)
def test_the_schema_takes_no_name_that_a_shell_or_a_path_takes_otherwise(name):
    file = ROOT / "workflow" / "schemas" / "config.schema.yaml"
    schema = yaml.safe_load(file.read_text(encoding="utf-8"))
    for section in ("archives", "backbones", "labelings", "queries"):
        names = schema["properties"][section]["propertyNames"]
        validator = Draft202012Validator({"$defs": schema["$defs"], **names})
        assert validator.is_valid("my-own_2")
        assert not validator.is_valid(name)


def test_an_evil_name_in_the_config_is_refused(project, attempt):
    project.configure({"queries": {"$(touch hacked)": "photo.jpg"}})
    outcome = attempt(project)
    assert outcome.status != 0
    *_, line = outcome.text.splitlines()
    assert line.startswith("config: queries: '$(touch hacked)' does not match")
    assert not project.path("hacked").exists()
    assert project.made() == set()


@pytest.mark.parametrize("archive", ["$(touch hacked)", ".."])
def test_an_evil_name_in_a_target_is_refused(project, attempt, archive):
    outcome = attempt(project, f"results/{archive}/archive.csv")
    assert outcome.status != 0
    assert f"there is no archive '{archive}'; known: " in outcome.text.splitlines()[-1]
    assert not project.path("hacked").exists()


def open_ports(process: int) -> set[str]:
    """Return the addresses at which a process or one that it started listens."""
    listening = {
        fields[9]: fields[1]
        for file in ("tcp", "tcp6")
        for line in Path("/proc/net", file).read_text().splitlines()[1:]
        if (fields := line.split())[3] == "0A"
    }
    return {
        address
        for one in family(process)
        for inode, address in listening.items()
        if f"socket:[{inode}]" in held(one)
    }


def family(process: int) -> Iterator[int]:
    yield process
    try:
        children = [task.read_text() for task in Path(f"/proc/{process}/task").glob("*/children")]
    except OSError:  # it has ended
        return
    for child in " ".join(children).split():
        yield from family(int(child))


def held(process: int) -> set[str]:
    targets = set()
    with suppress(OSError):  # it has ended
        for file in Path(f"/proc/{process}/fd").iterdir():
            with suppress(OSError):  # it has closed it
                targets.add(str(file.readlink()))
    return targets


needs_proc = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="no /proc here")


@needs_proc
def test_an_open_port_would_be_found():
    assert open_ports(os.getpid()) == set()
    with socket.create_server(("127.0.0.1", 0)) as server:
        (address,) = open_ports(os.getpid())
        assert int(address.split(":")[1], 16) == server.getsockname()[1]


HARMLESS = [
    *("$(touch hacked)", "; touch hacked;", "`touch hacked`", "| touch hacked", "-rf", "--help"),
    *(
        "{image}",
        "{wildcards.archive}",
        "%s%n",
        "<script>alert(1)</script>".replace("/", "∕"),
        "=1+1",
    ),
]


@needs_proc
def test_evil_names_of_images_are_names_and_nothing_listens_meanwhile(mine: Project):
    table = mine.path("mine.csv")
    for image in HARMLESS:
        Image.effect_noise((12, 12), 40).convert("RGB").save(mine.path("mine") / f"{image}.png")
    rows = "".join(f'"{image}",port,1,0\n' for image in HARMLESS)
    table.write_text(LABELS + rows, encoding="utf-8")
    process = mine.start("results/mine/rankings/lbp/off_the_shelf.h5", "--cores", "1")
    seen, ports = set(), set()
    end = time.monotonic() + LIMIT_SECONDS
    while process.poll() is None and time.monotonic() < end:
        seen |= set(family(process.pid))
        ports |= open_ports(process.pid)
        time.sleep(0.2)
    outcome = mine.finish(process)
    assert outcome.status == 0, outcome.text
    assert len(seen) > 4  # of the engine, and of four jobs
    assert ports == set()
    archive = pd.read_csv(mine.path("results/mine/archive.csv"), keep_default_na=False)
    assert archive["image"].tolist()[10:] == HARMLESS
    assert not list(mine.folder.rglob("hacked"))
