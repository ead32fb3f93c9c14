import gzip
import tracemalloc

import pytest

from models.errors import UserError
from models.events import compression, lines
from models.events.lines import physical_lines


def read(path, limit=1_000):
    return list(physical_lines(path, limit, lambda done: None))


def write(tmp_path, data, name="log.txt"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def test_line_endings_are_removed_and_a_last_line_needs_none(tmp_path):
    found = read(write(tmp_path, b"a\nb\r\n\nc"))
    assert [(number, data) for number, data, _, _ in found] == [(1, b"a"), (2, b"b"), (3, b""), (4, b"c")]


@pytest.mark.parametrize("data", [b"", b"\n", b"a", b"a\n", b"\n\n", b"\r\n"])
def test_number_of_lines_is_that_of_python(tmp_path, data):
    expected = data.split(b"\n")[: None if data and not data.endswith(b"\n") else -1]
    assert [line[1] for line in read(write(tmp_path, data))] == [line.removesuffix(b"\r") for line in expected]


def test_gzip_is_recognised_by_its_content(tmp_path):
    assert [line[1] for line in read(write(tmp_path, gzip.compress(b"a\nb\n"), "log.txt"))] == [b"a", b"b"]
    two_members = gzip.compress(b"a\n") + gzip.compress(b"b\n")
    assert [line[1] for line in read(write(tmp_path, two_members, "log.gz"))] == [b"a", b"b"]


def test_empty_file_named_gz_has_no_lines(tmp_path):
    assert read(write(tmp_path, b"", "log.gz")) == []


def test_plain_text_named_gz_is_refused(tmp_path):
    with pytest.raises(UserError, match="not a gzip file"):
        read(write(tmp_path, b"a,b\n", "log.gz"))


def test_other_compressions_are_refused_by_name(tmp_path):
    with pytest.raises(UserError, match=r"\.xz files cannot be read"):
        read(write(tmp_path, b"x", "log.csv.xz"))


@pytest.mark.parametrize("block_bytes", [1, 3, 7, 1 << 20])
def test_only_the_long_line_is_rejected(tmp_path, monkeypatch, block_bytes):
    monkeypatch.setattr(compression, "BLOCK_BYTES", block_bytes)
    found = read(write(tmp_path, b"ab\n" + b"x" * 50 + b"\ncd\n" + b"y" * 11), limit=10)
    assert [(line[1], line[2]) for line in found[::2]] == [(b"ab", None), (b"cd", None)]
    assert [(line[0], line[2]) for line in found[1::2]] == [(2, "line_too_long"), (4, "line_too_long")]
    assert found[1][3] == "50 bytes; max_line_bytes is 10"


def test_a_line_of_exactly_the_limit_is_kept(tmp_path):
    assert read(write(tmp_path, b"x" * 10 + b"\n"), limit=10)[0][2] is None


def test_a_huge_line_is_not_held_in_memory(tmp_path):
    path = write(tmp_path, gzip.compress(b"x" * 20_000_000), "log.gz")
    tracemalloc.start()
    (found,) = read(path)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 8_000_000
    assert found[2] == "line_too_long" and len(found[1]) == lines.KEPT_BYTES


def test_truncated_gzip_keeps_what_came_before(tmp_path):
    content = b"".join(b"line %d\n" % i for i in range(5_000))
    whole = gzip.compress(content)
    found = read(write(tmp_path, whole[: len(whole) // 2], "log.gz"))
    *kept, last = found
    assert last[2] == "truncated_file" and last[0] == len(kept) + 1 and len(kept) > 100
    assert (
        b"".join(line[1] + b"\n" for line in kept) + last[1]
        == content[: sum(len(x[1]) + 1 for x in kept) + len(last[1])]
    )


def test_corrupt_gzip_gives_one_broken_line(tmp_path):
    data = bytearray(gzip.compress(b"a\nb\n"))
    data[-6] ^= 0xFF  # the stored checksum
    found = read(write(tmp_path, bytes(data), "log.gz"))
    assert [line[1] for line in found] == [b"a", b"b", b""]
    assert found[-1][2] == "corrupt_file"


def test_progress_ends_at_the_size_of_the_file(tmp_path):
    path = write(tmp_path, gzip.compress(b"a\n" * 1000), "log.gz")
    seen = []
    list(physical_lines(path, 1_000, seen.append))
    assert seen[-1] == path.stat().st_size
