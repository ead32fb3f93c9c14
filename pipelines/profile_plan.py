"""`sluice profiles plan`: calls, tokens, money and hours of the next profiles, before any call."""

import datetime as dt
import math

import polars as pl

from assets.profiles.item_plan import ItemPlan, plan_items
from models.errors import UserError
from pipelines.build import newest_day
from pipelines.console import console, say
from pipelines.query import as_table
from pipelines.storage import warehouse_of
from resources.compute import pick_device
from resources.settings import Project
from resources.text_generators.factory import make_generator

HOW = {
    "counted": "counted by the model's tokenizer",
    "measured": "estimated from earlier calls with the same prompt",
    "assumed": "assumed, no earlier calls with this prompt",
}


def plan(project: Project, as_of: dt.date | None = None) -> None:
    """Print what the item profiles of a day would take; `None`: the newest day that has tables.

    Raises:
        UserError: No model writes the profiles, or the day has no tables.
    """
    settings = project.settings
    if settings.profiles.backend != "generator":
        mend = "Set `profiles.backend: generator`, and the model in `generator`."
        raise UserError("the profiles are written by rules, which cost nothing", str(project.path), mend)
    newest = newest_day(project)
    if newest is None or (as_of or newest) > newest:
        found = f"the tables reach to {newest or 'no day yet'}"
        raise UserError(found, f"--as-of {as_of}" if as_of else str(project.path), "Run `sluice build` first.")
    generator = make_generator(settings.generator, pick_device(settings.compute.device), settings.compute.n_threads)
    assert generator is not None  # the settings allow no other
    show(plan_items(warehouse_of(project), generator, settings, as_of or newest), settings.generator.model or "")


def show(plan: ItemPlan, model: str) -> None:
    """The plan in the terminal."""
    say(f"item profiles as of {plan.day} by {model}: {plan.n_items:,} items with text, {plan.withheld:,} withheld")
    columns = ("step", "kept", "questions", "calls", "tokens_in", "tokens_out")
    rows = [tuple(getattr(share, name) for name in columns) for share in plan.shares]
    frame = pl.DataFrame(
        [(step, kept, *(round(number) for number in numbers)) for step, kept, *numbers in rows],
        {name: pl.String if name == "step" else pl.Int64 for name in columns},
        orient="row",
    )
    console.print(as_table(frame))
    say(f"calls    {sum(share.calls for share in plan.shares):,.0f}{_left(plan.calls_left)}")
    say(f"tokens   read: {HOW[plan.read_how]}; written: {HOW[plan.written_how]}")
    price = "unknown: set generator.price_per_million_tokens_in and _out" if plan.money is None else f"{plan.money:.4g}"
    say(f"money    {price}{_left(plan.money_left)}")
    say(f"hours    {'unknown until some calls were made' if plan.hours is None else f'{plan.hours:.2g}'}")


def _left(left: float) -> str:
    return "" if math.isinf(left) else f" (the budget has {max(left, 0):.4g} left for this day)"
