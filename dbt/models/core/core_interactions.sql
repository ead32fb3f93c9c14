{{ config(materialized="incremental", incremental_strategy="replace_days") }}

with interactions as (
    select *
    from ({{ weighted_events(ref("core_events")) }}) as events
    where is_interaction and {{ days_to_build() }}
),

strongest as (
    {{ strongest_interactions("interactions", ["user_id", "item_id", "event_day"]) }}
)

select
    user_id,
    item_id,
    event_day,
    event_id,
    event_at,
    event_type,
    weight,
    value,
    quantity,
    price
from strongest
