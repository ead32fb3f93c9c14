{{ config(meta={"dagster": {"ref": {"name": "feat_user_daily"}}}) }}

{#
    The funnel adds up over the window: every raw event is staged, once; what is kept is what core_events has, what
    is not is what filtered_events has; sessions
    and features count each kept event once. And every event of the loaded source days lies in the window, so that none
    of them waits outside it for a day that is not rebuilt.
#}
with raw_events as (
    select
        count(*) filter (where {{ in_window() }}) as n_raw,
        count(*) filter (where not ({{ in_window() }})) as n_outside_window
    from {{ source("lake", "raw_events") }}
    where ({{ in_window() }}) or ({{ in_days("source_day") }})
),

stg_events as (
    select
        count(*) filter (where filter_reason is null) as n_kept,
        count(*) filter (where filter_reason is not null) as n_set_aside
    from {{ ref("stg_events") }}
    where {{ in_window() }}
),

core_events as (
    select count(*) as n_core
    from {{ ref("core_events") }}
    where {{ in_window() }}
),

filtered_events as (
    select count(*) as n_filtered
    from {{ ref("filtered_events") }}
    where {{ in_window() }}
),

core_sessions as (
    select coalesce(sum(n_events), 0) as n_in_sessions
    from {{ ref("core_sessions") }}
    where {{ in_window() }}
),

feat_user_daily as (
    select coalesce(sum(n_events), 0) as n_in_features
    from {{ ref("feat_user_daily") }}
    where {{ in_window() }}
)

select
    raw_events.n_raw,
    raw_events.n_outside_window,
    stg_events.n_kept,
    stg_events.n_set_aside,
    core_events.n_core,
    filtered_events.n_filtered,
    core_sessions.n_in_sessions,
    feat_user_daily.n_in_features
from raw_events
cross join stg_events
cross join core_events
cross join filtered_events
cross join core_sessions
cross join feat_user_daily
where
    stg_events.n_kept + stg_events.n_set_aside != raw_events.n_raw
    or core_events.n_core != stg_events.n_kept
    or filtered_events.n_filtered != stg_events.n_set_aside
    or core_sessions.n_in_sessions != core_events.n_core
    or feat_user_daily.n_in_features != core_events.n_core
    or raw_events.n_outside_window > 0
