"""User profiles in a language model's words: yesterday's and what is new since, within the day's budget."""

import datetime as dt

import polars as pl

from assets.profiles.earlier_words import model_digest, words_of_anyone
from assets.profiles.questions import allowance_of
from assets.profiles.user_histories import ShownCatalogue, UserPortion, histories_of, user_portions
from assets.profiles.user_questions import user_steps
from assets.profiles.writing import Writing
from models.profiles.answers import Source
from models.profiles.schema import Asked
from models.profiles.shown_users import ShownUser
from models.profiles.user_answers import UserWords
from models.profiles.written_users import WrittenUser, from_standing, with_words
from models.text.generation.contract import TextGenerator
from resources.settings import Settings
from resources.warehouse import Warehouse

Run = Writing[ShownUser, UserWords]


def write_users(
    warehouse: Warehouse,
    generator: TextGenerator,
    settings: Settings,
    rows: pl.DataFrame,
    interactions: pl.DataFrame,
    catalogue: ShownCatalogue,
    day: dt.date,
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Profiles of some users by the model, those by rules where it has none.

    Users who changed enough since the last question are asked about again; the words of the others stand, their support
    counted anew. A user that the budget or a failure left out keeps the newest earlier words, where there are any.

    Args:
        warehouse: The lake.
        generator: Who writes.
        settings: The project's.
        rows: Their extractive profiles, sorted by id.
        interactions: Their rows of `interactions_until`.
        catalogue: What may be said of the items.
        day: The as-of day.

    Returns:
        The rows, in the same columns and order, and how many of them came about how.
    """
    steps = user_steps(settings)
    histories = histories_of(warehouse, settings, interactions, catalogue, day)
    run: Run = Writing(warehouse, generator, settings, day, allowance_of(warehouse, settings, day))
    made: dict[str, dict] = {}
    for portion in user_portions(warehouse, generator, settings, steps, histories, day):
        run.write(portion.build, (steps.short, steps.rich))
        run.write(portion.update, (steps.update, steps.rich))
        own = rows.filter(pl.col("user_id").is_in(portion.events["user_id"].unique().to_list()))
        words = _words(run, portion, steps.update.prompt.version)
        for row in with_words(own.iter_rows(named=True), words, portion.events, settings.profiles.user):
            made[row["user_id"]] = row
    frame = pl.DataFrame([made.get(row["user_id"], row) for row in rows.iter_rows(named=True)], schema=rows.schema)
    return frame, run.told()


def _words(run: Run, portion: UserPortion, update_version: str) -> dict[str, WrittenUser]:
    """What the users of a portion take from the model: answers, words that stand, and older ones of those left out."""
    left = [user for user in (*portion.build, *portion.update) if user.user_id in run.unasked | run.unanswered]
    older = {user.user_id: user.standing for user in left if user.standing}
    unknown = [user.user_id for user in left if not user.standing]
    older |= words_of_anyone(run.warehouse, run.day, unknown)
    run.counts["older profile"] += len(older)
    run.counts["extractive left out"] += len(left) - len(older)
    run.counts["words stand"] += len(portion.stand)
    run.counts["without text"] += portion.n_without_text
    words = {user: from_standing(standing) for user, standing in (portion.stand | older).items()}
    for user in (*portion.build, *portion.update):
        if user.user_id in run.said:
            said, source = run.said.pop(user.user_id)
            run.counts["statements dropped"] += len(said.dropped)
            run.reasons.update(said.dropped)
            words[user.user_id] = _written(run, user, said, source, source.prompt_version == update_version)
    return words


def _written(run: Run, user: ShownUser, said: UserWords, source: Source, updated: bool) -> WrittenUser:
    """An answer as it enters a row; `updated` where it goes on from an earlier profile."""
    if updated:
        assert user.standing is not None
        asked = user.standing.asked.model_copy(update={"asked_on": run.day})
    else:
        asked = Asked(
            model=model_digest(run.generator), built_with=source.prompt_version, built_on=run.day, asked_on=run.day
        )
    counts = (source.tokens_in, source.tokens_out)
    return WrittenUser(said.summary, said.propositions, asked, source.backend, source.prompt_version, *counts)
