import pytest

from models.events.nested import picker, roots

RECORD = {
    "a": {"b": 1, "c": {"d": "deep"}, "empty": ""},
    "a.b": "flat",
    "list": [{"key": "x", "value": {"n": 7}}, {"key": "y"}, "text", None, {"key": "x", "value": {"n": 8}}],
    "none": None,
    "nothing": [],
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.b", "flat"),
        ("a.c.d", "deep"),
        ("a.c.d.e", None),
        ("a.x", None),
        ("list[0].key", "x"),
        ("list[9].key", None),
        ("list[2].key", None),
        ("list[key=x].value.n", 7),
        ("list[key=y].value.n", None),
        ("list[key=z].value.n", None),
        ("a[key=x]", None),
        ("none | a.c.d", "deep"),
        ("a.empty | nothing | list[1].key", "y"),
        ("none | nothing", None),
        ("broken[", None),
        ("list[-1].key", None),
    ],
)
def test_paths(path, expected):
    assert picker(["none", path])(RECORD) == [None, expected]


def test_a_key_that_looks_like_a_path_goes_before_it():
    assert picker(["x[0]", "a | b"])({"x[0]": 1, "x": [2], "a | b": 3, "a": 4}) == [1, 3]


def test_roots_are_the_columns_a_path_needs():
    assert roots("a.b[0] | c") == ["a", "c"] and roots("plain") == ["plain"] and roots("bro[ken") == ["bro[ken"]
