"""Parts of `sluice.yaml` that belong to no model: days, cleaning, limits of checks, what is served, on what."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from models.evaluation.protocol_config import ProtocolConfig
from models.quality.history_rules import HistoryRules
from resources.postgres_address import connection_of


class Section(BaseModel):
    """A part of `sluice.yaml`; unknown keys are errors, and tracebacks never show what was given."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class EventType(Section):
    """What one event type says about taste."""

    weight: float = Field(
        ge=0, allow_inf_nan=False, description="Strength of the signal; 0 keeps the event but learns nothing from it."
    )
    min_value: float | None = Field(None, description="Only events with at least this `value` (a rating) count.")


class Partitions(Section):
    """The daily axes, UTC."""

    start: dt.date = Field(description="First day.")
    end: dt.date | None = Field(None, description="Last day, inclusive; leave out for a shop that is still open.")
    event_partitions: Literal["daily", "monthly"] = Field(
        "daily",
        description="`monthly` for a closed data set of many years: Dagster keeps a row per partition and asset.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Partitions:
        if self.end and self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}")
        if self.event_partitions == "monthly" and (self.start.day != 1 or not self.end):
            raise ValueError("monthly partitions need a start on the first of a month, and an end")
        return self


class Split(Section):
    """How many days are held back."""

    validation_days: int = Field(7, ge=1, description="Last days before the as-of day: early stopping, ranker labels.")
    label_windows: int = Field(
        2, ge=1, description="The validation days, cut into so many windows for the ranker: each has its own features."
    )
    test_days: int = Field(7, ge=1, description="Days after an as-of day on which its recommendations are scored.")


class Cleaning(Section):
    """Which events are set aside, with a reason (never deleted). Patterns are RE2, searched anywhere in the value."""

    test_user_pattern: str = Field("^test_", description="Regular expression of test accounts; empty turns it off.")
    bot_user_agent_pattern: str = Field("(?i)bot|crawler|spider", description="User agents set aside; empty: off.")
    pseudo_item_pattern: str = Field("", description="Ids that are no items (postage, fees); empty turns it off.")
    max_user_events_per_day: int = Field(1000, ge=1, description="A user with more events in a day is a bot that day.")
    max_user_items_per_day: int | None = Field(
        None, ge=1, description="A user with events on more items in a day is a bot that day; null: off."
    )
    regular_pause_variation: float = Field(
        0.05,
        ge=0,
        description="A user is a bot on a day on which the pauses between events deviate by no more than this share of "
        "their mean; 0: off.",
    )
    regular_min_events: int = Field(100, ge=3, description="Events that such a day must have.")
    near_duplicate_seconds: float = Field(
        0,
        ge=0,
        description="An event of the same user, item and type within so many seconds of the one before it is set "
        "aside; 0: off.",
    )
    purchase_event_types: list[str] = Field(["purchase"], description="Types that spend money and can be returned.")
    return_event_types: list[str] = Field(["return"], description="Types that undo a purchase; set aside.")
    net_returns: bool = Field(
        True,
        description="Nothing is learned from a purchase that has been returned in full by the as-of day; false: it "
        "stays what it was. The user is not shown the item again either way.",
    )
    impression_event_types: list[str] = Field(
        ["impression"], description="Types that show an item without any act of the user."
    )
    click_event_types: list[str] = Field(["click"], description="Types that follow an impression of the item.")
    click_window_minutes: int = Field(
        30, ge=1, le=10_080, description="A click belongs to an impression at most so long before it."
    )
    require_positive_price: bool = Field(False, description="Set aside events whose price is given and not above 0.")
    session_gap_minutes: int = Field(30, ge=1, description="A longer pause starts a new session.")

    @field_validator("test_user_pattern", "bot_user_agent_pattern", "pseudo_item_pattern")
    @classmethod
    def _duckdb_compiles(cls, pattern: str) -> str:
        """The engine that will run the pattern says whether it can: RE2 has no look-around, unlike Python."""
        import duckdb

        with duckdb.connect(":memory:") as connection:
            try:
                connection.execute("SELECT regexp_matches('', ?)", [pattern])
            except duckdb.Error as error:
                why = str(error).removeprefix("Invalid Input Error: ").strip()
                raise ValueError(f"{pattern!r} is not a regular expression DuckDB (RE2) knows: {why}") from None
        return pattern


MetricOrSlice = Annotated[str, Field(pattern=r"^[a-z_]+(\[[a-z_]+=[^\[\]]+\])?$")]


class Checks(Section):
    """Limits of the blocking checks."""

    max_rejected_share: float = Field(0.2, ge=0, le=1, description="More rejected lines than this stop a day.")
    schema_drift: Literal["block", "warn"] = Field(
        "block",
        description="What happens when a mapped column of the source is dropped, renamed or retyped: the day is not "
        "read, or it is read with a warning, and its columns are the known ones from then on.",
    )
    volume_ratio: tuple[float, float] | None = Field(
        (0.2, 5.0), description="A day's events over the median of the trailing 28 days; null turns the check off."
    )
    history: HistoryRules | None = Field(
        HistoryRules(), description="Each day against the same weekday of the trailing weeks; null turns it off."
    )
    data_docs: bool = Field(
        True, description="Whether suites also leave Great Expectations' page about their result in `data_docs`."
    )
    min_index_recall: float = Field(0.95, ge=0, le=1, description="Recall@k of the ANN index against exact search.")
    weak_retriever: Literal["block", "warn"] = Field(
        "block", description="What happens when a learned retriever is significantly below recent popularity."
    )
    max_metric_drop: float = Field(0.1, ge=0, lt=1, description="Relative fall below the last release that blocks.")
    metric_drops: dict[MetricOrSlice, Annotated[float, Field(ge=0, lt=1)]] = Field(
        default_factory=dict,
        description="Other limits, of a metric or of a metric in a slice of users, which is otherwise not looked at: "
        "`ndcg: 0.05`, `recall[activity=low]: 0.2`.",
    )

    @field_validator("volume_ratio")
    @classmethod
    def _from_low_to_high(cls, bounds: tuple[float, float] | None) -> tuple[float, float] | None:
        if bounds and not 0 <= bounds[0] < bounds[1]:
            raise ValueError(f"expected [lowest, highest] from 0 up, found [{bounds[0]:g}, {bounds[1]:g}]")
        return bounds


class Text(Section):
    """The text encoder."""

    encoder: str = Field(
        "minilm", min_length=1, description="`minilm` (bundled), `hashing`, or a transformers name or folder."
    )
    max_tokens: int = Field(64, ge=8, description="Texts are cut to this many tokens.")
    dimensions: int | None = Field(
        None,
        ge=2,
        description="The first so many dimensions are kept of each vector, for an encoder trained to be cut "
        "(Matryoshka); null: all.",
    )
    user_vectors: bool = Field(
        False,
        description="Whether users' profiles are encoded too, as the table `user_text_embeddings`; they are anyway "
        "where a retriever aligns users.",
    )


class Recommendations(Section):
    """What is served."""

    k: int = Field(20, ge=1, description="Length of a list.")
    active_days: int = Field(90, ge=1, description="Users with an interaction in so many days get a list.")
    candidates_per_source: int = Field(100, ge=1, description="Items each retriever offers per user.")


SliceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
TableColumn = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,2}$")]


class OffPolicy(Section):
    """What other policies would have earned, from impressions with propensities."""

    window_days: int = Field(28, ge=1, description="Days of impressions up to the as-of day.")
    max_impressions: int = Field(
        1_000_000, ge=1000, description="Of more, a share of the users is looked at, chosen by hash; 2.1 GiB a million."
    )
    min_effective_sample: float = Field(
        100, ge=1, description="An estimate whose weights say as much as fewer equal ones is refused."
    )
    min_effective_clicks: float = Field(
        20, ge=1, description="The same for the weights of clicked impressions: it decides how often intervals hold."
    )
    max_weight: float = Field(
        100, gt=0, description="Where `clipped_ips` cuts a weight and `switch_dr` leaves it to its model."
    )
    max_missing_mass: float = Field(
        0.05, ge=0, lt=1, description="A policy is refused when more of its choices could not be, or were not, logged."
    )
    propensity_given: Literal["list_above", "position"] = Field(
        "list_above",
        description="`list_above`: a propensity is the chance given the items above in the same `impression_id`, none "
        "of which comes again; `position`: the chance at the position, whatever stands above.",
    )


class Judge(Section):
    """Lists judged by the language model of `generator`, for a sample of users."""

    ways: list[Literal["pairwise", "pointwise", "likelihood"]] = Field(
        ["pairwise"],
        min_length=1,
        description="`pairwise`: which of two lists fits better, asked in both orders; `pointwise`: how well one list "
        "fits, 1 to 5, shown from its beginning and from its end; `likelihood`: how likely the model finds either "
        "answer beyond what it would say of anybody (`transformers` only).",
    )
    against: list[str] = Field(
        ["recent_popularity"], min_length=1, description="Retrievers whose lists the final ones are judged against."
    )
    n_users: int = Field(
        100, ge=1, description="Users whose lists are judged, of those who came back; two calls each, way and list."
    )
    k: int = Field(5, ge=1, description="Items shown of each list.")
    margin: float = Field(
        0.1, ge=0, description="Preference, natural logarithm, from which on `likelihood` counts in both orders."
    )


class Evaluation(Section):
    """How lists are scored."""

    ks: list[Annotated[int, Field(ge=1)]] = Field(
        [10, 20], min_length=1, description="Cut-offs; the first is the one the gate looks at."
    )
    n_resamples: int = Field(1000, ge=100, description="Bootstrap resamples by user behind every interval.")
    slices: dict[SliceName, TableColumn] = Field(
        default_factory=dict,
        description="More slices to look for worse lists in: name -> `table.column`, of a table with a row per user or "
        "per item, e.g. `country: core_users.country`; of a table of events the value that most events of a user "
        "have, e.g. `device: core_events.context.device`.",
    )
    off_policy: OffPolicy = OffPolicy()
    judge: Judge | None = Field(None, description="Lists judged by a language model; null: none is asked.")
    protocols: dict[SliceName, ProtocolConfig] = Field(
        default_factory=dict,
        description="Other ways to split and score, name -> protocol: the retrievers' numbers under each are in the "
        "table `protocol_metrics`, made by `sluice protocols` and no part of the nightly run.",
    )

    @field_validator("ks")
    @classmethod
    def _each_once(cls, ks: list[int]) -> list[int]:
        if len(set(ks)) < len(ks):
            raise ValueError(f"{ks} names a cut-off twice")
        return ks


class Compute(Section):
    """What work runs on."""

    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="`auto` takes a GPU where there is one.")
    n_threads: int = Field(2, ge=1, description="Threads of torch, LightGBM and FAISS.")


def _dagster_understands(cron: str) -> str:
    import dagster as dg

    try:
        dg.ScheduleDefinition(name="nightly", job_name="tables", cron_schedule=cron)
    except dg.DagsterInvalidDefinitionError:
        raise ValueError(f"{cron!r} is no cron line such as '0 3 * * *' (minute hour day month weekday)") from None
    return cron


CronLine = Annotated[str, AfterValidator(_dagster_understands)]


class WarehousePlace(Section):
    """Where the catalogue of the tables is; the tables themselves are Parquet files in `output`."""

    catalog: str | None = Field(
        None,
        description="A PostgreSQL server that several machines share: `postgres:host=... dbname=... user=...` (libpq's "
        "words) or `postgresql://user@host/dbname`; `none` is a SQLite file in `output`. The password comes from "
        "PGPASSWORD, PGPASSFILE or a service file, never from here.",
    )

    @field_validator("catalog")
    @classmethod
    def _known(cls, catalog: str | None) -> str | None:
        if catalog is not None:
            connection_of(catalog)
        return catalog


class Schedule(Section):
    """The nightly rebuild of the previous day."""

    cron: CronLine = Field("0 3 * * *", description="Cron line, UTC.")


class Maintenance(Section):
    """Upkeep of the lake; what a release names stays for ever."""

    cron: CronLine = Field("0 5 * * 0", description="Cron line, UTC, of the schedule `weekly_maintenance`.")
    keep_days: int = Field(
        30,
        ge=1,
        description="Days for which every state of the tables can be asked (`--as-of`, `sluice diff`) and artifacts "
        "that nothing names are kept.",
    )
    file_grace_days: int = Field(
        1, ge=0, description="Whole days (UTC) that files nothing needs stay: someone may be reading them."
    )
