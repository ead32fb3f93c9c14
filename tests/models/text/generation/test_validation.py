import pytest

from models.text.generation.validation import MAX_FAULT_CHARACTERS, Checked, check_answer

SCHEMA = {
    "type": "object",
    "properties": {
        "item_id": {"const": "i1"},
        "summary": {"type": "string", "minLength": 1},
        "since": {"type": "string", "format": "date"},
    },
    "required": ["item_id", "summary"],
    "additionalProperties": False,
}
GOOD = '{"item_id": "i1", "summary": "A mug."}'
VALUE = {"item_id": "i1", "summary": "A mug."}


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"\n  {GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"Here it is:\n```\n{GOOD}\n```\nAnything else?",
        f"Sure! {GOOD} I hope this helps.",
        f"The set {{a, b}} is a mug: {GOOD}",
        f'<think>\nfirst {{"item_id": 3}} then\n</think>\n{GOOD}',
        f'An example would be {{"item_id": "i2", "summary": "x"}}, so: {GOOD}',
    ],
    ids=["bare", "spaces", "fence", "fence in prose", "prose", "braces in prose", "thoughts", "second of two"],
)
def test_the_value_is_found(text: str):
    assert check_answer(text, SCHEMA) == Checked(VALUE, None)


def test_the_end_of_a_thought_inside_a_string_is_text():
    text = '{"item_id": "i1", "summary": "say </think> {"}'
    assert check_answer(text, SCHEMA).value["summary"] == "say </think> {"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the answer is empty"),
        ("A mug, red.", "the answer is not JSON but text: 'A mug, red.'"),
        (GOOD[:-6], "the answer's JSON is broken or ends too early"),
        ('{"item_id": "i2", "summary": "A mug."}', "item_id: 'i1' was expected"),
        ('{"item_id": "i1"}', "the answer: 'summary' is a required property"),
        ('{"item_id": "i1", "summary": ""}', "summary: '' should be non-empty"),
        ('{"item_id": "i1", "summary": "m", "mood": 1}', "('mood' was unexpected)"),
        ('{"item_id": "i1", "summary": "m", "since": "May"}', "since: 'May' is not a 'date'"),
        ('{"item_id": "i1", "summary": NaN}', "broken"),
        ('{"item_id": "i1", "summary": "\\ud83d"}', "no valid Unicode"),
        ("[" * 100_000, "broken"),
        ('"i1"', "the answer: 'i1' is not of type 'object'"),
    ],
)
def test_the_fault_is_told_in_one_line(text: str, fault: str):
    checked = check_answer(text, SCHEMA)
    assert checked.value is None and fault in checked.fault
    assert "\n" not in checked.fault and len(checked.fault) <= MAX_FAULT_CHARACTERS


def test_a_long_fault_is_cut():
    checked = check_answer('{"summary": ["' + "x\\n" * 5000 + '"], "item_id": "i1"}', SCHEMA)
    assert len(checked.fault) == MAX_FAULT_CHARACTERS and checked.fault.endswith("...")


def test_a_valid_null_is_a_value():
    assert check_answer("null", {"type": ["object", "null"]}) == Checked(None, None)
