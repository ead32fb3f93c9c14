"""Some records of a source, read as the build would read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from models.events.chunks import read_chunks
from models.events.file_format import FileFormat
from models.events.inference.layout import Layout
from models.events.pieces import as_list

SAMPLED_RECORDS: Final = 20_000
SAMPLED_FILES: Final = 10

Sample = dict[str, list[Any]]
"""Column -> its sampled values; all columns have the same length."""


class Probe(FileFormat):
    """A source of which every column is wanted, whatever it means."""

    probed: tuple[str, ...] = ()

    def wanted_columns(self) -> list[str]:
        """All columns."""
        return list(self.probed)


def read_sample(files: list[Path], layout: Layout) -> Sample:
    """The first records of up to ten files spread over the source.

    Args:
        files: The files of the source, sorted.
        layout: How they are laid out. Columns whose name is empty or comes twice are left out, and of delimited files
            those that a sampled file lacks.
    """
    probed = [name for name in layout.columns if name and layout.columns.count(name) == 1]
    probe = Probe(path="-", columns={}, probed=tuple(probed), **layout.settings())
    step = -(-len(files) // SAMPLED_FILES)
    chosen = files[::step]
    sample: Sample = {name: [] for name in probed}
    for file in chosen:
        chunk = next(read_chunks(file, probe, chunk_records=SAMPLED_RECORDS // len(chosen)), None)
        for name, values in chunk.values.items() if chunk else ():
            sample[name] += as_list(values)[: SAMPLED_RECORDS // len(chosen)]
    return sample
