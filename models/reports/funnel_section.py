"""The page's section on the way from candidates to clicks: where the items that users took were lost."""

from __future__ import annotations

import polars as pl

from models.evaluation.taken_funnel import FIRST, KNOWN, LISTED, OFFERED, SERVED, TAKEN, TakenFunnel
from models.reports.section import Captioned, Section
from models.reports.tables import BarRow, Cell, Row, Table, percent, width

WORDS = {
    TAKEN: "Taken in the scored days, new to the user",
    KNOWN: "could be recommended at the end of the as-of day",
    SERVED: "by users who were given candidates",
    OFFERED: "among these candidates",
    LISTED: "on the final list of {k}",
    FIRST: "at its top",
}


def funnel_section(funnel: TakenFunnel | None, k: int) -> Section | None:
    """Taken items from step to step, and each retriever's share of what was to be found.

    Args:
        funnel: What `taken_funnel` returned.
        k: The list length it was made for.

    Returns:
        `None` where nothing was taken.
    """
    if funnel is None or not funnel.stages["n_items"][0]:
        return None
    words = "Items that users with a past went on to take, and how far each came on its way to the top of a list."
    caption = (
        "What each retriever's candidates held of what users with candidates took, and what no other retriever "
        "offered; small print is the 95\u202f% interval by user"
    )
    tables = [Captioned(table, caption, "Retriever")] if (table := _recall_table(funnel.sources)).rows else []
    return Section("From candidates to clicks", [words], _bars(funnel.stages, k), tables)


def _bars(stages: pl.DataFrame, k: int) -> list[BarRow]:
    counts, bars, before = stages["n_items"].to_list(), [], 0
    for row in stages.to_dicts():
        note = f"{row['n_users']:,} users"
        if before:
            note += f"; {percent(row['n_items'] / before)} of the step before"
        name, before = WORDS[row["stage"]].format(k=k), row["n_items"]
        bars.append(BarRow(name, f"{row['n_items']:,}", width(row["n_items"], counts), note))
    return bars


def _recall_table(sources: pl.DataFrame) -> Table:
    rows = [
        Row(
            row["source"],
            "",
            [
                Cell(percent(row["recall"]), f"{percent(row['ci_low'])} – {percent(row['ci_high'])}"),
                Cell(f"{row['n_found']:,}"),
                Cell(f"{row['n_alone']:,}"),
                Cell(f"{row['n_offered_per_user']:.1f}"),
            ],
        )
        for row in sources.to_dicts()
    ]
    return Table(["candidate recall", "found", "found alone", "candidates a user"], rows)
