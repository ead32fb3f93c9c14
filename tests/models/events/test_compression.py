import functools
import gzip

import pyarrow as pa
import pytest

from models.errors import UserError
from models.events import compression
from models.events.compression import decompressed_blocks


def read(tmp_path, data, name):
    """The decompressed bytes and the damage, if any."""
    path = tmp_path / name
    path.write_bytes(data)
    blocks = list(decompressed_blocks(path, lambda done: None))
    damage = blocks.pop() if blocks and isinstance(blocks[-1], tuple) else None
    return b"".join(blocks), damage


zstd = functools.partial(pa.compress, codec="zstd", asbytes=True)
LINES = b"".join(b"line %d\n" % i for i in range(100_000))


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstd])
def test_compression_is_recognised_by_the_content(tmp_path, compress):
    assert read(tmp_path, compress(LINES), "log.txt") == (LINES, None)


@pytest.mark.parametrize(("compress", "name"), [(gzip.compress, "log.gz"), (zstd, "log.zst")])
def test_concatenated_streams_are_read_to_the_end(tmp_path, compress, name):
    assert read(tmp_path, compress(b"a\n") + compress(b"b\n"), name) == (b"a\nb\n", None)


def test_a_zstd_file_may_begin_with_a_frame_without_data(tmp_path):
    assert read(tmp_path, b"\x50\x2a\x4d\x18\x02\x00\x00\x00xx" + zstd(b"a\n"), "log.zst") == (b"a\n", None)


@pytest.mark.parametrize(("compress", "name"), [(gzip.compress, "log.gz"), (zstd, "log.zst")])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_truncated_stream_keeps_what_came_before(tmp_path, compress, name, share):
    whole = compress(LINES)
    kept, damage = read(tmp_path, whole[: int(len(whole) * share)], name)
    assert damage is not None and damage[0] == "truncated_file" and "compressed bytes" in damage[1]
    assert LINES.startswith(kept) and len(kept) < len(LINES)


def test_a_truncated_zstd_stream_loses_less_than_one_of_its_blocks(tmp_path):
    kept, _ = read(tmp_path, zstd(LINES)[:-1], "log.zst")
    assert len(LINES) - len(kept) < 131_072
    assert read(tmp_path, zstd(b"a\n") + zstd(LINES)[:10], "log.zst")[0] == b"a\n"


BROKEN_GZIP = gzip.compress(LINES)[:20] + b"\xff" * 5_000
BROKEN_ZSTD = compression.ZSTD_MAGIC + b"\xff" * 5_000


@pytest.mark.parametrize(
    ("compress", "broken", "name"), [(gzip.compress, BROKEN_GZIP, "log.gz"), (zstd, BROKEN_ZSTD, "log.zst")]
)
def test_a_corrupt_stream_keeps_what_came_before(tmp_path, compress, broken, name):
    kept, damage = read(tmp_path, compress(b"a\n") + broken, name)
    assert damage is not None and damage[0] == "corrupt_file" and "near compressed byte" in damage[1]
    assert kept.startswith(b"a\n") and (b"a\n" + LINES).startswith(kept)


@pytest.mark.parametrize("name", ["log.gz", "log.zst"])
def test_an_empty_file_has_no_bytes_and_plain_text_is_refused(tmp_path, name):
    assert read(tmp_path, b"", name) == (b"", None)
    with pytest.raises(UserError, match=f"although its name ends in {name[3:]}"):
        read(tmp_path, b"a,b\n", name)


@pytest.mark.parametrize(("name", "mend"), [("log.csv.xz", r"zstd \(\.zst\)"), ("log.parquet", "format: parquet")])
def test_other_files_are_refused_by_name(tmp_path, name, mend):
    with pytest.raises(UserError, match=mend):
        read(tmp_path, b"x", name)


def test_an_error_of_the_disk_is_no_damage(tmp_path, monkeypatch):
    monkeypatch.setattr(compression.pa, "CompressedInputStream", lambda raw, kind: _Failing())
    with pytest.raises(OSError, match="Input/output error"):
        read(tmp_path, zstd(LINES), "log.zst")


class _Failing:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def read(self, n_bytes):
        raise OSError(5, "Input/output error")


def test_progress_ends_at_the_size_of_a_zstd_file(tmp_path):
    path, seen = tmp_path / "log.zst", []
    path.write_bytes(zstd(LINES))
    list(decompressed_blocks(path, seen.append))
    assert seen[-1] == path.stat().st_size
