# What jobs run with: the code that a rule depends on, the library and its version, the GPUs of this
# machine, what a job asks a cluster for, and a process with the libraries imported, of which local
# jobs are forks.

import functools
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"


def code(script):
    """Return a digest of the modules that a script imports, as a parameter of its rule.

    Snakemake reruns a rule when its script or a parameter changes, but does not follow the imports
    of a script.
    """
    modules = [(module, digest_of_module(SCRIPTS / module)) for module in modules_of(script)]
    return hashlib.sha256(repr(modules).encode()).hexdigest()


def modules_of(script):
    """Return the modules that a script imports, directly or not, as paths below `SCRIPTS`.

    Packages are left out: their `__init__.py` files hold no code.
    """
    modules, waiting = set(), [SCRIPTS / script]
    while waiting:
        new = imported_modules(waiting.pop()) - modules
        modules |= new
        waiting += new
    return sorted(module.relative_to(SCRIPTS).as_posix() for module in modules)


@functools.cache
def imported_modules(file):
    """Return the modules of the library that a file imports.

    Each job of a cluster reads the rules, and a pattern is faster than a syntax tree.
    """
    names = re.findall(r"^ *from (rsir\.[\w.]+) import ", file.read_text(), re.MULTILINE)
    return {SCRIPTS.joinpath(*name.split(".")).with_suffix(".py") for name in names}


@functools.cache
def digest_of_module(module):
    """Return a digest of a module and, beside it under its name, its table."""
    files = filter(Path.exists, (module, module.with_suffix(".csv")))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def by_images(base, more, retried=True):
    """Return a request for `base`, and `more` for each further 100,000 images of the archive.

    Megabytes or minutes. It is multiplied by the attempt if `retried`.
    """

    def request(wildcards, attempt):
        needed = base + more * (number_of_images(wildcards.archive) // 100_000)
        return needed * attempt if retried else needed

    return request


def number_of_images(archive):
    """Return the number of images of an archive, 0 before its table is made.

    Two archives that are searched across have as many as both.
    """
    table = Path("results", archive, "archive.csv")
    try:
        state = table.stat()
    except FileNotFoundError:
        crossed = re.fullmatch(CROSSED, archive)
        return sum(map(number_of_images, crossed.groups())) if crossed else 0
    return number_of_lines(table, state.st_size, state.st_mtime_ns) - 1


@functools.cache
def number_of_lines(path, _size, _modified):
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def page(template):
    """Return a page's template and the files that it includes, as inputs of its rule."""
    file = SCRIPTS.parent / "pages" / template
    included = re.findall(r'include "(.*?)"', file.read_text(encoding="utf-8"))
    return [os.path.relpath(file.with_name(name)) for name in (template, *included)]


def limit_local_gpu_jobs():
    """Let as many jobs at a time use GPUs as this machine has, times `jobs_per_gpu`.

    Snakemake assigns no device numbers; each job takes a free GPU, or waits for one.
    """
    if workflow.is_main_process and "gpu" not in workflow.global_resources:
        command = [sys.executable, "-m", "rsir.networks.cards"]
        names = subprocess.run(command, capture_output=True, text=True).stdout.split()
        if names:
            workflow.register_resource("gpu", len(names) * config["jobs_per_gpu"])


def start_jobs_at_any_rate():
    """Let any number of jobs start per second.

    With a limit, which Snakemake has by default, each job that ends while others are ready adds a
    timer that weighs all ready jobs again, every second until the run ends: after a hundred jobs, a
    hundred times a second. The number of jobs at a time is limited by `--cores` or `--jobs`.
    """
    workflow.scheduler.job_rate_limiter = None


def start_jobs_in_forks():
    """Let local jobs start as forks of a process that imports each library once.

    Snakemake starts scripts with `sys.executable`. If the environment names a program that starts
    them in forks, that is taken.
    """
    global fork_server
    if sys.platform != "linux" or not workflow.local_exec:
        return
    program = Path(os.environ.get("RSIR_FORKED_PYTHON") or tempfile.mkdtemp(prefix="rsir-"))
    if program.is_dir():
        program, socket = program / "python", program / "socket"
        client = [sys.executable, "-IS", str(SCRIPTS / "forked_python.py"), str(socket)]
        program.write_text(f'#!/bin/sh\nexec {shlex.join(client)} "$@"\n')
        program.chmod(0o700)
        fork_server = subprocess.Popen(
            [sys.executable, "-P", SCRIPTS / "fork_server.py", socket],
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,  # its end, with this process, ends the server
            stdout=subprocess.PIPE,
        )
        fork_server.stdout.readline()
    if os.access(program, os.X_OK):  # a file system may be mounted without programs
        sys.executable = str(program)


def code_version():
    """Return the git commit of this project, with `-dirty` where tracked files are changed."""
    root, git = Path(workflow.basedir), shutil.which("git")
    if git is None:
        return "unknown"
    place = ("--no-optional-locks", f"--git-dir={root / '.git'}", f"--work-tree={root}")
    describe = ("describe", "--always", "--dirty", "--exclude=*", "--abbrev=40")
    output = subprocess.run([git, *place, *describe], capture_output=True, text=True).stdout
    return output.strip() or "unknown"


# Jobs import the library beside these rules, whichever is installed, and record its version and
# the config files of the command line.
paths = [str(SCRIPTS), *filter(None, [os.getenv("PYTHONPATH")])]
config_files = map(os.path.relpath, workflow.overwrite_configfiles)
os.environ.update(
    PYTHONPATH=os.pathsep.join(paths),
    RSIR_CODE=code_version(),
    RSIR_CONFIG_FILES=os.pathsep.join(config_files),
    RSIR_JOBS_PER_GPU=str(config["jobs_per_gpu"]),
)

limit_local_gpu_jobs()
