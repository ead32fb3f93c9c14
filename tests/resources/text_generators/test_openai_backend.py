import gc
import logging
import os
import random
import time
import traceback
from dataclasses import replace
from email.utils import formatdate

import pytest
from chat_server import GOOD, KEY, Reply, completion

from models.errors import UserError
from models.text.generation.request import GenerationRequest


def good(*_) -> Reply:
    return Reply(body=completion(GOOD))


def first(reply: Reply, *others: Reply):
    """These replies to the first calls with a body, then good ones."""
    replies = [reply, *others]
    return lambda body, nth: replies[nth - 1] if nth <= len(replies) else good()


def stops(generator, *requests) -> str:
    """The one line that ends the run."""
    with pytest.raises(UserError) as caught:
        list(generator.generate(requests))
    told = "".join(traceback.format_exception(caught.value))
    assert KEY not in told and KEY not in repr(vars(caught.value)) and caught.value.mend
    assert "\n" not in str(caught.value)
    return str(caught.value)


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


class TestPassingTroubles:
    @pytest.mark.parametrize(
        "trouble",
        [
            Reply(500, "Internal Server Error"),
            Reply(503, {"error": {"message": "overloaded"}}),
            Reply(429, {"error": {"message": "slow down"}}),
            Reply(408, ""),
            Reply(body=completion(GOOD), how="cut"),
            Reply(body='{"choices": [{"mess'),
            Reply(body="<html>a proxy's page</html>", headers={"Content-Type": "text/html"}),
            Reply(body={"choices": []}),
            Reply(body={"choices": [{"message": None}]}),
        ],
        ids=["500", "503", "429", "408", "cut", "truncated", "html", "no choice", "no message"],
    )
    def test_it_is_asked_again(self, serve, ask, prompt, trouble):
        server = serve(first(trouble, trouble))
        [answer] = ask(server, prompt)
        assert (answer.outcome, answer.attempts, len(server.calls)) == ("answered", 3, 3)

    @pytest.mark.parametrize("how", ["hang", "drip"])
    def test_a_call_has_a_deadline_for_its_whole_answer(self, serve, ask, prompt, how):
        server = serve(first(Reply(body=completion(GOOD), how=how)))
        [answer] = ask(server, prompt, deadline_seconds=2.5)
        assert (answer.outcome, answer.attempts) == ("answered", 2)
        assert 2.4 <= server.calls[1].at - server.calls[0].at < 15

    @pytest.mark.parametrize("spelled", ["seconds", "date"])
    def test_retry_after_is_honoured(self, serve, ask, prompt, spelled):
        def busy(body, nth) -> Reply:
            wish = "2" if spelled == "seconds" else formatdate(time.time() + 3, usegmt=True)
            return good() if nth > 1 else Reply(429, {"error": {"message": "busy"}}, {"Retry-After": wish})

        server = serve(busy)
        assert ask(server, prompt)[0].attempts == 2
        assert 1.9 <= server.calls[1].at - server.calls[0].at < 15

    def test_others_wait_too_when_the_server_wants_a_pause(self, serve, ask, prompt):
        """A limit holds for the key, not for a prompt: calls in the meantime would only be refused as well."""

        def busy(body, nth) -> Reply:
            if body["seed"] == 0 and nth == 1:
                return Reply(429, "", {"Retry-After": "1.5"})
            time.sleep(0.3)
            return good()

        server = serve(busy)
        ask(server, *[replace(prompt, seed=seed) for seed in range(8)], concurrency=2)
        waits = sorted(call.at - server.calls[0].at for call in server.calls)
        assert len(waits) == 9 and waits[1] < 1.4 <= waits[2]

    def test_too_long_a_wish_is_not_granted(self, serve, ask, prompt):
        server = serve(lambda *_: Reply(429, {"error": {"message": "come back tomorrow"}}, {"Retry-After": "86400"}))
        [answer] = ask(server, prompt)
        assert (answer.outcome, answer.error, len(server.calls)) == ("failed", "429 come back tomorrow", 1)

    def test_attempts_end(self, serve, ask, prompt):
        server = serve(lambda *_: Reply(503, {"error": {"message": "overloaded"}}))
        [answer] = ask(server, prompt, max_attempts=3)
        assert (answer.outcome, answer.attempts, len(server.calls)) == ("failed", 3, 3)
        assert answer.error == "3 calls, the last: 503 overloaded"

    def test_a_dead_server_ends_the_run(self, serve, make, prompt):
        server = serve(good)
        server.__exit__()
        generator = make(server, max_attempts=2)
        told = stops(generator, *[replace(prompt, seed=seed) for seed in range(50)])
        assert told.startswith(f"{server.address}: the last 10 prompts got no answer at all, the newest because of: ")

    def test_one_answer_in_between_and_the_run_goes_on(self, serve, ask, prompt):
        server = serve(lambda body, _: good() if body["seed"] % 5 == 0 else Reply(503))
        answers = ask(server, *[replace(prompt, seed=seed) for seed in range(40)], max_attempts=2, concurrency=1)
        assert [answer.outcome for answer in answers].count("failed") == 32

    @pytest.mark.parametrize("concurrency", [1, 16])
    def test_with_a_third_of_errors_every_prompt_is_answered_and_paid_once(self, serve, ask, prompt, concurrency):
        faults = [Reply(500), Reply(503), Reply(429, "", {"Retry-After": "0"}), Reply(body=completion(GOOD), how="cut")]

        def unreliable(body, nth) -> Reply:
            dice = random.Random(f"{body['seed']} {nth}")
            return dice.choice(faults) if dice.random() < 0.3 else good()

        server = serve(unreliable)
        prompts = [replace(prompt, seed=seed) for seed in range(200)]
        answers = ask(server, *prompts, concurrency=concurrency)
        assert [answer.outcome for answer in answers] == ["answered"] * 200
        injected = len(server.calls) - 200
        assert 50 < injected < 130, "the test injects errors"
        asked = [body["seed"] for body in (call.body for call in server.calls)]
        for seed in range(200):
            whole = [unreliable({"seed": seed}, nth + 1).how == "whole" for nth in range(asked.count(seed))]
            paid = [
                unreliable({"seed": seed}, nth + 1).status == 200 and whole[nth] for nth in range(asked.count(seed))
            ]
            assert paid == [False] * (len(paid) - 1) + [True], "nothing is asked after a whole answer"
        assert sum(answer.attempts for answer in answers) == len(server.calls)


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


class TestPermanentTroubles:
    CASES = {
        404: ("The model `m` does not exist.", "the server does not know the model 'm' (404 The model `m` does not"),
        401: (
            f"Incorrect API key provided: {KEY}.",
            "the server refused the key (401 Incorrect API key provided: [key].)",
        ),
        403: (f"{KEY} may not", "the server refused the key (403 [key] may not)"),
    }

    @pytest.mark.parametrize("status", CASES)
    @pytest.mark.parametrize("form", ["openai", "vllm", "text"])
    def test_they_end_the_run_in_one_line(self, serve, make, prompt, status, form, caplog):
        message, line = self.CASES[status]
        body = {"openai": {"error": {"message": message}}, "vllm": {"object": "error", "message": message}}
        server = serve(lambda *_: Reply(status, body.get(form, message)))
        with caplog.at_level(logging.DEBUG):
            told = stops(make(server, concurrency=2), *[replace(prompt, seed=seed) for seed in range(50)])
        assert told.startswith(f"{server.address}: {line}")
        assert ("OPENAI_API_KEY" in told) == (status != 404)
        assert len(server.calls) <= 2
        assert KEY not in caplog.text

    def test_an_empty_account_is_permanent_though_it_says_429(self, serve, make, prompt):
        error = {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}
        server = serve(lambda *_: Reply(429, error))
        assert "the account has no budget left" in stops(make(server), prompt)
        assert len(server.calls) == 1

    def test_answers_under_way_are_kept(self, serve, make, prompt):
        def script(body, _) -> Reply:
            time.sleep(0.1 if body["seed"] == 3 else 0.6)
            return Reply(401) if body["seed"] == 3 else good()

        server = serve(script)
        stored = []
        with pytest.raises(UserError):
            for key, _ in make(server, concurrency=4).generate(replace(prompt, seed=seed) for seed in range(50)):
                stored.append(key)
        assert len(stored) == 3, "paid for, and not lost"
        assert len(server.calls) == 4

    def test_who_waits_for_the_next_attempt_does_not_hold_up_the_end(self, serve, make, prompt):
        def script(body, _) -> Reply:
            time.sleep(0.3 * body["seed"])
            return Reply(401) if body["seed"] else Reply(503, "", {"Retry-After": "50"})

        started = time.monotonic()
        stops(make(serve(script)), prompt, replace(prompt, seed=1))
        assert time.monotonic() - started < 40

    def test_an_unknown_host_is_a_lost_connection(self, serve, ask, prompt):
        server = serve(good)
        server.__exit__()
        [answer] = ask(server, prompt, max_attempts=2)
        assert answer.outcome == "failed" and "connection lost or refused" in answer.error


class TestStopping:
    def test_a_consumer_that_stops_leaves_nothing_behind(self, serve, make, prompt):
        import threading

        server = serve(lambda body, _: good() if body["seed"] == 0 else Reply(how="hang"))
        answers = make(server).generate(replace(prompt, seed=seed) for seed in range(5))
        next(answers)
        answers.close()
        gc.collect()
        assert "text generator" not in [thread.name for thread in threading.enumerate()]

    def test_prompts_are_taken_in_the_consumers_thread(self, serve, make, prompt):
        import threading

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
