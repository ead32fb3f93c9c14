import gc
import logging
import os
import threading
import time
from dataclasses import replace

import pytest
from chat_server import GOOD, KEY, Reply, completion, first, good

from models.text.generation.request import GenerationRequest


class TestGoodAnswers:
    def test_an_answer_is_read_with_its_counts(self, serve, ask, prompt):
        server = serve(good)
        [answer] = ask(server, prompt)
        assert (answer.outcome, answer.error, answer.cut_off) == ("answered", None, False)
        assert answer.value == {"item_id": "i1", "summary": "A mug."} and answer.text == GOOD
        assert (answer.tokens_in, answer.tokens_out, answer.attempts) == (7, 3, 1)
        assert 0 < answer.latency_seconds < 30
        assert server.calls[0].authorization == f"Bearer {KEY}"

    def test_free_text_is_returned_as_it_is(self, serve, ask):
        """Also in a language nobody asked for: what an answer says is judged by whoever asked."""
        text = "Чашка из глины."
        [answer] = ask(serve(lambda *_: Reply(body=completion(text))), GenerationRequest("Describe the mug."))
        assert (answer.outcome, answer.text, answer.value) == ("answered", text, None)

    def test_equal_requests_are_asked_once(self, serve, ask, prompt):
        server = serve(good)
        assert len(ask(server, prompt, replace(prompt))) == 2
        assert len(server.calls) == 1

    def test_no_more_calls_at_once_than_allowed(self, serve, ask, prompt):
        def slow(*_) -> Reply:
            time.sleep(0.05)
            return good()

        server = serve(slow)
        ask(server, *[replace(prompt, seed=seed) for seed in range(40)], concurrency=5)
        assert 2 <= server.most_under_way <= 5

    def test_answers_come_while_others_are_under_way(self, serve, make, prompt):
        server = serve(lambda body, _: Reply(how="hang") if body["seed"] == 0 else good())
        generator = make(server, concurrency=4)
        answers = generator.generate(replace(prompt, seed=seed) for seed in range(3))
        assert [next(answers)[1].outcome for _ in range(2)] == ["answered"] * 2
        answers.close()

    def test_calls_wait_for_who_stores_the_answers(self, serve, make, prompt):
        server = serve(good)
        answers = make(server, concurrency=2).generate(replace(prompt, seed=seed) for seed in range(100))
        next(answers)
        time.sleep(0.3)
        assert len(server.calls) <= 2 * 2 + 1
        assert len(list(answers)) == 99

    def test_half_a_surrogate_pair_is_sent_as_a_mark(self, serve, ask, prompt):
        server = serve(good)
        assert ask(server, replace(prompt, user="a \ud83d mug"))[0].outcome == "answered"
        assert server.calls[0].prompt == "a ? mug"


class TestWrongAnswers:
    OTHER = '{"item_id": "i2", "summary": "A lamp."}'

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("The mug is red and made of clay.", "the answer is not JSON but text: 'The mug is red and made of clay.'"),
            (GOOD[:-8], "the answer's JSON is broken or ends too early"),
            (OTHER, "item_id: 'i1' was expected"),
            ("I'm sorry, but I cannot help with that.", "the answer is not JSON"),
            ("", "the answer is empty"),
        ],
        ids=["prose", "truncated", "another item", "refusal in prose", "empty"],
    )
    def test_it_is_told_its_fault_once_and_then_kept_as_invalid(self, serve, ask, prompt, text, fault):
        server = serve(lambda *_: Reply(body=completion(text)))
        [answer] = ask(server, prompt)
        assert (answer.outcome, answer.value, answer.text) == ("invalid", None, text)
        assert answer.error.startswith(fault)
        assert (answer.attempts, answer.tokens_in, answer.tokens_out) == (2, 14, 6)
        again = server.calls[1].body["messages"]
        assert [message["role"] for message in again] == ["system", "user", "assistant", "user"]
        assert again[2]["content"] == text and fault in again[3]["content"]
        assert len(server.calls) == 2

    def test_a_corrected_answer_counts(self, serve, ask, prompt):
        server = serve(lambda body, _: Reply(body=completion(GOOD if len(body["messages"]) > 2 else self.OTHER)))
        [answer] = ask(server, prompt)
        assert (answer.outcome, answer.value["item_id"], answer.attempts) == ("answered", "i1", 2)

    def test_without_a_second_answer_the_first_is_what_there_is(self, serve, ask, prompt):
        broken = Reply(400, {"error": {"message": "too long"}})
        server = serve(lambda body, _: broken if len(body["messages"]) > 2 else Reply(body=completion(self.OTHER)))
        [answer] = ask(server, prompt)
        assert (answer.outcome, answer.text, answer.attempts) == ("invalid", self.OTHER, 2)
        assert answer.error == "item_id: 'i1' was expected"

    def test_an_answer_that_was_cut_off_says_so(self, serve, ask, prompt):
        server = serve(lambda *_: Reply(body=completion(GOOD[:20], finish_reason="length")))
        [answer] = ask(server, prompt)
        assert answer.outcome == "invalid" and answer.cut_off
        assert answer.error.startswith("cut off after 50 tokens: ")

    @pytest.mark.parametrize(
        "body", [completion(None, refusal="I can't help."), completion("", finish_reason="content_filter")]
    )
    def test_a_refusal_is_not_argued_with(self, serve, ask, prompt, body):
        server = serve(lambda *_: Reply(body=body))
        [answer] = ask(server, prompt)
        assert answer.outcome == "refused" and "refused" in answer.error or "withheld" in answer.error
        assert len(server.calls) == 1

    def test_a_prompt_that_is_rejected_fails_alone(self, serve, ask, prompt):
        long = Reply(400, {"error": {"message": "maximum context length is 4096", "code": "context_length_exceeded"}})
        server = serve(lambda body, _: long if body["seed"] == 1 else good())
        answers = ask(server, *[replace(prompt, seed=seed) for seed in range(3)])
        assert [answer.outcome for answer in answers] == ["answered", "failed", "answered"]
        assert answers[1].error == "400 maximum context length is 4096" and len(server.calls) == 3


class TestStopping:
    def test_a_consumer_that_stops_leaves_nothing_behind(self, serve, make, prompt):
        server = serve(lambda body, _: good() if body["seed"] == 0 else Reply(how="hang"))
        answers = make(server).generate(replace(prompt, seed=seed) for seed in range(5))
        next(answers)
        answers.close()
        gc.collect()
        assert "text generator" not in [thread.name for thread in threading.enumerate()]

    def test_prompts_are_taken_in_the_consumers_thread(self, serve, make, prompt):
        threads = set()

        def prompts():
            for seed in range(30):
                threads.add(threading.current_thread().name)
                yield replace(prompt, seed=seed)

        assert len(list(make(serve(good), concurrency=3).generate(prompts()))) == 30
        assert threads == {threading.current_thread().name}

    def test_an_error_of_the_prompts_is_the_consumers(self, serve, make, prompt):
        def prompts():
            yield prompt
            raise LookupError("the warehouse is away")

        with pytest.raises(LookupError, match="away"):
            list(make(serve(good)).generate(prompts()))


class TestSecrets:
    def test_the_key_is_in_no_log_and_no_representation(self, serve, make, prompt, caplog):
        replies = first(Reply(503, f"{KEY} is busy"), Reply(body=completion(GOOD), how="cut"))
        generator = make(serve(replies))
        with caplog.at_level(logging.DEBUG):
            answers = list(generator.generate([prompt]))
        assert answers[0][1].outcome == "answered"
        assert KEY not in caplog.text + repr(generator) + str(generator) + repr(generator.settings) + repr(answers)

    def test_a_server_that_repeats_the_key_is_not_repeated(self, serve, ask, prompt):
        for reply in (
            Reply(400, {"error": {"message": f"bad request of {KEY}"}}),
            Reply(body=completion(f"your key is {KEY}")),
            Reply(body=completion(None, refusal=f"not for {KEY}")),
            Reply(500, f"{KEY}"),
        ):
            answers = ask(serve(lambda *_, reply=reply: reply), prompt, max_attempts=1)
            assert KEY not in repr(answers) and "[key]" in repr(answers)

    def test_only_the_settings_say_which_server(self, serve, ask, prompt, monkeypatch):
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
        server = serve(good)
        assert ask(server, prompt)[0].outcome == "answered"
        assert server.calls[0].authorization == f"Bearer {KEY}"
        assert os.environ["OPENAI_API_KEY"] not in str(server.calls)
