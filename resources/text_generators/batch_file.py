"""The batch route: prompts in one file that OpenAI's batch API or `vllm run-batch` works off, and its results.

Half the price at hosted APIs, and no connection to hold; the answers come within a day instead of at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from models.errors import UserError
from models.text.generation.answer import GenerationAnswer
from models.text.generation.contract import distinct
from models.text.generation.request import GenerationRequest
from models.text.generation.validation import one_line
from resources.text_generators.chat_format import ChatFormat, read_completion

ENDPOINT = "/v1/chat/completions"


def write_batch(requests: Iterable[GenerationRequest], identity: str, form: ChatFormat, file: Path) -> int:
    """Write the prompts, each key once, as one JSON line; the key is the line's `custom_id`.

    Args:
        requests: The prompts.
        identity: The generator's, a part of each key.
        form: How the server is spoken to.
        file: Appears only when it is complete.

    Returns:
        Lines written.
    """
    part = file.with_name(f"{file.name}.part")
    n_lines = 0
    with part.open("w", encoding="utf-8") as lines:
        for key, request in distinct(requests, identity):
            line = {"custom_id": key, "method": "POST", "url": ENDPOINT, "body": form.body(request)}
            lines.write(json.dumps(line) + "\n")
            n_lines += 1
    part.replace(file)
    return n_lines


def read_batch(
    requests: Iterable[GenerationRequest], identity: str, *files: Path
) -> Iterator[tuple[str, GenerationAnswer]]:
    """Read the results of a batch: in any order, in several files (OpenAI writes errors into one of their own).

    Args:
        requests: Those that were written; others that a file answers are left alone.
        identity: The generator's.
        files: Results.

    Yields:
        `(key, answer)` in the order of the requests. One without a line, or whose line is an error, has the outcome
        `failed`; of several lines the first with an answer counts.

    Raises:
        UserError: A file is missing, or no line answers any of the requests.
    """
    wanted = dict(distinct(requests, identity))
    found: dict[str, GenerationAnswer] = {}
    n_lines = 0
    for file in files:
        for line in _lines(file):
            n_lines += 1
            key = line.get("custom_id")
            if isinstance(key, str) and key in wanted and (key not in found or found[key].outcome == "failed"):
                found[key] = _answer(line, wanted[key])
    names = ", ".join(map(str, files))
    if wanted and not found:
        told = f"none of its {n_lines} lines answers one of the {len(wanted)} prompts"
        raise UserError(told, names, "Name the results of the batch that was written for these prompts.")
    missing = _failed(f"no line for it in {names}")
    yield from ((key, found.get(key, missing)) for key in wanted)


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """The lines that are JSON objects; of a broken one nobody can say whose answer it was, so that one is missing."""
    if not file.is_file():
        raise UserError("no such file of batch results", str(file), "Download the results of the batch first.")
    with file.open("rb") as lines:
        for text in lines:
            try:
                line = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(line, dict):
                yield line


def _answer(line: dict[str, Any], request: GenerationRequest) -> GenerationAnswer:
    response = line.get("response")
    status = response.get("status_code") if isinstance(response, dict) else None
    if line.get("error") or not isinstance(response, dict) or status != 200:
        said = line.get("error") or (response or {}).get("body") or "no answer in it"
        return _failed(one_line(f"the batch's line is an error, status {status}: {json.dumps(said)}"))
    read = read_completion(json.dumps(response.get("body")), request)
    counts = (read.tokens_in, read.tokens_out, 1, 0.0)
    return GenerationAnswer(read.text, read.value, *counts, read.outcome, read.fault, read.cut_off)


def _failed(line: str) -> GenerationAnswer:
    return GenerationAnswer("", None, 0, 0, 1, 0.0, "failed", line)
