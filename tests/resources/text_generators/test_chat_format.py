from dataclasses import replace

import pytest
from chat_server import GOOD, SCHEMA, completion

from resources.text_generators.chat_format import MAX_REPEATED_CHARACTERS, ChatFormat, read_completion


def test_the_body_says_all_that_was_asked(prompt):
    assert ChatFormat("m").body(prompt) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "You describe items."},
            {"role": "user", "content": "Describe i1."},
        ],
        "max_tokens": 50,
        "temperature": 0.0,
        "seed": 0,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
        },
    }


def test_what_is_not_wanted_is_not_sent(prompt):
    bare = replace(prompt, system="", schema=None, temperature=None, seed=None)
    assert ChatFormat("m", length_field="max_completion_tokens").body(bare) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Describe i1."}],
        "max_completion_tokens": 50,
    }


def test_response_formats(prompt):
    assert ChatFormat("m", "json_object").body(prompt)["response_format"] == {"type": "json_object"}
    assert "response_format" not in ChatFormat("m", "none").body(prompt)
    assert "response_format" not in ChatFormat("m", "json_object").body(replace(prompt, schema=None))


def test_a_long_wrong_answer_is_repeated_in_part(prompt):
    body = ChatFormat("m").body(prompt, [("x" * 100_000, "too long")])
    assert len(body["messages"][2]["content"]) == MAX_REPEATED_CHARACTERS


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"3", b"null", b'{"choices": 3}', b'{"choices": [3]}', b'{"choices": [{"message": []}]}', b"\xff", b"[" * 99_999],
)  # fmt: skip
def test_what_is_no_completion_is_a_failure(prompt, content: bytes):
    read = read_completion(content, prompt)
    assert read.outcome == "failed" and read.fault.startswith("the server answered 200, but")


@pytest.mark.parametrize("usage", [None, [], {"prompt_tokens": "many", "completion_tokens": -1}, {}])
def test_strange_counts_are_none(prompt, usage):
    import json

    read = read_completion(json.dumps({**completion(GOOD), "usage": usage}), prompt)
    assert (read.outcome, read.tokens_in, read.tokens_out) == ("answered", 0, 0)


def test_content_of_another_kind_is_an_empty_answer(prompt):
    import json

    assert read_completion(json.dumps(completion(["parts"])), prompt).fault == "the answer is empty"
