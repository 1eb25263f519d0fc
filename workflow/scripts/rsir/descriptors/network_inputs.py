"""What each job of a network starts from: the images of an archive, the network, the origin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from rsir.archives.archive_table import read_archive
from rsir.archives.pixels import ArchiveImages, read_pixel_format
from rsir.core.origin import network_settings, origin_attributes
from rsir.descriptors.shards import shard_slice
from rsir.networks.backbone import Backbone
from rsir.networks.load import load_backbone
from rsir.networks.weight_receipt import read_record, weight_facts


@dataclass(frozen=True)
class NetworkInputs:
    """The images of an archive and the network that describes them.

    Attributes
    ----------
    archive
        The table of the archive, or the rows of a shard of it.
    images
        What the network takes of these images.
    backbone
        The network.
    facts
        The origin of what is computed from both, see `rsir.core.origin.origin_attributes`.
    """

    archive: pd.DataFrame
    images: Sequence[NDArray[Any]]
    backbone: Backbone
    facts: dict[str, Any]


def load_inputs(
    archive: Path,
    pixels: Path,
    root: Path,
    weights: Path,
    settings: Mapping[str, Any],
    method: Mapping[str, Any],
    cut: str | None = None,
    shard: str | None = None,
    **files: Path,
) -> NetworkInputs:
    """Read an archive and load a network.

    Parameters
    ----------
    archive, pixels : Path
        The table of the archive and the format of its images.
    root : Path
        The folder that the image paths are relative to.
    weights : Path
        The receipt of the weights of the network.
    settings : mapping
        The backbone's entry in the configuration, with its `network`.
    method : mapping
        Facts of what is computed: `backbone`, `labeling` and, of a fine-tuning, what it is of.
    cut : str, optional
        The cut that a labeling states instead of the backbone.
    shard : str, optional
        Name of a shard, such as ``2-of-3``, to which archive and images are reduced.
    **files : Path
        Further files whose digests belong to the origin.

    Raises
    ------
    InputError
        If a file cannot be used, or the network cannot be built or takes other images.
    """
    table, record = read_archive(archive), read_record(weights)
    if shard:
        table = table.iloc[shard_slice(len(table), shard)]
    stated = {"cut": cut} if cut else {}
    facts = origin_attributes(
        {"archive": archive, "pixels": pixels, **files},
        settings,
        **method,
        **stated,
        **weight_facts(record),
    )
    backbone = load_backbone(Path(record.path) if record else None, **network_settings(facts))
    images = ArchiveImages(root, list(table["path"]), read_pixel_format(pixels))
    return NetworkInputs(table, backbone.preprocessing.select(images), backbone, facts)
