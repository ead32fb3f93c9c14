"""A file's bytes, decompressed: plain, gzip or zstd, and what ends a damaged one."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from models.errors import UserError

Damage = tuple[str, str]
"""`(reason, detail)` of what ended a file early: `truncated_file` or `corrupt_file`."""

BLOCK_BYTES: Final = 1 << 20
ZSTD_BLOCK_BYTES: Final = 1 << 14
"""What follows the last whole block of a damaged file is read byte by byte, so they are small: 38 MB of lines in
0.03 s, as with blocks of 1 MiB."""

GZIP_MAGIC: Final = b"\x1f\x8b"
ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
SKIPPABLE_MAGIC: Final = b"\x2a\x4d\x18"
"""Bytes 2 to 4 of a zstd frame that holds no data; parallel compressors begin a file with one."""

UNREADABLE_SUFFIXES: Final = (".bz2", ".xz", ".zip", ".7z", ".lz4", ".xlsx")


def decompressed_blocks(path: Path, on_bytes: Callable[[int], None]) -> Iterator[bytes | Damage]:
    """Yield the blocks of a file, then perhaps one `Damage`.

    gzip and zstd are recognised by their content. A stream that ends early is `truncated_file`, one whose structure or
    checksum is wrong is `corrupt_file`.

    Args:
        path: The file.
        on_bytes: Called with the bytes of the (compressed) file read so far.

    Raises:
        UserError: The name says that the file is something else.
    """
    suffix = path.suffix.lower()
    if suffix in UNREADABLE_SUFFIXES:
        mend = "Convert it to plain, gzip (.gz) or zstd (.zst) text, or correct `path` in sluice.yaml."
        raise UserError(f"{path.suffix} files cannot be read", str(path), mend)
    if suffix == ".parquet":
        raise UserError(
            "a .parquet file cannot be read as text",
            str(path),
            "Say `format: parquet` in sluice.yaml, or correct `path`.",
        )
    with open(path, "rb") as raw:
        beginning = raw.peek(4)[:4]
        is_gzip, is_zstd = beginning[:2] == GZIP_MAGIC, beginning == ZSTD_MAGIC or beginning[1:] == SKIPPABLE_MAGIC
        for name, ending, found in (("gzip", ".gz", is_gzip), ("zstd", ".zst", is_zstd)):
            if suffix == ending and beginning and not found:
                message = f"is not a {name} file although its name ends in {ending}"
                raise UserError(message, str(path), "Rename or recompress it.")
        blocks = _gzip_blocks(raw) if is_gzip else _zstd_blocks(raw) if is_zstd else _plain_blocks(raw)
        for block in blocks:
            if isinstance(block, bytes):
                on_bytes(raw.tell())
            yield block


def _plain_blocks(raw: io.BufferedReader) -> Iterator[bytes | Damage]:
    while block := raw.read1(BLOCK_BYTES):
        yield block


def _gzip_blocks(raw: io.BufferedReader) -> Iterator[bytes | Damage]:
    with gzip.GzipFile(fileobj=raw) as handle:
        while True:
            try:
                block = handle.read1(BLOCK_BYTES)
            except EOFError:
                yield "truncated_file", f"the gzip stream breaks off after {raw.tell()} compressed bytes"
                return
            except (zlib.error, gzip.BadGzipFile) as error:
                yield "corrupt_file", f"the gzip stream is damaged near compressed byte {raw.tell()}: {error}"
                return
            if not block:
                return
            yield block


def _zstd_blocks(raw: io.BufferedReader) -> Iterator[bytes | Damage]:
    n_read = 0
    with pa.CompressedInputStream(raw, "zstd") as handle:
        while True:
            try:
                block = handle.read(ZSTD_BLOCK_BYTES)
            except OSError as error:
                if error.errno is not None:  # the disk's, not the decoder's
                    raise
                place = raw.tell()
                yield _before_damage(Path(raw.name), n_read)
                if "Truncated" in str(error):
                    yield "truncated_file", f"the zstd stream breaks off after {place} compressed bytes"
                else:
                    yield "corrupt_file", f"the zstd stream is damaged near compressed byte {place}: {error}"
                return
            if not block:
                return
            n_read += len(block)
            yield block


def _before_damage(path: Path, n_skipped: int) -> bytes:
    """The bytes between the last block and the damage: Arrow drops those of the call that fails, so ask one by one."""
    found = bytearray()
    with open(path, "rb") as raw, pa.CompressedInputStream(raw, "zstd") as handle:
        while n_skipped:
            n_skipped -= len(handle.read(min(n_skipped, ZSTD_BLOCK_BYTES)))
        try:
            while byte := handle.read(1):
                found += byte
        except OSError:
            pass
    return bytes(found)
