"""A language model behind the chat server that describes users in the words of what they took."""

from __future__ import annotations

import json
import zlib
from typing import Any

import item_writer
from chat_server import Reply
from item_writer import data_of, reply


def is_update(data: dict[str, Any]) -> bool:
    """Whether the call holds the prompt about what is new."""
    return "standing" in data


def is_about_a_user(data: dict[str, Any]) -> bool:
    return "user" in data


def is_rich(body: dict[str, Any]) -> bool:
    """Whether the call holds the richer prompt."""
    return "Describe this user and no other" in body["messages"][0]["content"]


def user_described(data: dict[str, Any], **other: Any) -> dict[str, Any]:
    """A good answer to either prompt; `other` replaces fields."""
    summary = f"This is someone who likes {name_of(data['events'][-1])} and what goes with it."
    answer: dict[str, Any] = {"user": data["user"], "summary": summary}
    if is_update(data):
        answer["operations"] = changes(data)
        return answer | other
    kept = [event for event in data["events"] if not event.get("given_back")][:3]
    said = {name_of(event): event["ref"] for event in kept}
    answer["tastes"] = [{"text": f"things like {name}", "events": [ref]} for name, ref in said.items()]
    back = [event["ref"] for event in data["events"] if event.get("given_back")]
    answer["dislikes"] = [{"text": "what did not fit", "events": back}] if back else []
    return answer | other


def changes(data: dict[str, Any]) -> list[dict[str, Any]]:
    """What is new is added and speaks for the first taste that stands; what was given back speaks against it."""
    kept = [event for event in data["events"] if not event.get("given_back")]
    refs = [event["ref"] for event in kept or data["events"]][:1]
    first = [said["ref"] for said in data["standing"][:1] if said["kind"] == "taste"]
    done = [operation("STRENGTHENED" if kept else "WEAKENED", name, refs) for name in first]
    return done + [operation("ADDED", events=refs, statement=f"things like {name_of(event)}") for event in kept[:1]]


def operation(name: str, proposition: str = "", events: list[str] | None = None, **other: Any) -> dict[str, Any]:
    made = {"operation": name, "proposition": proposition, "kind": "taste", "statement": "", "events": events or []}
    return made | other


def name_of(event: dict[str, Any]) -> str:
    """The title of what was taken."""
    return event["item"].split(";")[0]


def writes_users(body: dict[str, Any], nth: int) -> Reply:
    """Describes whatever user is asked about."""
    return reply(user_described(data_of(body)), body)


def writes(body: dict[str, Any], nth: int) -> Reply:
    """Describes items and users."""
    return writes_users(body, nth) if is_about_a_user(data_of(body)) else item_writer.writes(body, nth)


def some(data: dict, share: float) -> bool:
    """The same share of the users each time."""
    return zlib.crc32(data["user"].encode()) % 1000 < 1000 * share


def troubled(body, nth):
    """The first call about 30 % of the users goes wrong in one of four ways."""
    data = data_of(body)
    if not some(data, 0.3) or nth > 1 or len(body["messages"]) > 2:
        return reply(user_described(data), body)
    broken = [Reply(429, {"error": {"message": "slow"}}, {"Retry-After": "0"}), Reply(503, {"error": {}})]
    cut = reply(json.dumps(user_described(data))[:-9], body)
    return [*broken, cut, reply("Likes fine things.", body)][zlib.crc32(data["user"].encode()) % 4]


def unusable(body, nth):
    """Six kinds of trouble by user; the third cannot be mended by the richer prompt."""
    data = data_of(body)
    place, rich = zlib.crc32(data["user"].encode()) % 6, is_rich(body)
    if place == 1 and not rich:
        return reply("Somebody with good taste, I would say.", body)
    if place == 2:
        return reply(user_described(data, user="0123456789ab"), body)
    if place == 3 and not rich:
        return reply(user_described(data, summary="Mag alles, was sich mit der Zeit und mit dem Tee verbindet."), body)
    if place == 4 and not rich:
        return reply(user_described(data, tastes=[{"text": "gold", "events": ["e999"]}], dislikes=[]), body)
    if place == 5 and not rich:
        return reply(json.dumps(user_described(data))[:-20], body)
    return reply(user_described(data), body)
