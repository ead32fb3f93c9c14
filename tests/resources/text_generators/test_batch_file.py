import json
from dataclasses import replace

import pytest
from chat_server import GOOD, SCHEMA, completion

from models.errors import UserError
from resources.text_generators.batch_file import ENDPOINT, read_batch, write_batch
from resources.text_generators.chat_format import ChatFormat

FORM = ChatFormat("m")


@pytest.fixture
def prompts(prompt):
    return [replace(prompt, seed=seed) for seed in range(5)]


def result(request, content=GOOD, status=200, error=None, **more) -> dict:
    body = completion(content, **more) if status == 200 else {"error": {"message": "bad", "code": status}}
    response = {"status_code": status, "request_id": "r", "body": body}
    return {"id": "b", "custom_id": request.key("i"), "response": None if error else response, "error": error}


def written(folder, *lines, name="results.jsonl"):
    file = folder / name
    file.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return file


def test_each_prompt_is_a_line(prompts, tmp_path):
    file = tmp_path / "batch.jsonl"
    assert write_batch([*prompts, prompts[0]], "i", FORM, file) == 5
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["custom_id"] for line in lines] == [request.key("i") for request in prompts]
    assert {(line["method"], line["url"]) for line in lines} == {("POST", ENDPOINT)}
    assert lines[3]["body"] == FORM.body(prompts[3])
    assert lines[0]["body"]["response_format"]["json_schema"]["schema"] == SCHEMA


def test_a_batch_that_broke_off_is_no_batch(prompts, tmp_path):
    def broken():
        yield prompts[0]
        raise LookupError

    with pytest.raises(LookupError):
        write_batch(broken(), "i", FORM, tmp_path / "batch.jsonl")
    assert not (tmp_path / "batch.jsonl").exists()


def test_results_come_in_any_order_from_several_files(prompts, tmp_path):
    first = written(tmp_path, *(result(request) for request in reversed(prompts[:3])))
    second = written(tmp_path, result(prompts[3], status=500), result(prompts[4]), name="errors.jsonl")
    found = list(read_batch(prompts, "i", first, second))
    assert [key for key, _ in found] == [request.key("i") for request in prompts]
    assert [answer.outcome for _, answer in found] == ["answered", "answered", "answered", "failed", "answered"]
    answer = found[0][1]
    assert (answer.value["item_id"], answer.tokens_in, answer.tokens_out, answer.attempts) == ("i1", 7, 3, 1)


def test_each_fault_is_told(prompts, tmp_path):
    file = written(
        tmp_path,
        result(prompts[0], status=429),
        result(prompts[1], error={"code": "batch_expired", "message": "too late"}),
        result(prompts[2], content="prose"),
        result(prompts[3], content=None, refusal="no"),
        result(prompts[4])["custom_id"],
        '{"custom_id": "half',
        "[3]",
        '"x"',
    )
    found = dict(read_batch(prompts, "i", file))
    answers = [found[request.key("i")] for request in prompts]
    assert [answer.outcome for answer in answers] == ["failed", "failed", "invalid", "refused", "failed"]
    assert answers[0].error.startswith("the batch's line is an error, status 429: ")
    assert "batch_expired" in answers[1].error
    assert answers[2].error == "the answer is not JSON but text: 'prose'"
    assert answers[4].error == f"no line for it in {file}"


def test_of_several_lines_the_first_answer_counts(prompts, tmp_path):
    other = '{"item_id": "i1", "summary": "Later."}'
    file = written(tmp_path, result(prompts[0], status=500), result(prompts[0]), result(prompts[0], content=other))
    [(_, answer)] = read_batch(prompts[:1], "i", file)
    assert answer.value["summary"] == "A mug."


def test_results_of_another_batch_are_refused(prompts, tmp_path):
    file = written(tmp_path, *(result(replace(request, user="other")) for request in prompts))
    with pytest.raises(UserError, match="none of its 5 lines answers one of the 5 prompts"):
        list(read_batch(prompts, "i", file))
    with pytest.raises(UserError, match="no such file"):
        list(read_batch(prompts, "i", tmp_path / "nowhere.jsonl"))


def test_no_prompts_have_no_answers(tmp_path):
    assert list(read_batch([], "i", written(tmp_path))) == []


def test_what_a_server_makes_of_the_file_is_read_back(prompts, tmp_path, serve):
    """A worker such as `vllm run-batch`, in ten lines: each line's body is posted, each reply is a line."""
    import httpx
    from chat_server import Reply

    server = serve(lambda *_: Reply(body=completion(GOOD)))
    write_batch(prompts, "i", FORM, tmp_path / "batch.jsonl")
    lines = []
    for line in map(json.loads, (tmp_path / "batch.jsonl").read_text().splitlines()):
        reply = httpx.post(server.address.removesuffix("/v1") + line["url"], json=line["body"])
        response = {"status_code": reply.status_code, "body": reply.json()}
        lines.append({"custom_id": line["custom_id"], "response": response, "error": None})
    found = list(read_batch(prompts, "i", written(tmp_path, *reversed(lines))))
    assert [answer.outcome for _, answer in found] == ["answered"] * 5
