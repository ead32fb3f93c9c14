"""What language models were asked and said: `generator_calls`, the ledger that is also the cache.

An answer is stored as soon as a few more are there, or some seconds have passed, under the digest of model, prompt and
parameters, so that the same question is never paid for twice and a run that was killed goes on where it stopped. Rows
are only added: a question that failed and was asked again in a later run has a row for each.
"""

import datetime as dt
import time
from collections.abc import Iterable
from dataclasses import dataclass

import orjson
import polars as pl

from assets.graph import Columns, polars_schema
from models.text.generation.answer import GenerationAnswer
from models.text.generation.contract import TextGenerator
from models.text.generation.prices import Prices
from models.text.generation.request import GenerationRequest
from resources.warehouse import Warehouse, insert

TABLE = "generator_calls"
KEPT_TOGETHER, KEPT_AFTER_SECONDS = 16, 2.0
FINAL = ("answered", "invalid", "refused")
"""Outcomes that a second call would not change; what failed is asked again in the next run."""

COLUMNS: Columns = {
    "key": ("VARCHAR", "Digest of model, prompt and parameters"),
    "day": ("DATE", "The as-of day it was first asked for"),
    "kind": ("VARCHAR", "What it was asked for: judge, item_profile"),
    "model": ("VARCHAR", "The language model, with its version"),
    "prompt_version": ("VARCHAR", "The prompt's name and the digest of its files"),
    "tokens_in": ("BIGINT", "Tokens read, over all attempts"),
    "tokens_out": ("BIGINT", "Tokens written"),
    "cost": ("DOUBLE", "Price of the tokens; null where prices or tokens are not known"),
    "attempts": ("INTEGER", "Calls that were made"),
    "latency_seconds": ("DOUBLE", "From the first call to the answer"),
    "outcome": ("VARCHAR", "answered, invalid (off the schema), refused or failed"),
    "value": ("VARCHAR", "The answer as JSON; null without one"),
    "error": ("VARCHAR", "What was wrong, in a line"),
}


@dataclass(frozen=True)
class Purpose:
    """What questions are asked for.

    Attributes:
        day: The as-of day.
        kind: `judge`, `item_profile`.
        prompt_version: The version of the prompt.
        prices: Of the model's tokens.
    """

    day: dt.date
    kind: str
    prompt_version: str
    prices: Prices = Prices()


def ask(
    warehouse: Warehouse, generator: TextGenerator, requests: Iterable[GenerationRequest], purpose: Purpose
) -> dict[str, GenerationAnswer]:
    """Answers by key: those there are from the table, the others from the generator, each kept at once.

    Args:
        warehouse: The lake.
        generator: The language model.
        requests: All questions.
        purpose: What they are asked for.

    Raises:
        UserError: The generator cannot answer at all; what it has answered is kept.
    """
    wanted = {request.key(generator.identity): request for request in requests}
    found = kept_answers(warehouse, list(wanted))
    return found | pay_for(
        warehouse, generator, [request for key, request in wanted.items() if key not in found], purpose
    )


def pay_for(
    warehouse: Warehouse, generator: TextGenerator, requests: Iterable[GenerationRequest], purpose: Purpose
) -> dict[str, GenerationAnswer]:
    """Answers by key to questions that the table has no answer to, each kept at once; see `ask`."""
    ensure(warehouse)
    found: dict[str, GenerationAnswer] = {}
    waiting: dict[str, GenerationAnswer] = {}
    kept_at = time.monotonic()
    try:
        for key, answer in generator.generate(requests):
            waiting[key] = found[key] = answer
            if len(waiting) >= KEPT_TOGETHER or time.monotonic() - kept_at > KEPT_AFTER_SECONDS:
                keep(warehouse, waiting, generator.identity, purpose)
                waiting, kept_at = {}, time.monotonic()
    finally:
        keep(warehouse, waiting, generator.identity, purpose)
    return found


def ensure(warehouse: Warehouse) -> None:
    """Create the table where it is missing."""
    warehouse.ensure_table(TABLE, COLUMNS, "One question to a language model, and its answer")


def kept_answers(warehouse: Warehouse, keys: list[str]) -> dict[str, GenerationAnswer]:
    """What the table has of some keys."""
    if not keys or not warehouse.has_table(TABLE):
        return {}
    rows = warehouse.read(
        f"SELECT * FROM {TABLE} SEMI JOIN (SELECT unnest($keys) AS key) USING (key) WHERE outcome IN {FINAL}",
        {"keys": keys},
    )
    return {
        row["key"]: GenerationAnswer(
            text=row["value"] or "",
            value=None if row["value"] is None else orjson.loads(row["value"]),
            tokens_in=row["tokens_in"],
            tokens_out=row["tokens_out"],
            attempts=row["attempts"],
            latency_seconds=row["latency_seconds"],
            outcome=row["outcome"],
            error=row["error"],
        )
        for row in rows.iter_rows(named=True)
    }


def keep(warehouse: Warehouse, answers: dict[str, GenerationAnswer], model: str, purpose: Purpose) -> None:
    """Add answers to the table."""
    if not answers:
        return
    why = (purpose.day, purpose.kind, model, purpose.prompt_version)
    rows = [
        (key, *why, a.tokens_in, a.tokens_out, cost_of(a, purpose.prices), a.attempts)
        + (a.latency_seconds, a.outcome, _json(a.value), a.error)
        for key, a in answers.items()
    ]
    frame = pl.DataFrame(rows, polars_schema(COLUMNS), orient="row")
    warehouse.write(lambda connection: insert(connection, TABLE, frame))


def cost_of(answer: GenerationAnswer, prices: Prices) -> float | None:
    """What an answer cost; `None` where the server counted no tokens, though it may have been paid for."""
    return prices.cost(answer.tokens_in, answer.tokens_out) if answer.tokens_in else None


def _json(value: object) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
