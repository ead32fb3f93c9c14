"""The catalogue: which shelf, style and brand each item has, its words and its price."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from models.simulation.config import SimulationConfig
from models.simulation.streams import Stream, generator
from models.simulation.vocabulary import BRANDS, COLOURS, SHELVES, STYLES

OLDEST_DAYS = 700
NEVER = np.iinfo(np.int32).max
BRANDS_PER_SHELF = 8


@dataclass(frozen=True)
class Catalogue:
    """The items a customer can read about; every list and array has one entry per item.

    Attributes:
        item_ids: `i00001` onwards.
        shelf: Index into `SHELVES`, int16.
        style: Index into `STYLES`, int16.
        titles: Distinct titles.
        descriptions: A few sentences.
        brands: Brand names.
        prices: Two decimals, at least 1.
        queries: `[n_items][3]`, what people type when they look for the item.
        launch_day: Days since the first day, int32; negative for items that were there before.
        withdraw_day: First day without the item, int32; `NEVER` for most.
    """

    item_ids: np.ndarray
    shelf: np.ndarray
    style: np.ndarray
    titles: list[str]
    descriptions: list[str]
    brands: list[str]
    prices: np.ndarray
    queries: list[tuple[str, str, str]]
    launch_day: np.ndarray
    withdraw_day: np.ndarray


def make_catalogue(config: SimulationConfig) -> Catalogue:
    """Draw all items the shop will ever have; `days` does not matter."""
    n = config.items
    rng = generator(config.seed, Stream.ITEMS)
    shelf = rng.permutation(np.arange(n) % len(SHELVES)).astype(np.int16)
    style = rng.integers(0, len(STYLES), n).astype(np.int16)
    spread = np.exp(rng.normal(0, 0.35, n)) * np.where(style == 4, 1.8, 1.0)
    prices = np.maximum(np.round(np.array([SHELVES[s].price for s in shelf]) * spread), 1.0) - 0.01
    launch_day, withdraw_day = _shelf_life(config, rng)
    words = _Words(config.seed, len(str(n)))
    texts = [words.item(int(s), int(look)) for s, look in zip(shelf, style, strict=True)]
    return Catalogue(
        item_ids=np.array([f"i{number:0{max(5, len(str(n)))}d}" for number in range(1, n + 1)]),
        shelf=shelf,
        style=style,
        titles=[text[0] for text in texts],
        descriptions=[text[1] for text in texts],
        brands=[text[2] for text in texts],
        prices=np.maximum(prices, 0.99).round(2),
        queries=[text[3] for text in texts],
        launch_day=launch_day,
        withdraw_day=withdraw_day,
    )


def _shelf_life(config: SimulationConfig, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Launch and withdrawal day of every item; new items are not among the withdrawn."""
    n = config.items
    order = rng.permutation(n)
    n_new, n_gone = round(n * config.new_item_share), round(n * config.withdrawn_share)
    launch_day = -rng.integers(1, OLDEST_DAYS, n).astype(np.int32)
    withdraw_day = np.full(n, NEVER, dtype=np.int32)
    launch_day[order[:n_new]] = rng.integers(1, config.launch_days + 1, n_new)
    withdraw_day[order[n_new : n_new + n_gone]] = rng.integers(1, config.launch_days + 1, n_gone)
    return launch_day, withdraw_day


class _Words:
    """Writes one item after the other and never the same title twice."""

    def __init__(self, seed: int, n_digits: int):
        self.rng = generator(seed, Stream.TEXTS)
        self.n_digits = n_digits
        self.used: dict[str, int] = {}

    def _pick(self, words: tuple[str, ...]) -> str:
        return words[int(self.rng.integers(len(words)))]

    def item(self, shelf_index: int, style_index: int) -> tuple[str, str, str, tuple[str, str, str]]:
        """Title, description, brand and queries."""
        shelf, style = SHELVES[shelf_index], STYLES[style_index]
        brand = BRANDS[(shelf_index * 7 + style_index * 3 + int(self.rng.integers(BRANDS_PER_SHELF))) % len(BRANDS)]
        noun, adjective, variant = self._pick(shelf.nouns), self._pick(style.adjectives), self._pick(shelf.variants)
        title = self._distinct(f"{brand} {adjective} {noun}, {variant}")
        description = (
            f"{adjective} {noun.lower()} by {brand}. {self._pick(style.phrases)} "
            f"Made for {self._pick(shelf.uses)}. Goes well with our {self._pick(shelf.leads_to).lower()} range."
        )
        plain = noun.lower()
        return title, description, brand, (plain, f"{adjective.lower()} {plain}", f"{brand.lower()} {plain}")

    def _distinct(self, title: str) -> str:
        if title in self.used:
            title = f"{title}, {self._pick(COLOURS)}"
        times = self.used.get(title, 0)
        self.used[title] = times + 1
        return title if times == 0 else f"{title} No. {times + 1}"


def catalogue_lines(catalogue: Catalogue, start: dt.date) -> bytes:
    """The catalogue as JSON lines.

    Args:
        catalogue: The items.
        start: The shop's first day.
    """
    day_zero = dt.datetime(start.year, start.month, start.day)
    return (
        pl.DataFrame(
            {
                "item_id": catalogue.item_ids,
                "title": catalogue.titles,
                "description": catalogue.descriptions,
                "category": [SHELVES[s].category for s in catalogue.shelf],
                "brand": catalogue.brands,
                "price": catalogue.prices,
                "available_from": [_instant(day_zero, int(day)) for day in catalogue.launch_day],
                "withdrawn_at": [None if d == NEVER else _instant(day_zero, int(d)) for d in catalogue.withdraw_day],
            },
            schema_overrides={"withdrawn_at": pl.String},
        )
        .write_ndjson()
        .encode()
    )


def _instant(day_zero: dt.datetime, days: int) -> str:
    return (day_zero + dt.timedelta(days=days)).isoformat() + "Z"
