{{ config(materialized="incremental", incremental_strategy="replace_days") }}

with events as (
    {{ weighted_events(ref("core_events")) }}
)

select
    session_key,
    user_id,
    event_day,
    min(event_at) as started_at,
    max(event_at) as ended_at,
    count(*) as n_events,
    count(distinct item_id) filter (where is_interaction) as n_items,
    count(*) filter (where is_impression) as n_impressions,
    count(*) filter (where is_interaction) as n_interactions
from events
where {{ days_to_build() }}
group by session_key, user_id, event_day
