"""Weights for remote sensing that the torchgeo project publishes, by name.

`torchgeo.csv`, beside this module, states their network, bands, statistics and address. Where no
bands are stated, a network takes 8-bit RGB. The files hold torch state dicts under the names of
timm (residual networks and vision transformers) or of torchvision (Swin transformers).
"""

import csv
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rsir.core.errors import InputError
from rsir.networks.network_input import NetworkInput, stated_input
from rsir.networks.state_dict import StateDict

LIBRARY = "torchgeo"
"""The name of these weights as a library of backbones."""

_TABLE = Path(__file__).with_suffix(".csv")

_CLASSIFIERS = ("fc.", "head.")
"""Prefixes of tensors that some files have, of classes that are not stated."""

_OPTIONAL = ("norm.",)
"""Prefixes of tensors that files of encoders may lack; the network keeps its initial ones."""


@dataclass(frozen=True)
class PublishedWeights:
    """Published weights, and the network and the input that they belong to.

    Attributes
    ----------
    library, network
        ``timm`` or ``torchvision``, and the network's name there.
    url
        The address of the file.
    sha256
        The first digits of its SHA-256 digest; None if they are not published.
    """

    name: str
    library: str
    network: str
    input: NetworkInput
    url: str
    sha256: str | None

    def adapted(
        self, size: int | None = None, missing: Mapping[str, float] | None = None
    ) -> NetworkInput:
        """Return the network's input at another size, or with bands that an archive may lack.

        Raises
        ------
        InputError
            If such a band is none of the network's.
        """
        known = self.input.bands or ()
        if unknown := [name for name in missing or {} if name not in known]:
            raise InputError(
                f"missing of {self.name}: {unknown[0]} is none of its bands; name one of "
                f"{', '.join(known)}"
            )
        adapted = replace(self.input, missing=missing or {})
        if size is None or self.input.size is None or self.input.resize_size is None:
            return adapted
        shorter = size * self.input.resize_size // self.input.size
        return replace(adapted, size=size, resize_size=shorter)

    def encoder_tensors(self, state: StateDict) -> StateDict:
        """Return the tensors of a published file without those of a classifier."""
        return {name: value for name, value in state.items() if not name.startswith(_CLASSIFIERS)}

    def optional_tensors(self, state: StateDict) -> set[str]:
        """Return the names of the network's tensors that the file may lack."""
        return {n for n in state if n.startswith(_OPTIONAL)} if self.library == "timm" else set()


def published_names() -> list[str]:
    """Return the names of all published weights, in the order of the table."""
    return list(_rows())


def published_weights(name: str) -> PublishedWeights:
    """Look up published weights.

    Raises
    ------
    InputError
        If there are none of this name, or what their network expects is not known.
    """
    rows = _rows()
    if name not in rows:
        close = difflib.get_close_matches(name, rows, 3)
        hint = f"did you mean {' or '.join(close)}?" if close else "config/README.md lists them"
        raise InputError(f"weights '{name}': torchgeo publishes none of this name; {hint}")
    row = rows[name]
    if row["refused"]:
        raise InputError(
            f"weights '{name}': {row['refused']}; download {row['url']}, and give its path as "
            f"weights of {row['network']} in {row['library']}, with bands, mean and std"
        )
    return PublishedWeights(
        name=name,
        library=row["library"],
        network=row["network"],
        input=stated_input(
            row["network"],
            bands=row["bands"].split() or None,
            sensor=row["sensor"],
            mean=_numbers(row["mean"]),
            std=_numbers(row["std"]),
            range=_numbers(row["clamp"]) or None,
            eight_bit=tuple(row["eight_bit"].split()),
            size=int(row["size"]),
            resize_size=int(row["resize_size"]),
        ),
        url=row["url"],
        sha256=_digest(row["url"]),
    )


def _rows() -> dict[str, dict[str, str]]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split()]


def _digest(url: str) -> str | None:
    found = re.search(r"-([0-9a-f]{8})\.pth$", url)
    return found[1] if found else None
