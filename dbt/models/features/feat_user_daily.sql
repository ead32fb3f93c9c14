{{ config(materialized="incremental", incremental_strategy="replace_days") }}

with events as (
    select
        user_id,
        event_day,
        cast(sum(n_events) as bigint) as n_events,
        cast(sum(n_impressions) as bigint) as n_impressions,
        cast(sum(n_interactions) as bigint) as n_interactions,
        {{ exact_sum("spend") }} as spend,
        count(*) as n_sessions
    from {{ ref("core_sessions") }}
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
),

returned as (
    {{ returned_per_day("user_id") }}
)

select
    coalesce(events.user_id, returned.user_id) as user_id,
    coalesce(events.event_day, returned.event_day) as event_day,
    coalesce(events.n_events, 0) as n_events,
    coalesce(events.n_impressions, 0) as n_impressions,
    coalesce(events.n_interactions, 0) as n_interactions,
    coalesce(interactions.n_items, 0) as n_items,
    coalesce(interactions.weight, 0) as weight,
    coalesce(events.spend, 0) as spend,
    coalesce(events.n_sessions, 0) as n_sessions,
    coalesce(returned.n_returns, 0) as n_returns,
    coalesce(returned.returned_quantity, 0) as returned_quantity,
    coalesce(returned.returned_amount, 0) as returned_amount
from events
left join interactions on events.user_id = interactions.user_id and events.event_day = interactions.event_day
full join returned on events.user_id = returned.user_id and events.event_day = returned.event_day
