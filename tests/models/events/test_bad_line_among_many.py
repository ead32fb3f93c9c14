"""One bad line between hundreds of good ones, which are read together: it alone is rejected, by its own number."""

import json

import pytest

NAMES = ["user", "item", "type", "at"]
GOOD = ["u1", "i1", "click", "2011-01-05T10:00:00"]
SEPARATORS = {"csv": ",", "tsv": "\t", "dat": "::", "recbole": "\t", "jsonl": ""}
N_AROUND = 300
BOBBY = "'); DROP TABLE core_events;--"


def line(layout: str, row: list[str], encoding: str = "utf-8") -> bytes:
    text = json.dumps(dict(zip(NAMES, row, strict=True)), ensure_ascii=False) if layout == "jsonl" else ""
    return (text or SEPARATORS[layout].join(row)).encode(encoding)


def header(layout: str) -> list[bytes]:
    names = [f"{name}:token" for name in NAMES] if layout == "recbole" else NAMES
    return [] if layout == "jsonl" else [SEPARATORS[layout].join(names).encode()]


def bad_line(defect: str, layout: str) -> bytes:
    return {
        "wrong_encoding": lambda: line(layout, ["é", *GOOD[1:]], "latin-1"),
        "nul_byte": lambda: line(layout, ["u\x001", *GOOD[1:]]),
        "repeated_header": lambda: header(layout)[0],
        "unbalanced_quote": lambda: line(layout, ['"u1', *GOOD[1:]]),
        "wrong_field_count": lambda: line(layout, GOOD) + SEPARATORS[layout].encode() + b"more",
        "broken_json": lambda: line(layout, GOOD)[:-5],
        "blank_line": lambda: b"",
        "line_too_long": lambda: line(layout, ["x" * 10_000_000, *GOOD[1:]]),
        "unreadable_time": lambda: line(layout, [*GOOD[:3], "5 January 2011"]),
        "impossible_time": lambda: line(layout, [*GOOD[:3], "3011-01-05T10:00:00"]),
        "missing_time": lambda: line(layout, [*GOOD[:3], ""]),
        "missing_item": lambda: line(layout, [GOOD[0], "", *GOOD[2:]]),
    }[defect]()


ANY = ("wrong_encoding", "nul_byte", "blank_line", "line_too_long", "unreadable_time", "impossible_time")
ONLY_IN = {"unbalanced_quote": ["csv"], "broken_json": ["jsonl"]}
DELIMITED = ("csv", "tsv", "dat", "recbole")
CASES = [
    *((defect, layout) for defect in (*ANY, "missing_time", "missing_item") for layout in SEPARATORS),
    *((defect, layout) for defect in ("repeated_header", "wrong_field_count") for layout in DELIMITED),
    *((defect, layout) for defect, layouts in ONLY_IN.items() for layout in layouts),
]


@pytest.fixture
def read_lines(read):
    def written_and_read(layout: str, lines: list[bytes], **options):
        separator = {"separator": "::"} if layout == "dat" else {}
        return read(b"\n".join([*header(layout), *lines]) + b"\n", format=layout, **separator, **options)

    return written_and_read


@pytest.mark.parametrize(("defect", "layout"), CASES)
def test_it_alone_is_rejected(read_lines, reasons, defect: str, layout: str):
    good = [line(layout, [f"u{number}", *GOOD[1:]]) for number in range(2 * N_AROUND)]
    batch = read_lines(layout, [*good[:N_AROUND], bad_line(defect, layout), *good[N_AROUND:]])
    assert reasons(batch) == [defect]
    assert batch.rejected["source_line"].to_list() == [len(header(layout)) + N_AROUND + 1]
    assert batch.accepted["user_id"].to_list() == [f"u{number}" for number in range(2 * N_AROUND)]
    assert batch.n_lines == 2 * N_AROUND + 1


@pytest.mark.parametrize("layout", SEPARATORS)
def test_what_is_odd_and_not_bad_is_kept(read_lines, layout: str):
    users = [BOBBY, "a/b/../c", "😀" * 3, "long/" + "x" * 495, "\ufeffmarked"]
    good = [line(layout, GOOD)] * N_AROUND
    odd = [line(layout, [user, *GOOD[1:]]) for user in users[:4]]
    odd.append("\ufeff".encode() + line(layout, ["marked", *GOOD[1:]]))
    batch = read_lines(layout, [*good, *odd, *good])
    assert batch.rejected.is_empty()
    assert batch.accepted["user_id"].to_list()[N_AROUND:-N_AROUND] == [*users[:4], "marked"]


FIVE_FORMATS = ["2011-01-05T10:00:00", "05.01.2011 10:00", "01/05/2011", "1294221600", "5 Jan 2011 10:00"]


@pytest.mark.parametrize("layout", SEPARATORS)
@pytest.mark.parametrize("n_before", [0, N_AROUND])
@pytest.mark.parametrize(
    ("time_format", "readable"), [("iso", 0), ("%d.%m.%Y %H:%M", 1), ("%m/%d/%Y", 2), ("epoch_seconds", 3)]
)
def test_of_five_formats_in_a_file_one_is_read_and_none_is_guessed(
    read_lines, reasons, layout: str, n_before: int, time_format: str, readable: int
):
    before = [line(layout, [*GOOD[:3], FIVE_FORMATS[readable]])] * n_before
    batch = read_lines(
        layout, [*before, *(line(layout, [*GOOD[:3], time]) for time in FIVE_FORMATS)], time_format=time_format
    )
    assert reasons(batch) == ["unreadable_time"] * 4
    others = [time for place, time in enumerate(FIVE_FORMATS) if place != readable]
    for time, detail in zip(others, batch.rejected["detail"], strict=True):
        assert detail == f"{time!r} read as {time_format}, at"
    assert batch.accepted.height == n_before + 1
    assert batch.accepted["event_at"].dt.date().n_unique() == 1
