"""`sluice.yaml`, one validated file per project: what is read, how it is cleaned and learned from, where it goes."""

from __future__ import annotations

import hashlib
import json
import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from models.ann.config import AnnIndexConfig
from models.errors import UserError
from models.events.source import CatalogueSource, EventSource
from models.profiles.config import ProfilesConfig
from models.ranking import registry as rankers
from models.retrieval import registry as retrievers
from models.simulation.config import SimulationConfig
from models.tuning.search_range import SearchRange
from models.tuning.search_space import space_of
from resources.config_file import NestedProblem, as_user_error, read_yaml
from resources.lake_catalogue import Catalogue, PostgresCatalogue, SqliteCatalogue
from resources.postgres_address import connection_of
from resources.settings_sections import (
    Checks,
    Cleaning,
    Compute,
    Evaluation,
    EventType,
    Maintenance,
    Partitions,
    Recommendations,
    Schedule,
    Section,
    Split,
    Text,
    WarehousePlace,
)
from resources.text_generators.settings import GeneratorSettings

CONFIG_VARIABLE = "SLUICE_CONFIG"


class Settings(Section):
    """The whole of `sluice.yaml`."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Project name, used for titles and folders.")
    output: str = Field(min_length=1, description="Folder for the warehouse, artifacts and Dagster's storage.")
    simulate: SimulationConfig | None = Field(None, description="Make a simulated shop in `simulate_into` first.")
    simulate_into: str | None = Field(None, min_length=1, description="Folder the simulated shop is written to.")
    events: EventSource
    catalogue: CatalogueSource | None = None
    event_types: dict[str, EventType] = Field(min_length=1, description="Every known type and what it says.")
    partitions: Partitions
    split: Split = Split()
    cleaning: Cleaning = Cleaning()
    checks: Checks = Checks()
    profiles: ProfilesConfig = ProfilesConfig()
    text: Text = Text()
    generator: GeneratorSettings = GeneratorSettings()
    retrievers: dict[str, dict[str, Any]] = Field(min_length=1, description="Retriever name -> its own settings.")
    tuning: dict[str, Annotated[dict[str, SearchRange], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Retriever name -> setting -> range: what `sluice tune` tries, in place of its own choice.",
    )
    index: AnnIndexConfig = AnnIndexConfig()
    rankers: dict[str, dict[str, Any]] = Field(
        default={"lambdarank": {}}, description="Ranker name -> its settings; the first one makes the lists."
    )
    recommendations: Recommendations = Recommendations()
    evaluation: Evaluation = Evaluation()
    compute: Compute = Compute()
    warehouse: WarehousePlace = WarehousePlace()
    schedule: Schedule = Schedule()
    maintenance: Maintenance = Maintenance()

    @field_validator("retrievers")
    @classmethod
    def _known_retrievers(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name, config in value.items():
            _validate_model(name, retrievers.config_class, config)
        if "recent_popularity" not in value:
            raise ValueError(
                "recent_popularity is the baseline every model is compared with; add `recent_popularity: {}`"
            )
        return value

    @field_validator("rankers")
    @classmethod
    def _known_rankers(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name, config in value.items():
            _validate_model(name, rankers.config_class, config)
        if len(value) != 1:
            raise ValueError("name exactly one ranker")
        return value

    @model_validator(mode="after")
    def _learns_something(self) -> Settings:
        if not any(kind.weight > 0 for kind in self.event_types.values()):
            raise ValueError("every event type has weight 0: nothing could be learned; give one a weight above 0")
        for name, protocol in self.evaluation.protocols.items():
            if unknown := set(protocol.retrievers or []) - set(self.retrievers):
                raise ValueError(f"evaluation.protocols.{name} names {sorted(unknown)}, which `retrievers` does not")
        self._can_be_tuned()
        self._judge_can_be_asked()
        self._profiles_can_be_written()
        if self.simulate and not self.simulate_into:
            raise ValueError("`simulate` needs `simulate_into`, the folder to write the shop to")
        return self

    def _can_be_tuned(self) -> None:
        if unknown := sorted(set(self.tuning) - set(self.retrievers)):
            raise ValueError(f"tuning names {unknown}, which `retrievers` does not")
        for name, ranges in self.tuning.items():
            space_of(name, ranges)

    def _judge_can_be_asked(self) -> None:
        judge, backend = self.evaluation.judge, self.generator.backend
        if judge is None:
            return
        if backend == "extractive":
            raise ValueError("evaluation.judge needs a language model: set generator.backend")
        if "likelihood" in judge.ways and backend != "transformers":
            raise ValueError("evaluation.judge.ways: likelihood needs generator.backend transformers")
        if unknown := sorted(set(judge.against) - set(self.retrievers)):
            raise ValueError(f"evaluation.judge.against names {unknown}, which `retrievers` does not")

    def _profiles_can_be_written(self) -> None:
        if not self.profiles.asks_a_model:
            return
        if self.generator.backend == "extractive":
            raise ValueError("profiles.backend or user_backend generator needs a language model: set generator.backend")
        if self.profiles.budget.money is not None and self.generator.price_per_million_tokens_in is None:
            raise ValueError(
                "profiles.budget.money needs prices: set generator.price_per_million_tokens_in and "
                "generator.price_per_million_tokens_out"
            )


def _validate_model(name: str, config_class: Any, config: dict[str, Any]) -> BaseModel:
    """A model's own settings, by its own class; problems are told with the model's name as part of the key."""
    try:
        return config_class(name).model_validate(config)
    except UserError as error:
        raise ValueError(f"{error.found}. {error.mend}") from None
    except ValidationError as error:
        raise NestedProblem(name, error) from None


class Project:
    """A validated `sluice.yaml` and the paths that follow from it; relative paths start at the file's folder."""

    def __init__(self, path: Path, settings: Settings):
        self.path, self.settings = path, settings
        self.base = path.parent
        self.output = (self.base / settings.output).resolve()

    @cached_property
    def simulation_folder(self) -> Path | None:
        """Where the simulated shop lies; `None` for a real one."""
        into = self.settings.simulate_into
        return (self.base / into).resolve() if into else None

    @property
    def catalog_path(self) -> Path:
        """DuckLake's catalogue where it is a SQLite file."""
        return self.output / "warehouse" / "catalog.sqlite"

    @property
    def catalogue(self) -> Catalogue:
        """DuckLake's catalogue; on a server the project's name tells it from those of others."""
        place = self.settings.warehouse.catalog
        if place is None:
            return SqliteCatalogue(self.catalog_path)
        return PostgresCatalogue(connection_of(place), f"sluice_{self.settings.name}")

    @property
    def data_path(self) -> Path:
        """DuckLake's Parquet files."""
        return self.output / "warehouse" / "data"

    @property
    def dagster_home(self) -> Path:
        """Dagster's run storage and `dagster.yaml`."""
        return self.output / "dagster"

    def digest(self, sections: list[str]) -> str:
        """SHA-256 of some sections of the settings, in a fixed order."""
        dumped = self.settings.model_dump(mode="json", include=set(sections))
        return hashlib.sha256(json.dumps(dumped, sort_keys=True).encode()).hexdigest()


def load_project(path: str | Path | None = None) -> Project:
    """Read and validate a config.

    Args:
        path: The file; `None` takes `$SLUICE_CONFIG`, then `./sluice.yaml`.

    Raises:
        UserError: The file is missing, is not YAML, or has a wrong, missing or unknown key.
    """
    file = Path(path or os.environ.get(CONFIG_VARIABLE) or "sluice.yaml").resolve()
    raw = read_yaml(file)
    try:
        return Project(file, Settings.model_validate(raw))
    except ValidationError as error:
        raise as_user_error(error, file) from error
