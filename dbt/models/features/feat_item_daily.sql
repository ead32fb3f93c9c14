{{ config(materialized="incremental", incremental_strategy="replace_days") }}

with events as (
    select
        item_id,
        event_day,
        count(*) as n_events,
        count(*) filter (where is_impression) as n_impressions,
        count(*) filter (where is_interaction) as n_interactions,
        {{ exact_sum("amount") }} as revenue,
        {{ exact_mean("price") }} as mean_price
    from ({{ weighted_events(ref("core_events")) }}) as weighted
    where item_id is not null and {{ days_to_build() }}
    group by item_id, event_day
),

interactions as (
    select
        item_id,
        event_day,
        count(*) as n_users,
        {{ exact_sum("weight") }} as weight
    from {{ ref("core_interactions") }}
    where {{ days_to_build() }}
    group by item_id, event_day
)

select
    events.item_id,
    events.event_day,
    events.n_events,
    events.n_impressions,
    events.n_interactions,
    coalesce(interactions.n_users, 0) as n_users,
    coalesce(interactions.weight, 0) as weight,
    events.revenue,
    events.mean_price
from events
left join interactions on events.item_id = interactions.item_id and events.event_day = interactions.event_day
