{{ config(meta={"dagster": {"ref": {"name": "feat_user_daily"}}}) }}

{#
    The funnel adds up over the window: every raw event is staged, once; what is kept is what core_events has, what
    is not is what filtered_events has; sessions and features count each kept event once, core_returns and features each
    return, core_impressions each impression. And every event of the loaded source days lies in the window, so that none
    of them waits outside it for a day that is not rebuilt.
#}
with raw_events as (
    select
        count(*) filter (where {{ in_window() }}) as n_raw,
        count(*) filter (where not ({{ in_window() }})) as n_outside_window
    from {{ source("lake", "raw_events") }}
    where ({{ in_window() }}) or ({{ in_loaded_days() }})
),

stg_events as (
    select
        count(*) filter (where filter_reason is null) as n_kept,
        count(*) filter (where filter_reason is not null) as n_set_aside
    from {{ ref("stg_events") }}
    where {{ in_window() }}
),

core_events as (
    select
        count(*) as n_core,
        count(*) filter (where {{ is_one_of("event_type", var("impression_event_types")) }}) as n_shown
    from {{ ref("core_events") }}
    where {{ in_window() }}
),

filtered_events as (
    select
        count(*) as n_filtered,
        count(*) filter (where filter_reason = 'return' and not coalesce({{ is_pseudo_item() }}, false)) as n_returns
    from {{ ref("filtered_events") }}
    where {{ in_window() }}
),

core_sessions as (
    select coalesce(sum(n_events), 0) as n_in_sessions
    from {{ ref("core_sessions") }}
    where {{ in_window() }}
),

feat_user_daily as (
    select
        coalesce(sum(n_events), 0) as n_in_features,
        coalesce(sum(n_returns), 0) as n_returns_in_features
    from {{ ref("feat_user_daily") }}
    where {{ in_window() }}
),

core_impressions as (
    select count(*) as n_impressions
    from {{ ref("core_impressions") }}
    where {{ in_window() }}
),

core_returns as (
    select count(*) as n_returned
    from (
        select distinct
            event_day,
            event_id
        from {{ ref("core_returns") }}
        where {{ in_window() }}
    ) as found
)

select
    raw_events.n_raw,
    raw_events.n_outside_window,
    stg_events.n_kept,
    stg_events.n_set_aside,
    core_events.n_core,
    filtered_events.n_filtered,
    core_sessions.n_in_sessions,
    feat_user_daily.n_in_features,
    core_events.n_shown,
    core_impressions.n_impressions,
    filtered_events.n_returns,
    core_returns.n_returned,
    feat_user_daily.n_returns_in_features
from raw_events
cross join stg_events
cross join core_events
cross join filtered_events
cross join core_sessions
cross join feat_user_daily
cross join core_returns
cross join core_impressions
where
    stg_events.n_kept + stg_events.n_set_aside != raw_events.n_raw
    or core_events.n_core != stg_events.n_kept
    or filtered_events.n_filtered != stg_events.n_set_aside
    or core_sessions.n_in_sessions != core_events.n_core
    or feat_user_daily.n_in_features != core_events.n_core
    or core_impressions.n_impressions != core_events.n_shown
    or core_returns.n_returned != filtered_events.n_returns
    or feat_user_daily.n_returns_in_features != filtered_events.n_returns
    or raw_events.n_outside_window > 0
