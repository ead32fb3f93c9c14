"""The operations on a standing profile, by hand and against a plain reading of the rules."""

import random
from datetime import date, timedelta

import pytest

from models.profiles.propositions import MOST_EVENTS, MOST_STANDING, Operation, apply_operations
from models.profiles.shown_users import Proposition, ShownEvent

TEA = Proposition("taste", "green tea", ("a", "b"))
NOISE = Proposition("dislike", "noisy things", ("c",), ("d",))


def event(event_id: str, days: int = 0, given_back: bool = False) -> ShownEvent:
    return ShownEvent(event_id, date(2026, 3, 1) - timedelta(days=days), "click", 1, "a thing", None, given_back)


SHOWN = {"e1": event("x", 2), "e2": event("y", 0), "e3": event("back", 1, given_back=True)}


def operation(name, proposition="", events=(), statement="", kind="taste"):
    return Operation(operation=name, proposition=proposition, kind=kind, statement=statement, events=list(events))


def applied(*operations, standing=(TEA, NOISE)):
    return apply_operations(standing, operations, SHOWN)


class TestWhatIsDone:
    def test_added_comes_after_what_stands_with_its_newest_event_first(self):
        now, dropped = applied(operation("ADDED", events=["e1", "e2"], statement="oolong"))
        assert now == (TEA, NOISE, Proposition("taste", "oolong", ("y", "x"))) and not dropped

    def test_strengthened_gains_support_and_weakened_what_speaks_against_it(self):
        now, _ = applied(operation("STRENGTHENED", "p1", ["e2"]), operation("WEAKENED", "p2", ["e1"]))
        assert now == (
            Proposition("taste", "green tea", ("y", "a", "b")),
            Proposition("dislike", "noisy things", ("c",), ("x", "d")),
        )

    def test_retired_is_gone_and_the_references_of_others_stay(self):
        now, _ = applied(operation("RETIRED", "p1"), operation("STRENGTHENED", "p2", ["e3"]))
        assert now == (Proposition("dislike", "noisy things", ("back", "c"), ("d",)),)

    def test_what_was_given_back_supports_no_taste_and_speaks_against_one(self):
        now, dropped = applied(
            operation("ADDED", events=["e3", "e1"], statement="oolong"), operation("WEAKENED", "p1", ["e3"])
        )
        assert now[0].against_ids == ("back",) and now[2].event_ids == ("x",) and not dropped

    def test_nothing_to_do_leaves_it_as_it_is(self):
        assert applied() == ((TEA, NOISE), ())

    def test_only_the_newest_events_are_kept(self):
        old = Proposition("taste", "tea", tuple(f"o{n}" for n in range(MOST_EVENTS)))
        (now,), _ = applied(operation("STRENGTHENED", "p1", ["e1"]), standing=[old])
        assert now.event_ids == ("x", *old.event_ids[:-1])


class TestWhatIsLeftOut:
    @pytest.mark.parametrize(
        ("wrong", "why"),
        [
            (operation("ADDED", events=["e9"], statement="oolong"), "it cites an event that was not shown"),
            (operation("ADDED", events=["e1", "x"], statement="oolong"), "it cites an event that was not shown"),
            (operation("ADDED", statement="oolong"), "it cites no event"),
            (operation("ADDED", events=["e3"], statement="oolong"), "it cites only what was given back"),
            (operation("ADDED", events=["e1"]), "it says nothing"),
            (operation("ADDED", events=["e1"], statement="Green Tea"), "it stands already"),
            (operation("STRENGTHENED", "p3", ["e1"]), "it names a proposition that was not shown"),
            (operation("STRENGTHENED", "", ["e1"]), "it names a proposition that was not shown"),
            (operation("STRENGTHENED", "p1"), "it cites no event"),
            (operation("STRENGTHENED", "p1", ["e3"]), "it cites only what was given back"),
            (operation("WEAKENED", "p1"), "it cites no event"),
            (operation("WEAKENED", "p2", ["e3"]), "it cites only what was given back"),
            (operation("RETIRED", "p1", ["e9"]), "it cites an event that was not shown"),
        ],
    )
    def test_with_its_reason_and_the_others_are_done(self, wrong, why):
        good = operation("ADDED", events=["e2"], statement="honey")
        now, dropped = applied(wrong, good)
        assert now == (TEA, NOISE, Proposition("taste", "honey", ("y",))) and dropped == (why,)

    def test_the_second_operation_on_the_same_one(self):
        now, dropped = applied(operation("STRENGTHENED", "p1", ["e2"]), operation("RETIRED", "p1"))
        assert len(now) == 2 and dropped == ("a second operation on the same proposition",)

    def test_more_than_a_profile_holds(self):
        many = [operation("ADDED", events=["e1"], statement=f"thing {n}") for n in range(MOST_STANDING + 2)]
        now, dropped = applied(*many, standing=())
        assert len(now) == MOST_STANDING and dropped == ("too many stand already",) * 2


def plainly(standing, operations, events):
    """The rules once more, one sentence at a time, on lists."""
    names = [f"p{n}" for n in range(1, len(standing) + 1)]
    rows = [{"name": n, "said": s, "gone": False, "done": False} for n, s in zip(names, standing, strict=True)]
    left_out = 0
    for one in operations:
        mine = next((r for r in rows if r["name"] == one.proposition and r["name"] and not r["gone"]), None)
        shown = all(name in events for name in one.events)
        kind = one.kind if one.operation == "ADDED" else (mine["said"].kind if mine else "")
        against = one.operation == "WEAKENED"
        keeps = (kind == "taste") != against
        ids = [events[n] for n in sorted(set(one.events), key=one.events.index) if n in events]
        ids = [e for e in ids if not (keeps and e.given_back and one.operation != "RETIRED")]
        ids = [e.event_id for e in sorted(ids, key=lambda e: -e.day.toordinal())]
        present = [r["said"] for r in rows if not r["gone"]]
        if one.operation == "ADDED":
            new = one.statement and all((s.kind, s.text) != (one.kind, one.statement) for s in present)
            if not (shown and ids and new and len(present) < MOST_STANDING):
                left_out += 1
                continue
            rows.append({"name": "", "said": Proposition(kind, one.statement, tuple(ids)), "gone": False, "done": True})
        elif mine is None or mine["done"] or not shown or (one.operation != "RETIRED" and not ids):
            left_out += 1
        else:
            mine["done"] = True
            said = mine["said"]
            if one.operation == "RETIRED":
                mine["gone"] = True
            elif one.operation == "STRENGTHENED":
                joined = [*ids, *(e for e in said.event_ids if e not in ids)]
                mine["said"] = Proposition(said.kind, said.text, tuple(joined), said.against_ids)
            else:
                joined = [*ids, *(e for e in said.against_ids if e not in ids)]
                mine["said"] = Proposition(said.kind, said.text, said.event_ids, tuple(joined))
    return tuple(r["said"] for r in rows if not r["gone"]), left_out


def test_many_at_random_agree_with_the_plain_reading():
    rng = random.Random(1)
    n_dropped = 0
    for _ in range(300):
        events = {f"e{n}": event(f"id{n}", rng.randrange(9), rng.random() < 0.3) for n in range(1, 7)}
        standing = [
            Proposition(rng.choice(["taste", "dislike"]), f"t{n}", (f"id{n}",)) for n in range(1, rng.randrange(1, 5))
        ]
        operations = [
            operation(
                rng.choice(["ADDED", "STRENGTHENED", "WEAKENED", "RETIRED"]),
                f"p{rng.randrange(6)}",
                [f"e{rng.randrange(1, 8)}" for _ in range(rng.randrange(4))],
                rng.choice(["", "t1", "t2", "x", "y"]),
                rng.choice(["taste", "dislike"]),
            )
            for _ in range(rng.randrange(6))
        ]
        now, dropped = apply_operations(standing, operations, events)
        assert (now, len(dropped)) == plainly(standing, operations, events)
        n_dropped += len(dropped)
    assert n_dropped > 100
