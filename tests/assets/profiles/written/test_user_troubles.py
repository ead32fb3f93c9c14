"""Servers that fail while users are asked about, and runs that are killed: nothing is paid for twice."""

import json
from collections import Counter

from chat_server import ChatServer, Reply
from item_writer import data_of, reply, settings_of
from profile_writing import EARLIER, by_user, users_written
from user_writer import some, troubled, user_described, writes_users


def refuses(body, nth):
    """Declines to speak of a third of the users."""
    answer = reply(user_described(data_of(body)), body)
    if some(data_of(body), 0.33):
        answer.body["choices"][0]["message"] = {"role": "assistant", "content": None, "refusal": "I may not."}
    return answer


class TestErrors:
    def test_with_30_per_cent_every_profile_is_completed_and_no_paid_call_repeated(self, shop):
        with ChatServer(troubled) as server:
            frame, counts = users_written(shop, generator=settings_of(server))
            paid = Counter(json.dumps(call.body) for call in server.calls if call.status == 200)
            failed = [call for call in server.calls if call.status != 200]
            again, _ = users_written(shop, generator=settings_of(server))
            assert Counter(json.dumps(call.body) for call in server.calls if call.status == 200) == paid
        assert set(frame["backend"]) == {"openai"} and counts["user_short.v1 answered"] == frame.height
        assert set(paid.values()) == {1} and failed and frame.equals(again)
        assert len(server.calls) > 1.15 * frame.height, "errors were injected"

    def test_refusals_end_with_the_rules_and_are_not_asked_twice(self, shop):
        with ChatServer(refuses) as server:
            frame, counts = users_written(shop, generator=settings_of(server))
            n = len(server.calls)
            users_written(shop, generator=settings_of(server))
            assert len(server.calls) == n
        refused = counts["extractive rejected"]
        assert refused == (frame["backend"] == "extractive").sum() > 10
        assert counts["because refused: the model refused: I may not."] == 2 * refused

    def test_users_that_get_no_answer_keep_their_words_and_are_asked_again(self, shop):
        always = {"user_questions": {"min_new_share": 0.0}}

        def down(body, nth):
            return Reply(500, {"error": {"message": "down"}}) if some(data_of(body), 0.1) else writes_users(body, nth)

        with ChatServer(writes_users) as server:
            earlier, _ = users_written(
                shop, EARLIER, store=True, profiles=always, generator=settings_of(server, max_attempts=2)
            )
            server.script = down
            frame, counts = users_written(shop, profiles=always, generator=settings_of(server, max_attempts=2))
            server.script = writes_users
            mended, _ = users_written(shop, profiles=always, generator=settings_of(server, max_attempts=2))
        failed = sum(n for name, n in counts.items() if name.endswith("failed"))
        assert failed == counts.get("older profile", 0) + counts.get("extractive left out", 0) > 0
        old, now, then = by_user(earlier), by_user(frame), by_user(mended)
        kept = [user for user in now if user in old and now[user]["prompt_version"] != then[user]["prompt_version"]]
        assert len(kept) == counts["older profile"]
        assert all(now[user]["summary"] == old[user]["summary"] for user in kept)
