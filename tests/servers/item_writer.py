"""A language model behind the chat server that describes an item in the item's own words."""

from __future__ import annotations

import json
from typing import Any

from chat_server import ChatServer, Reply, completion


def data_of(body: dict[str, Any]) -> dict[str, str]:
    """The item in a call: what the first message of the user holds."""
    return json.loads(next(message["content"] for message in body["messages"] if message["role"] == "user"))


def described(data: dict[str, str], **other: Any) -> dict[str, Any]:
    """A good answer; `other` replaces fields."""
    words = data["title"].split()
    lists = {name: [] for name in ("style_words", "occasions", "substitutes", "complements")}
    answer = {
        "item": data["item"],
        "summary": f"This is {data['title']}, made for someone.",
        "audience": [{"text": "night owls", "basis": "stated"}],
        "attributes": [{"name": "kind", "value": data["category"], "basis": "stated"}],
        "key_phrases": [{"text": word, "basis": "stated"} for word in words[:3]],
        **lists,
    }
    return answer | other


def reply(answer: dict[str, Any] | str, body: dict[str, Any]) -> Reply:
    """What a server sends; it counts a token for every four characters."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    sent = completion(text)
    read, written = sum(len(message["content"]) for message in body["messages"]) // 4, len(text) // 4
    sent["usage"] = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    return Reply(body=sent)


def writes(body: dict[str, Any], nth: int) -> Reply:
    """Describes whatever is asked about."""
    return reply(described(data_of(body)), body)


def is_rich(body: dict[str, Any]) -> bool:
    """Whether the call holds the richer prompt."""
    return "Describe this item and no other" in body["messages"][0]["content"]


def settings_of(server: ChatServer, **more: Any) -> dict[str, Any]:
    """The section `generator` for a server."""
    patience = {"concurrency": 4, "backoff_seconds": 0.01, "max_wait_seconds": 1}
    return {"backend": "openai", "model": "writer", "base_url": server.address, **patience, **more}
