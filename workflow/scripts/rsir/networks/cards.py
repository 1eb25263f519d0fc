"""The GPUs of this machine: those that a process may see, and the one that it takes.

`python -m rsir.networks.cards` prints the names of the visible ones.
"""

import fcntl
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rsir.core.errors import MachineError

AMD_NODES = Path("/sys/class/kfd/kfd/topology/nodes")
WAIT_SECONDS = 0.5

Listing = Mapping[str, Sequence[str]]  # each GPU, and its MIG slices or itself


@dataclass(frozen=True)
class Card:
    """A GPU or a slice of one.

    Attributes
    ----------
    name
        Identifies it on this machine.
    variable, value
        The variable of the environment that makes it the only visible one, and its value.
    """

    name: str
    variable: str
    value: str


def visible_cards(environment: Mapping[str, str] = os.environ) -> list[Card]:
    """Return the GPUs that the environment lets a process see, in the order of their numbers.

    They are those of nvidia-smi and of `CUDA_VISIBLE_DEVICES`, or those of the driver of AMD and of
    `ROCR_VISIBLE_DEVICES` and `HIP_VISIBLE_DEVICES`. A variable that is set and empty means none.
    """
    chosen = environment.get("CUDA_VISIBLE_DEVICES")
    if listing := _listed_by_nvidia_smi():
        names = selected(listing, chosen)
        return [Card(name, "CUDA_VISIBLE_DEVICES", name) for name in names]
    count = sum(_is_gpu(node) for node in AMD_NODES.glob("*/properties"))
    numbers = [str(number) for number in range(count)]
    chosen = environment.get("HIP_VISIBLE_DEVICES", chosen)
    first = selected({name: [name] for name in numbers}, environment.get("ROCR_VISIBLE_DEVICES"))
    seen = {str(number): [name] for number, name in enumerate(first)}
    places = selected({number: [number] for number in seen}, chosen)
    return [Card(f"amd-{seen[place][0]}", "HIP_VISIBLE_DEVICES", place) for place in places]


def parse_listing(text: str) -> dict[str, list[str]]:
    """Return each GPU of the output of `nvidia-smi -L`, and its MIG slices, or itself if none."""
    slices: dict[str, list[str]] = {}
    for name in re.findall(r"\(UUID: ((?:GPU|MIG)-[^)\s]+)\)", text):
        if name.startswith("GPU"):
            slices[name] = []
        elif slices:
            list(slices.values())[-1].append(name)
    return {name: parts or [name] for name, parts in slices.items()}


def selected(listing: Listing, chosen: str | None) -> list[str]:
    """Return the devices that the value of a variable such as `CUDA_VISIBLE_DEVICES` selects.

    Its entries are numbers or the beginnings of names; entries after one that fits no device, or
    several, do not count. None selects all devices.
    """
    if chosen is None:
        return [part for parts in listing.values() for part in parts]
    found: list[str] = []
    for entry in map(str.strip, chosen.split(",")):
        if re.fullmatch("[0-9]+", entry):
            fitting = list(listing.values())[int(entry) : int(entry) + 1]
        elif entry:
            fitting = [parts for name, parts in listing.items() if name.startswith(entry)]
            parts = [part for parts in listing.values() for part in parts]
            fitting = fitting or [[part] for part in parts if part.startswith(entry)]
        else:
            fitting = []
        if len(fitting) != 1:
            break
        found += fitting[0]
    return list(dict.fromkeys(found))


def take_card(cards: Sequence[Card], jobs_per_card: int, folder: Path) -> Card:
    """Take a free GPU until this process ends, and make it the only visible one.

    Each GPU has a lock for each job that may use it. The process waits until one is free; all GPUs
    get their first job before one gets its second. Call it before CUDA is initialised.

    Parameters
    ----------
    cards
        At least one GPU.
    jobs_per_card
        Number of jobs that may use a GPU at the same time.
    folder
        The folder of the locks, which only this user may write to.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise MachineError(f"{folder}: belongs to another user; set TMPDIR to a folder of your own")
    locks = [
        (card, folder / f"{card.name.replace('/', '_')}.{job}")
        for job in range(jobs_per_card)
        for card in cards
    ]
    while (card := next(_locked(locks), None)) is None:
        logging.info("waiting for a free GPU")
        _wait_for_any(locks)
    os.environ[card.variable] = card.value
    return card


def lock_folder() -> Path:
    """Return the folder of this user's locks."""
    return Path(tempfile.gettempdir(), f"rsir-gpus-{os.getuid()}")


def jobs_per_card() -> int:
    """Return the number of jobs that may use a GPU at the same time, as the workflow states it."""
    return int(os.environ.get("RSIR_JOBS_PER_GPU", "1"))


def has_code_for(capability: tuple[int, int], architectures: Sequence[str]) -> bool:
    """Return whether torch, built for some architectures, has code for a GPU of NVIDIA.

    Code of `sm_XY` runs on the minor versions of X from Y on, with the suffix `a` only on its own,
    and that of `compute_XY` on all later ones. Without architectures, nothing is known.
    """
    for architecture in architectures:
        if match := re.fullmatch(r"(sm|compute)_(\d+)(\d)([af]?)", architecture):
            kind, major, minor, suffix = match.groups()
            built = int(major), int(minor)
            if suffix == "a":
                fits = built == capability
            else:
                fits = built <= capability and (kind == "compute" or built[0] == capability[0])
            if fits:
                return True
    return not architectures


def _locked(locks: Sequence[tuple[Card, Path]]) -> Iterator[Card]:
    """Yield the GPUs whose lock is free, and keep the lock of each that is taken."""
    for card, path in locks:
        # Not closed: it is the end of the process that releases the lock.
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            continue
        yield card


def _wait_for_any(locks: Sequence[tuple[Card, Path]]) -> None:
    """Return when a lock may be free."""
    while True:
        time.sleep(WAIT_SECONDS)
        for _, path in locks:
            with path.open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except OSError:
                    continue
                return


def _listed_by_nvidia_smi() -> dict[str, list[str]]:
    """Return the GPUs of nvidia-smi, which lists those that this container or job may use."""
    if shutil.which("nvidia-smi") is None:
        return {}
    done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)  # noqa: S607
    return parse_listing(done.stdout)


def _is_gpu(node: Path) -> bool:
    return re.search(r"^simd_count [1-9]", node.read_text(), re.MULTILINE) is not None


if __name__ == "__main__":
    sys.stdout.writelines(f"{card.name}\n" for card in visible_cards())
