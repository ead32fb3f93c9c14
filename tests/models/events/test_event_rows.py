"""Event ids: the digest of a record's values."""

import hashlib

import orjson

HEADER = "user,item,type,at\n"


def ids(batch):
    return batch.accepted["event_id"].to_list()


def test_the_digest_is_the_documented_one(read):
    (found,) = ids(read(HEADER + "u1,i1,click,2011-01-05T00:00:01\n"))
    record = {"event_at": 1_294_185_601_000_000, "event_type": "click", "item_id": "i1", "user_id": "u1"}
    assert found == hashlib.blake2b(orjson.dumps(record), digest_size=16).hexdigest()


def test_equal_records_share_an_id_wherever_they_stand(read):
    line = "u1,i1,click,2011-01-05T00:00:01\n"
    first = read(HEADER + line + line + "u1,i1,click,2011-01-05T00:00:02\n")
    assert ids(first)[0] == ids(first)[1] != ids(first)[2]
    again = read(
        '{"user":"u1","item":"i1","type":"click","at":"2011-01-05T01:00:01+01:00"}', name="b.jsonl", format="jsonl"
    )
    assert ids(again)[0] == ids(first)[0]


def test_neighbouring_fields_cannot_be_confused(read):
    found = ids(read(HEADER + "ab,c,click,2011-01-05\na,bc,click,2011-01-05\n,abc,click,2011-01-05\n"))
    assert len(set(found)) == 3


def test_a_field_that_is_never_filled_changes_no_id(read):
    line = "user,item,type,at,price\nu1,i1,click,2011-01-05,\n"
    columns = {"user_id": "user", "item_id": "item", "event_type": "type", "event_at": "at"}
    assert ids(read(line, columns=columns)) == ids(read(line, columns=columns | {"price": "price"}))


def test_an_id_does_not_depend_on_the_other_rows(read):
    line = ",i1,click,2011-01-05\n"
    assert ids(read(HEADER + line))[0] == ids(read(HEADER + "u1,i1,click,2011-01-05\n" + line))[1]


def test_id_fields_choose_what_makes_an_event_the_same(read):
    lines = HEADER + "u1,i1,click,2011-01-05\nu1,i1,buy,2011-01-05\nu1,i2,buy,2011-01-05\n"
    found = ids(read(lines, id_fields=["user_id", "item_id"]))
    assert found[0] == found[1] != found[2]


def test_a_given_id_is_kept_and_only_gaps_are_filled(read):
    lines = "id,item,type,at\ne1,i1,click,2011-01-05\n,i1,click,2011-01-05\n"
    columns = {"event_id": "id", "item_id": "item", "event_type": "type", "event_at": "at"}
    found = ids(read(lines, columns=columns))
    assert found[0] == "e1" and len(found[1]) == 32
