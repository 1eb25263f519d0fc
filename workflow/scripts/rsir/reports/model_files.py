"""The files of a model in a folder of results, by the names of archive, backbone and model."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from rsir.core.errors import InputError
from rsir.core.job_record import snakemake_command
from rsir.evaluation.methods import FROM, OFF_THE_SHELF


@dataclass(frozen=True)
class ModelFiles:
    """The files of a model of an archive.

    Attributes
    ----------
    results
        The folder of results.
    archive, backbone, model
        The names in paths; the model may be one of another archive, and that of a derived
        descriptor.
    """

    results: Path
    archive: str
    backbone: str
    model: str

    @property
    def descriptors(self) -> Path:
        """The descriptors of the archive."""
        return self._folder / "descriptors" / self.backbone / f"{self.model}.h5"

    @property
    def weights(self) -> Path:
        """The receipt of the weights of a network."""
        return self._folder / "weights" / f"{self.backbone}.json"

    @property
    def precision(self) -> Path:
        """The data types of a network."""
        return self._folder / "precision" / f"{self.backbone}.json"

    @property
    def words(self) -> Path:
        """The visual words of a handcrafted descriptor that counts such."""
        return self._folder / "words" / f"{self.backbone}.h5"

    @property
    def indexes(self) -> Path:
        """The indexes of the descriptors."""
        return self._folder / "indexes" / self.backbone / f"{self.model}.h5"

    @property
    def fine_tuned(self) -> Path | None:
        """The fine-tuned parts of the network; None off the shelf."""
        native = self.model.partition("+")[0]
        if native == OFF_THE_SHELF:
            return None
        transferred = re.fullmatch(rf"(.+-seed\d+){FROM}(.+)", native)
        name, source = transferred.groups() if transferred else (native, self.archive)
        return self.results / source / "models" / self.backbone / f"{name}.safetensors"

    @property
    def _folder(self) -> Path:
        return self.results / self.archive

    def of(self, backbone: str, model: str) -> "ModelFiles":
        """Return the files of another model of the archive."""
        return replace(self, backbone=backbone, model=model)

    def archive_file(self, name: str) -> Path:
        """Return a file of the archive that belongs to no model.

        Raises
        ------
        InputError
            If it does not exist yet.
        """
        return self.existing(self._folder / name)

    def existing(self, path: Path) -> Path:
        """Return a path of these, if there is a file.

        Raises
        ------
        InputError
            If there is none; the message is the command that makes it.
        """
        if not path.exists():
            command = snakemake_command(path, self._folder)
            raise InputError(f"{path}: does not exist yet; run: {command}")
        return path
