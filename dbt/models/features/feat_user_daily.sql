{{ config(materialized="incremental", incremental_strategy="replace_days") }}

with events as (
    select
        user_id,
        event_day,
        count(*) as n_events,
        count(*) filter (where is_impression) as n_impressions,
        count(*) filter (where is_interaction) as n_interactions,
        {{ exact_sum("amount") }} as spend,
        count(distinct session_key) as n_sessions
    from ({{ weighted_events(ref("core_events")) }}) as weighted
    where {{ days_to_build() }}
    group by user_id, event_day
),

interactions as (
    select
        user_id,
        event_day,
        count(*) as n_items,
        {{ exact_sum("weight") }} as weight
    from {{ ref("core_interactions") }}
    where {{ days_to_build() }}
    group by user_id, event_day
)

select
    events.user_id,
    events.event_day,
    events.n_events,
    events.n_impressions,
    events.n_interactions,
    coalesce(interactions.n_items, 0) as n_items,
    coalesce(interactions.weight, 0) as weight,
    events.spend,
    events.n_sessions
from events
left join interactions on events.user_id = interactions.user_id and events.event_day = interactions.event_day
