"""`sluice profiles plan`: calls, tokens, money and hours of the next profiles, before any call."""

import datetime as dt
import math

import polars as pl

from assets.profiles.expected_calls import Plan
from assets.profiles.item_plan import plan_items
from assets.profiles.questions import generator_of
from assets.profiles.user_plan import plan_users
from models.errors import UserError
from pipelines.build import newest_day
from pipelines.console import console, say
from pipelines.query import as_table
from pipelines.storage import warehouse_of
from resources.settings import Project

HOW = {
    "counted": "counted by the model's tokenizer",
    "measured": "estimated from earlier calls with the same prompt",
    "assumed": "assumed, no earlier calls with this prompt",
}


def plan(project: Project, as_of: dt.date | None = None) -> None:
    """Print what the profiles of a day would take that a model writes; `None`: the newest day that has tables.

    Raises:
        UserError: No model writes profiles, or the day has no tables.
    """
    settings = project.settings
    if not settings.profiles.asks_a_model:
        mend = "Set `profiles.backend: generator` or `profiles.user_backend: generator`, and the model in `generator`."
        raise UserError("the profiles are written by rules, which cost nothing", str(project.path), mend)
    newest = newest_day(project)
    if newest is None or (as_of or newest) > newest:
        found = f"the tables reach to {newest or 'no day yet'}"
        raise UserError(found, f"--as-of {as_of}" if as_of else str(project.path), "Run `sluice build` first.")
    asked = (warehouse_of(project), generator_of(settings), settings, as_of or newest)
    ways = ((settings.profiles.backend, plan_items), (settings.profiles.user_backend, plan_users))
    show([way(*asked) for backend, way in ways if backend == "generator"], settings.generator.model or "")


def show(plans: list[Plan], model: str) -> None:
    """The plans in the terminal, and what all of them take."""
    for plan in plans:
        told = ", ".join(f"{n:,} {what}" for what, n in plan.told.items())
        say(f"{plan.kind} profiles as of {plan.day} by {model}: {told}")
        columns = ("step", "kept", "questions", "calls", "tokens_in", "tokens_out")
        rows = [tuple(getattr(share, name) for name in columns) for share in plan.shares]
        frame = pl.DataFrame(
            [(step, kept, *(round(number) for number in numbers)) for step, kept, *numbers in rows],
            {name: pl.String if name == "step" else pl.Int64 for name in columns},
            orient="row",
        )
        console.print(as_table(frame))
        say(f"tokens   read: {HOW[plan.read_how]}; written: {HOW[plan.written_how]}")
    calls = sum(share.calls for plan in plans for share in plan.shares)
    money, hours = _sum([plan.money for plan in plans]), _sum([plan.hours for plan in plans])
    say(f"calls    {calls:,.0f}{_left(plans[0].calls_left)}")
    price = "unknown: set generator.price_per_million_tokens_in and _out" if money is None else f"{money:.4g}"
    say(f"money    {price}{_left(plans[0].money_left)}")
    say(f"hours    {'unknown until some calls were made' if hours is None else f'{hours:.2g}'}")


def _sum(parts: list[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _left(left: float) -> str:
    return "" if math.isinf(left) else f" (the budget has {max(left, 0):.4g} left for this day)"
