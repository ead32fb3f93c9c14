import pytest

from models.errors import UserError
from models.events.inference.layout import sniff_layout
from models.events.inference.text_encoding import EncodingVotes


def sniff(text: str):
    return sniff_layout(text.encode().splitlines(), "log")


@pytest.mark.parametrize(
    ("text", "format", "separator", "columns"),
    [
        ("user,item,time\n1,2,3\n4,5,6", "csv", ",", ("user", "item", "time")),
        ("user;item;price\n1;2;3,5\n4;5;6,5", "csv", ";", ("user", "item", "price")),
        ("user\titem\ttitle\n1\t2\ta, b\n4\t5\tc, d", "csv", "\t", ("user", "item", "title")),
        ("user|item\n1|2\n4|5", "csv", "|", ("user", "item")),
        ("user::item::genres\n1::2::a|b\n4::5::c|d|e", "dat", "::", ("user", "item", "genres")),
        ("movieId,title,genres\n1,Toy Story,A|B|C\n2,Heat,A|D", "csv", ",", ("movieId", "title", "genres")),
        ('item,title\n1,"a, b"\n2,"c, ""d"", e"', "csv", ",", ("item", "title")),
        ('{"user": 1, "item": "a,b"}\n{"user": 2, "time": 3}', "jsonl", None, ("user", "item", "time")),
        ("\ufeffuser,item\n1,2", "csv", ",", ("user", "item")),
    ],
)
def test_format_separator_and_columns(text, format, separator, columns):
    found = sniff(text)
    assert (found.format, found.separator, found.header, found.columns) == (format, separator, True, columns)


@pytest.mark.parametrize(
    ("text", "header", "columns", "noted"),
    [
        ("user,item\nann,bread\nbob,milk", True, ("user", "item"), False),
        ("1,2\n3,4", False, ("column_1", "column_2"), False),
        (",item_id\n0,a\n1,b", True, ("", "item_id"), False),
        ("foo,bar\nann,1\nbob,2", True, ("foo", "bar"), True),
        ("ann,bread\nbob,milk\nann,milk", False, ("column_1", "column_2"), True),
        ("ann,2011-01-01\nbob,2011-01-02", False, ("column_1", "column_2"), False),
    ],
)
def test_header(text, header, columns, noted):
    found = sniff(text)
    assert (found.header, found.columns, bool(found.header_note)) == (header, columns, noted)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "holds no line"),
        (b"one word\nanother", "no separator"),
        (b'[{"user": 1},\n{"user": 2}]', "begins like JSON"),
        ("user,item\n1,2".encode("utf-16"), "is UTF-16"),
    ],
)
def test_what_cannot_be_read_is_refused(data, expected):
    with pytest.raises(UserError, match=expected):
        sniff_layout(data.splitlines(), "log")


def test_files_of_one_layout_belong_together():
    log = sniff("user,item,time,price\n1,2,3,4")
    assert log.fits(sniff_layout([b"user,item,time", b"1,2,3"], ""))
    assert not log.fits(sniff_layout([b"item,title,brand", b"1,a,b"], ""))
    assert not log.fits(sniff_layout([b"user;item;time;price", b"1;2;3;4"], ""))
    headless = sniff("1,2,3\n4,5,6")
    assert headless.fits(sniff_layout([b"7,8,9"], ""))
    assert not headless.fits(sniff_layout([b"7,8"], ""))


@pytest.mark.parametrize(
    ("lines", "encoding", "noted"),
    [
        (["plain"], "utf-8", False),
        (["é".encode(), b"plain"], "utf-8", False),
        ([b"caf\xe9", b"plain"], "cp1252", True),
        ([b"caf\xe9", b"\x81"], "iso8859-1", True),
        (["é".encode(), "ü".encode(), b"caf\xe9"], "utf-8", True),
        (["é".encode(), b"\xfc", b"caf\xe9"], "cp1252", True),
    ],
)
def test_encoding(lines, encoding, noted):
    votes = EncodingVotes()
    for line in lines:
        votes.add(line if isinstance(line, bytes) else line.encode())
    assert (votes.encoding().value, bool(votes.encoding().note)) == (encoding, noted)


def test_stray_quotes_make_tab_separated_lines_literal():
    lines = [b"1\tA\tx", b'2\t"quoted title\ty', b"3\tB\tz", b"4\tC\tz"]
    assert (sniff_layout(lines, "").format, sniff_layout(lines[:1] + lines[2:], "").format) == ("tsv", "csv")
