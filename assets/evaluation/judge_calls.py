"""What the judge was asked and said: `judge_calls`, the ledger that is also the cache.

An answer is stored as soon as a few more are there, under the digest of model, prompt and parameters, so that the same
question is never paid for twice and a run that was killed goes on where it stopped.
"""

import datetime as dt
from collections.abc import Iterable

import duckdb
import orjson
import polars as pl

from assets.graph import Columns, polars_schema
from models.text.generation.answer import GenerationAnswer
from models.text.generation.contract import TextGenerator
from models.text.generation.request import GenerationRequest
from resources.warehouse import Warehouse, insert

TABLE = "judge_calls"
KEPT_TOGETHER = 16
FINAL = ("answered", "invalid", "refused")
"""Outcomes that a second call would not change; what failed is asked again in the next run."""

COLUMNS: Columns = {
    "key": ("VARCHAR", "Digest of model, prompt and parameters"),
    "asked_for": ("DATE", "The as-of day of the lists it was first asked for"),
    "model": ("VARCHAR", "The judge, with its version"),
    "tokens_in": ("BIGINT", "Tokens read, over all attempts"),
    "tokens_out": ("BIGINT", "Tokens written"),
    "attempts": ("INTEGER", "Calls that were made"),
    "latency_seconds": ("DOUBLE", "From the first call to the answer"),
    "outcome": ("VARCHAR", "answered, invalid (off the schema), refused or failed"),
    "value": ("VARCHAR", "The answer as JSON; null without one"),
    "error": ("VARCHAR", "What was wrong, in a line"),
}


def ask(
    warehouse: Warehouse, generator: TextGenerator, requests: Iterable[GenerationRequest], day: dt.date
) -> dict[str, GenerationAnswer]:
    """Answers by key: those there are from the table, the others from the generator, each kept at once.

    Args:
        warehouse: The lake.
        generator: The judge.
        requests: All questions.
        day: The as-of day of the lists they are about.

    Raises:
        UserError: The generator cannot answer at all; what it has answered is kept.
    """
    warehouse.ensure_table(TABLE, COLUMNS, "One question to the judge, and its answer")
    wanted = {request.key(generator.identity): request for request in requests}
    found = kept_answers(warehouse, list(wanted))
    waiting: dict[str, GenerationAnswer] = {}
    try:
        for key, answer in generator.generate([request for key, request in wanted.items() if key not in found]):
            waiting[key] = found[key] = answer
            if len(waiting) >= KEPT_TOGETHER:
                keep(warehouse, waiting, generator.identity, day)
                waiting = {}
    finally:
        keep(warehouse, waiting, generator.identity, day)
    return found


def kept_answers(warehouse: Warehouse, keys: list[str]) -> dict[str, GenerationAnswer]:
    """What the table has of some keys."""
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


def keep(warehouse: Warehouse, answers: dict[str, GenerationAnswer], model: str, day: dt.date) -> None:
    """Add answers to the table; one that failed before is replaced."""
    if not answers:
        return
    rows = [
        (key, day, model, a.tokens_in, a.tokens_out, a.attempts, a.latency_seconds, a.outcome, _json(a.value), a.error)
        for key, a in answers.items()
    ]
    frame = pl.DataFrame(rows, polars_schema(COLUMNS), orient="row")

    def transaction(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute(f"DELETE FROM {TABLE} WHERE key IN (SELECT unnest(?))", [list(answers)])
        insert(connection, TABLE, frame)

    warehouse.write(transaction)


def _json(value: object) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
