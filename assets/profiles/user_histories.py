"""Whom of the users a run asks about and how: from the whole history, from what is new, or not at all."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from assets.point_in_time import given_back_until
from assets.profiles.earlier_words import earlier_words
from assets.profiles.item_questions import items_asked_about
from assets.profiles.user_questions import UserSteps
from models.profiles.asking_again import News, way_of
from models.profiles.shown_histories import counted_histories, selected, shown_events, shown_labels, touched_items
from models.profiles.shown_items import ShownItem
from models.profiles.shown_users import ShownEvent, ShownUser, Standing
from models.profiles.user_events import weighed_events
from models.text.generation.contract import TextGenerator
from models.text.languages import UNKNOWN, language_of
from resources.settings import Settings
from resources.warehouse import Warehouse

PORTION = 2048
"""Users whose prompts and answers are in memory at once."""
LANGUAGE_ITEMS = 2000
"""Items whose texts tell the language of a catalogue."""


@dataclass
class UserPortion:
    """Some consecutive users and how their words come about.

    Attributes:
        events: All their weighed events, `given_back` among them.
        build: To be asked about from the whole history.
        update: To be asked about from what is new.
        stand: User -> earlier words that stand.
        n_without_text: Users who did nothing with an item that may be shown.
    """

    events: pl.DataFrame
    build: list[ShownUser] = field(default_factory=list)
    update: list[ShownUser] = field(default_factory=list)
    stand: dict[str, Standing] = field(default_factory=dict)
    n_without_text: int = 0


@dataclass(frozen=True)
class ShownCatalogue:
    """What prompts about users say of items.

    Attributes:
        texts: Item -> its text as shown in a history; hostile ones and those without text are left out.
        labels: See `shown_labels`.
        language: That of the catalogue.
    """

    texts: dict[str, str]
    labels: pl.DataFrame
    language: str


@dataclass(frozen=True)
class Histories:
    """What some users' prompts are made from.

    Attributes:
        events: Their weighed events, sorted by user; `given_back` marks what was returned, `known_on` is the day of the
            event or of its return, `is_shown` whether the item's text may be.
        catalogue: What is said of the items.
    """

    events: pl.DataFrame
    catalogue: ShownCatalogue


def shown_catalogue(items: pl.DataFrame, day: dt.date, settings: Settings) -> ShownCatalogue:
    """What prompts may say of the items; looks at every text, so it is made once for all users.

    Args:
        items: Rows of `items_known`.
        day: The as-of day.
        settings: The project's.
    """
    config = settings.profiles
    honest, _ = items_asked_about(items, day, settings)
    texts = _texts(honest, config.user_questions.event_characters)
    known = items.filter(pl.col("item_id").is_in(list(texts)))
    sample = " ".join(text for _, text in zip(range(LANGUAGE_ITEMS), texts.values(), strict=False))
    return ShownCatalogue(texts, shown_labels(known, config.user.category_depth), language_of(sample))


def histories_of(
    warehouse: Warehouse, settings: Settings, interactions: pl.DataFrame, catalogue: ShownCatalogue, day: dt.date
) -> Histories:
    """Read what is known of some users at the end of a day.

    Args:
        warehouse: The lake.
        settings: The project's.
        interactions: Their rows of `interactions_until`.
        catalogue: Of the same day.
        day: The as-of day.
    """
    kept = interactions.with_columns(given_back=pl.lit(False), known_on=pl.col("event_day"))
    back = given_back_until(warehouse, day).rename({"undone_on": "known_on"}).with_columns(given_back=pl.lit(True))
    back = back.join(interactions.filter(pl.col("weight") > 0), on="user_id", how="semi")  # others have no profile
    rows = pl.concat([kept, back.select(kept.columns)], how="vertical_relaxed")
    is_shown = pl.col("item_id").is_in(list(catalogue.texts))
    return Histories(weighed_events(rows, day, settings.profiles.user).with_columns(is_shown=is_shown), catalogue)


def user_portions(
    warehouse: Warehouse,
    generator: TextGenerator,
    settings: Settings,
    steps: UserSteps,
    histories: Histories,
    day: dt.date,
) -> Iterator[UserPortion]:
    """Who is asked how, in the order of their ids, a few users at a time.

    The earlier words are those of the newest earlier as-of day that the same model wrote with the prompts as they are
    now; nothing of this or a later day is read.
    """
    ids = histories.events["user_id"]
    users = ids.unique().sort()
    for start in range(0, len(users), PORTION):
        portion = users[start : start + PORTION]
        first, last = ids.search_sorted(portion[0], "left"), ids.search_sorted(portion[-1], "right")
        earlier = earlier_words(warehouse, day, portion.to_list(), steps.versions, generator)
        yield _sorted_out(settings, histories.catalogue, histories.events[first:last], earlier, day)


def _sorted_out(
    settings: Settings, catalogue: ShownCatalogue, events: pl.DataFrame, earlier: dict[str, Standing], day: dt.date
) -> UserPortion:
    config = settings.profiles.user_questions
    shown = events.filter("is_shown")
    ways = {
        user: way_of(earlier[user].asked if user in earlier else None, news, day, config)
        for user, news in _news(shown, earlier).items()
    }
    portion = UserPortion(events, n_without_text=events["user_id"].n_unique() - len(ways))
    portion.stand = {user: earlier[user] for user, way in ways.items() if way == "stand"}
    asked = shown.filter(pl.col("user_id").is_in([user for user, way in ways.items() if way != "stand"]))
    updated = asked.filter(pl.col("user_id").is_in([user for user, way in ways.items() if way == "update"]))
    counted = counted_histories(asked, catalogue.labels, settings.profiles.user.max_tastes)
    whole = _selection(asked, catalogue, config.shown_events)
    new = _selection(_since(updated, earlier), catalogue, config.shown_events)
    for user, own in whole.items():
        languages = _languages(own, catalogue.language)
        history = counted.get(user, {"events": 0})
        if ways[user] == "update":
            portion.update.append(ShownUser(user, history, own, new[user], earlier[user], languages))
        else:
            portion.build.append(ShownUser(user, history, own, languages=languages))
    return portion


def _news(events: pl.DataFrame, earlier: dict[str, Standing]) -> dict[str, News]:
    """What each user did since the last question; what was given back since is news too."""
    marked = events.join(_asked_on(earlier), on="user_id", how="left", maintain_order="left")
    new = (pl.col("known_on") > pl.col("asked_on")).fill_null(True)
    counts = marked.group_by("user_id", maintain_order=True).agg(
        n=new.sum(), new=pl.col("weight").filter(new).sum(), seen=pl.col("weight").filter(~new).sum()
    )
    return {user: News(n, weight, seen) for user, n, weight, seen in counts.iter_rows()}


def _since(events: pl.DataFrame, earlier: dict[str, Standing]) -> pl.DataFrame:
    """Of users with earlier words what they did since the last question."""
    marked = events.join(_asked_on(earlier), on="user_id", maintain_order="left")
    return marked.filter(pl.col("known_on") > pl.col("asked_on")).drop("asked_on")


def _asked_on(earlier: dict[str, Standing]) -> pl.DataFrame:
    rows = [(user, standing.asked.asked_on) for user, standing in earlier.items()]
    return pl.DataFrame(rows, {"user_id": pl.String(), "asked_on": pl.Date()}, orient="row")


def _selection(events: pl.DataFrame, catalogue: ShownCatalogue, limit: int) -> dict[str, tuple[ShownEvent, ...]]:
    return shown_events(selected(touched_items(events), catalogue.labels, limit), catalogue.texts)


def _languages(events: tuple[ShownEvent, ...], of_catalogue: str) -> frozenset[str]:
    """One who takes foreign films may be described in their language or in that of the rest."""
    own = language_of(" ".join(event.item for event in events))
    return frozenset({own, of_catalogue} - {UNKNOWN})


def _texts(items: list[ShownItem], longest: int) -> dict[str, str]:
    shown = ["; ".join(part for part in (i.title, i.category, i.brand, i.description) if part)[:longest] for i in items]
    return dict(zip((item.item_id for item in items), shown, strict=True))
