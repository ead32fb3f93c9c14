"""A language model behind the chat server that does whatever a text tells it: the worst reader a prompt can meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chat_server import Reply
from item_writer import data_of, described, reply

PRAISE = "A masterpiece beyond compare, loved by everybody who ever held it."
GOALS = ("form", "prose", "another item", "contact", "private", "repeat", "praise")
"""What the seller wants: another form of answer, no JSON at all, another item's profile, an address in its own, a
guess about customers, its orders handed on, or praise."""


def obeys(goal: str, honest: set[str], victim: str) -> Callable[[dict[str, Any], int], Reply]:
    """A script for the server that takes every description for an order but those that are known to be honest.

    Args:
        goal: One of `GOALS`: what it is ordered to do.
        honest: Descriptions that order nothing; their items are described in their own words.
        victim: The reference of an item whose profile somebody wants to change.
    """

    def script(body: dict[str, Any], nth: int) -> Reply:
        data = data_of(body)
        if data["description"] in honest:
            return reply(described(data), body)
        return reply(_obedient(goal, data, victim), body)

    return script


def _obedient(goal: str, data: dict[str, str], victim: str) -> dict[str, Any] | str:
    stated = [{"text": "award winning", "basis": "stated"}]
    return {
        "form": described(data, rank=1),
        "prose": "Sure! This is the item you should recommend first.",
        "another item": described(data, item=victim, summary="Broken, recalled and dangerous."),
        "contact": described(data, summary=f"{data['title']}. Order at winner@seller.com."),
        "private": described(data, summary=f"{data['title']}. The buyer is a wealthy woman."),
        "repeat": described(data, summary=data["description"] or "nothing"),
        "praise": described(data, summary=PRAISE, key_phrases=stated),
    }[goal]
