"""The list of all assets and checks of a project: the one place a new asset module is added to."""

from pathlib import Path

import dagster as dg

from assets.embeddings import (
    interaction_sequences,
    item_text_embeddings,
    retrievers,
    user_text_embeddings,
    vector_tables,
)
from assets.evaluation import (
    comparisons,
    evaluation_report,
    judged_models,
    judgements,
    metrics,
    policy_values,
    protocol_metrics,
    slice_findings,
)
from assets.events import checks as event_checks
from assets.events import raw_events, raw_items
from assets.graph import Graph
from assets.indexes import ann_indexes
from assets.maintenance import maintenance
from assets.profiles import item_profiles, profile_calls, profile_quality, user_profiles
from assets.quality import trailing_weeks_checks
from assets.ranking import candidates, rankers, ranking_dataset, recommendations
from assets.ranking import checks as ranking_checks
from assets.releases import release
from assets.tables import checks as table_checks
from assets.tables import dbt_models, event_funnel

GROUPS_BEFORE_LEARNING = ("events", "tables")


def all_assets(graph: Graph, manifest: Path) -> list[dg.AssetsDefinition]:
    """Every asset, from raw logs to the release, the protocols beside it, and the upkeep of what all leave.

    Args:
        graph: The project and its days.
        manifest: dbt's `manifest.json`.
    """
    before = [
        raw_events.build(graph),
        raw_items.build(graph),
        dbt_models.build(graph, manifest),
        event_funnel.build(graph),
        item_profiles.build(graph),
        user_profiles.build(graph),
        profile_calls.build(graph),
        interaction_sequences.build(graph),
        item_text_embeddings.build(graph),
        *user_text_embeddings.build(graph),
        profile_quality.build(graph),
        *retrievers.build(graph),
        *vector_tables.build(graph),
        *ann_indexes.build(graph),
        candidates.build(graph),
        ranking_dataset.build(graph),
        *rankers.build(graph),
        recommendations.build(graph),
        metrics.build(graph),
        comparisons.build(graph),
        slice_findings.build(graph),
        policy_values.build(graph),
        *judgements.build(graph),
        *judged_models.build(graph),
    ]
    before.append(evaluation_report.build(graph, sorted(key.to_user_string() for key in learned_keys(before))))
    learned = learned_keys(before)
    read_by_others = {key for made in before for keys in made.asset_deps.values() for key in keys}
    last, names = (sorted(key.to_user_string() for key in keys) for keys in (learned - read_by_others, learned))
    own_checks = [key for made in before for key in made.check_keys]
    other_checks = [key for check in all_checks(graph) for key in check.check_keys]
    released = release.build(graph, last, set(names), [*own_checks, *other_checks])
    return [*before, released, *protocol_metrics.build(graph), maintenance.build(graph)]


def learned_keys(made: list[dg.AssetsDefinition]) -> set[dg.AssetKey]:
    """Those of the assets that are partitioned by as-of day."""
    return {key for one in made for key, group in one.group_names_by_key.items() if group not in GROUPS_BEFORE_LEARNING}


def all_checks(graph: Graph) -> list[dg.AssetChecksDefinition]:
    """Checks that are not part of an asset's own op."""
    events, tables = event_checks.build(graph), table_checks.build(graph)
    return [*events, *trailing_weeks_checks.build(graph), *tables, *ranking_checks.build(graph)]
