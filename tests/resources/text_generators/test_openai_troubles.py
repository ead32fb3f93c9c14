import logging
import random
import time
import traceback
from dataclasses import replace
from email.utils import formatdate

import pytest
from chat_server import GOOD, KEY, Reply, completion, first, good

from models.errors import UserError


def stops(generator, *requests) -> str:
    """The one line that ends the run."""
    with pytest.raises(UserError) as caught:
        list(generator.generate(requests))
    told = "".join(traceback.format_exception(caught.value))
    assert KEY not in told and KEY not in repr(vars(caught.value)) and caught.value.mend
    assert "\n" not in str(caught.value)
    return str(caught.value)


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
