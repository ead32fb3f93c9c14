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
),

returned as (
    {{ returned_per_day("item_id") }}
)

select
    coalesce(events.item_id, returned.item_id) as item_id,
    coalesce(events.event_day, returned.event_day) as event_day,
    coalesce(events.n_events, 0) as n_events,
    coalesce(events.n_impressions, 0) as n_impressions,
    coalesce(events.n_interactions, 0) as n_interactions,
    coalesce(interactions.n_users, 0) as n_users,
    coalesce(interactions.weight, 0) as weight,
    coalesce(events.revenue, 0) as revenue,
    events.mean_price,
    coalesce(returned.n_returns, 0) as n_returns,
    coalesce(returned.returned_quantity, 0) as returned_quantity,
    coalesce(returned.returned_amount, 0) as returned_amount
from events
left join interactions on events.item_id = interactions.item_id and events.event_day = interactions.event_day
full join returned on events.item_id = returned.item_id and events.event_day = returned.event_day
