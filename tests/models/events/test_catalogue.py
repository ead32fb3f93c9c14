from datetime import date, datetime

import pytest

from models.errors import UserError
from models.events.catalogue import CatalogueBatch, read_catalogue
from models.events.schema import RAW_ITEMS, REJECTED_ITEMS
from models.events.source import CatalogueSource


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, columns, name="items.csv", **options):
        (tmp_path / name).write_text(text)
        source = CatalogueSource(**({"path": name, "format": "csv", "columns": columns} | options))
        return read_catalogue(source, tmp_path)

    return write_and_read


def test_every_field_arrives_in_its_type(read):
    header = "item_id,title,description,category,brand,price,stock,available_from,withdrawn_at\n"
    columns = {name: name for name in header.strip().split(",")}
    batch = read(
        header + "1,Shoe,Red,Wear > Feet,Acme,9.5,3,2011-07-01 00:00:00,\n", columns, time_zone="Europe/London"
    )
    told = ("1", "Shoe", "Red", "Wear > Feet", "Acme", 9.5, 3.0, datetime(2011, 6, 30, 23), None)
    expected = (*told, "items.csv", 2, None)
    assert batch.items.rows() == [expected]
    assert batch.items.schema == RAW_ITEMS and batch.rejected.schema == REJECTED_ITEMS


def test_the_first_row_of_an_item_wins(read):
    batch = read("id,name\n1,a\n2,b\n1,c\n,d\n1,e\n", {"item_id": "id", "title": "name"})
    assert batch.items["title"].to_list() == ["a", "b"]
    assert batch.rejected["reason"].to_list() == ["duplicate_item", "missing_item", "duplicate_item"]
    assert batch.rejected["detail"][0] == "item '1' is already in items.csv, line 2"
    assert batch.n_lines == 5


def test_the_first_row_wins_across_files_in_name_order(tmp_path):
    (tmp_path / "b.csv").write_text("id,name\n1,late\n2,x\n")
    (tmp_path / "a.csv").write_text("id,name\n1,early\n")
    source = CatalogueSource(path="*.csv", format="csv", columns={"item_id": "id", "title": "name"})
    batch = read_catalogue(source, tmp_path)
    assert batch.items["title"].to_list() == ["early", "x"]
    assert batch.rejected.select("source_file", "source_line").rows() == [("b.csv", 2)]


def test_files_with_days_are_a_whole_catalogue_each(tmp_path):
    texts = {"b-2024-01-02.csv": "1,new\n2,x\n", "a-2024-01-10.csv": "1,newest\n", "c-2024-01-02.csv": "1,again\n"}
    for name, text in texts.items():
        (tmp_path / name).write_text("id,name\n" + text)
    columns = {"item_id": "id", "title": "name"}
    source = CatalogueSource(path="*.csv", format="csv", columns=columns, day_pattern=r"(\d{4}-\d{2}-\d{2})")
    batch = read_catalogue(source, tmp_path)
    rows = batch.items.select("source_day", "item_id", "title").rows()
    second, tenth = date(2024, 1, 2), date(2024, 1, 10)
    assert rows == [(second, "1", "new"), (second, "2", "x"), (tenth, "1", "newest")]
    assert batch.rejected["detail"].to_list() == ["item '1' is already in b-2024-01-02.csv, line 2"]
    with pytest.raises(UserError, match="day_pattern"):
        read_catalogue(source.model_copy(update={"day_pattern": "x(.)"}), tmp_path)
    with pytest.raises(ValueError, match="exactly one group"):
        CatalogueSource(path="*.csv", format="csv", columns=columns, day_pattern="x")


def test_a_rejected_row_does_not_claim_its_id(read):
    batch = read("id,price\n1,cheap\n1,5\n", {"item_id": "id", "price": "price"})
    assert batch.items["price"].to_list() == [5.0] and batch.rejected["reason"].to_list() == ["unreadable_number"]


def test_broken_lines_are_accounted_for(read):
    columns = {"item_id": "id", "available_from": "since"}
    batch = read("id,since\n1\n\n2,soon\n3,1066-10-14\n4,\n", columns)
    assert batch.rejected["reason"].to_list() == [
        "wrong_field_count",
        "blank_line",
        "unreadable_time",
        "impossible_time",
    ]
    assert batch.items["item_id"].to_list() == ["4"] and batch.n_lines == 5


def test_a_category_list_gives_its_first_and_tells_all_in_the_description(read):
    columns = {"item_id": "id", "category": "genres", "description": "text"}
    text = "id,genres,text\n1,Adventure| Children ,\n2,Drama,A film.\n3,,\n4,|,Plain.\n"
    items = read(text, columns, category_separator="|").items
    assert items["category"].to_list() == ["Adventure", "Drama", None, None]
    assert items["description"].to_list() == ["Adventure, Children", "A film.\nDrama", None, "Plain."]
    untouched = read(text, columns).items
    assert untouched["category"].to_list() == ["Adventure| Children", "Drama", None, "|"]


def test_a_path_is_written_with_arrows(read):
    columns = {"item_id": "id", "category": "shelf"}
    items = read("id,shelf\n1,Home/ Garden/Pots\n2,Toys\n3,/\n4,\n", columns, path_separator="/").items
    assert items["category"].to_list() == ["Home > Garden > Pots", "Toys", None, None]
    assert items["description"].null_count() == 4


def test_constants_fill_a_field(read):
    items = read("id\n1\n", {"item_id": "id"}, constants={"brand": "Acme", "price": 3}).items
    assert items.select("brand", "price").row(0) == ("Acme", 3.0)


def test_json_catalogue_and_integer_ids(read):
    lines = '{"id": 7.0, "name": "a"}\n{"id": 7, "name": "b"}\n{"id": [], "name": "c"}\n'
    columns = {"item_id": "id", "title": "name"}
    batch = read(lines, columns, name="items.jsonl", format="jsonl", integer_ids=["item_id"])
    assert batch.items.select("item_id", "title").rows() == [("7", "a")]
    assert batch.rejected["reason"].to_list() == ["duplicate_item", "wrong_type"]


@pytest.mark.parametrize("text", ["", "id\n", "id\n\n"])
def test_an_empty_catalogue_is_empty(read, text):
    batch = read(text, {"item_id": "id"})
    assert batch.items.height == 0 and batch.items.schema == RAW_ITEMS and batch.n_lines == batch.rejected.height


def test_nothing_there_is_the_users_to_mend(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        read_catalogue(CatalogueSource(path="x.csv", format="csv", columns={"item_id": "id"}), tmp_path)


def test_an_unaccounted_line_is_a_bug():
    with pytest.raises(RuntimeError, match="3 lines were read, 0 are accounted for"):
        CatalogueBatch(RAW_ITEMS.to_frame(), REJECTED_ITEMS.to_frame(), 3)


def test_lists_and_prices_with_signs_are_read_where_the_source_says_so(read):
    text = '{"id": "1", "cat": ["A", "B"], "price": "$1,299.00"}\n{"id": "2", "cat": "C", "price": 3}\n'
    columns = {"item_id": "id", "category": "cat", "price": "price"}
    options = {"name": "items.jsonl", "format": "jsonl"}
    batch = read(text, columns, join_lists={"category": " > "}, currency_signs=["$"], **options)
    assert batch.items.select("item_id", "category", "price").rows() == [("1", "A > B", 1299.0), ("2", "C", 3.0)]
    assert read(text, columns, **options).rejected["reason"].to_list() == ["wrong_type"]
    unsigned = read(text, columns, join_lists={"category": " > "}, **options)
    assert unsigned.rejected["reason"].to_list() == ["unreadable_number"]
