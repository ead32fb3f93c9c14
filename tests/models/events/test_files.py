import hashlib
from datetime import date

import pytest

from models.errors import UserError
from models.events.files import file_digest, list_source_files
from models.events.source import CatalogueSource

DAY = r"(\d{4}-\d{2}-\d{2})"


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def names(files):
    return [file.name for file in files]


def test_one_file_is_named_by_its_own_name(tmp_path, event_source):
    touch(tmp_path, "logs/a.csv")
    (file,) = list_source_files(event_source(path="logs/a.csv"), tmp_path)
    assert (file.name, file.day, file.path) == ("a.csv", None, tmp_path / "logs/a.csv")


def test_a_folder_stands_for_every_visible_file_below_it(tmp_path, event_source):
    touch(
        tmp_path, "logs/b.csv", "logs/a.csv", "logs/day=1/c.csv", "logs/.b.csv.swp", "logs/_SUCCESS", "logs/_tmp/d.csv"
    )
    assert names(list_source_files(event_source(path="logs"), tmp_path)) == ["a.csv", "b.csv", "day=1/c.csv"]


def test_globs_are_relative_to_what_comes_before_the_first_wildcard(tmp_path, event_source):
    touch(tmp_path, "logs/2/b.csv", "logs/1/a.csv", "logs/1/a.txt", "logs/1/deep/c.csv")
    (tmp_path / "logs/1/folder.csv").mkdir()
    assert names(list_source_files(event_source(path="logs/*/*.csv"), tmp_path)) == ["1/a.csv", "2/b.csv"]
    assert names(list_source_files(event_source(path="logs/**/*.csv"), tmp_path)) == [
        "1/a.csv",
        "1/deep/c.csv",
        "2/b.csv",
    ]
    absolute = event_source(path=str(tmp_path / "logs/1/*.csv"))
    assert names(list_source_files(absolute, tmp_path / "elsewhere")) == ["a.csv"]


def test_brackets_in_real_names_are_not_wildcards(tmp_path, event_source):
    touch(tmp_path, "base[1]/log[2].csv", "base[1]/x.csv")
    base = tmp_path / "base[1]"
    assert names(list_source_files(event_source(path="log[2].csv"), base)) == ["log[2].csv"]
    assert names(list_source_files(event_source(path="*.csv"), base)) == ["log[2].csv", "x.csv"]


def test_days_come_from_the_name(tmp_path, event_source):
    touch(tmp_path, "day=2011-01-02/part.csv", "day=2011-01-01/part.csv")
    files = list_source_files(event_source(path="*/*.csv", day_pattern=DAY), tmp_path)
    assert [file.day for file in files] == [date(2011, 1, 1), date(2011, 1, 2)]


@pytest.mark.parametrize(
    ("name", "found"), [("notes.csv", "does not match"), ("2011-02-31.csv", "no day '2011-02-31'")]
)
def test_a_name_without_its_day_is_refused(tmp_path, event_source, name, found):
    touch(tmp_path, "2011-01-01.csv", name)
    with pytest.raises(UserError, match=found) as caught:
        list_source_files(event_source(path="*.csv", day_pattern=DAY), tmp_path)
    assert name in caught.value.where


@pytest.mark.parametrize(
    ("path", "found"), [("none.csv", "does not exist"), ("*.csv", "matches no file"), ("empty", "holds no file")]
)
def test_nothing_found_says_what_was_looked_for(tmp_path, event_source, path, found):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=found) as caught:
        list_source_files(event_source(path=path), tmp_path)
    assert path in caught.value.found and path in caught.value.where and "sluice.yaml" in caught.value.mend


def test_a_catalogue_has_no_days(tmp_path):
    touch(tmp_path, "2011-01-01.csv")
    source = CatalogueSource(path="*.csv", format="csv", columns={"item_id": "i"})
    assert [file.day for file in list_source_files(source, tmp_path)] == [None]


def test_digest_is_sha256_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_digest(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()
    with pytest.raises(UserError, match="cannot be read"):
        file_digest(tmp_path / "missing")
