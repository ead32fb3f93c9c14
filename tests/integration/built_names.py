"""What a build of the tiny shop leaves behind, by name."""

import datetime as dt

TABLES = {
    *("raw_events", "rejected_events", "source_files", "raw_items", "rejected_items"),
    *("stg_events", "stg_items", "core_events", "filtered_events", "core_sessions", "core_items", "core_users"),
    *("core_interactions", "core_impressions", "core_returns", "core_undone_interactions"),
    *("feat_user_category_daily", "feat_user_hour_daily"),
    *("core_item_days", "core_item_versions", "core_user_days", "core_user_versions"),
    *("feat_user_daily", "feat_item_daily", "event_funnel"),
    *("item_profiles", "user_profiles", "profile_calls", "profile_quality"),
    *("item_text_embeddings", "item_embeddings", "user_embeddings", "text_vectors"),
    *("candidates", "recommendations", "metrics", "policy_values", "releases", "artifacts", "fingerprints"),
    *("comparisons", "slice_findings"),
    *("quality_history", "source_schemas", "event_profile_daily"),
}
NO_ASSETS = {"text_vectors", "artifacts", "fingerprints", "releases", "quality_history", "source_schemas"}
NO_ASSETS |= {"event_profile_daily"}
WITHOUT_ROWS = {"event_corrections", "stg_catalogue_days"}
GROUPS = {"events", "tables", "profiles", "embeddings", "indexes", "ranking", "evaluation", "releases", "maintenance"}
RETRIEVERS = {"popularity", "recent_popularity", "ease", "sasrec"}
ARTIFACTS = RETRIEVERS | {"interaction_sequences", "sasrec_index", "ranking_dataset", "lambdarank", "evaluation_report"}
EMPTY = ["2025-09-08", "2025-09-10"]
LAST = dt.date(2025, 9, 20)
