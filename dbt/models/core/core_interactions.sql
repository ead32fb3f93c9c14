{{ config(materialized="incremental", incremental_strategy="replace_days") }}

with interactions as (
    select *
    from ({{ weighted_events(ref("core_events")) }}) as events
    where is_interaction and {{ days_to_build() }}
),

ranked as (
    select
        *,
        first(event_id) over by_time as first_event_id,
        first(event_at) over by_time as first_event_at,
        row_number() over (
            partition by user_id, item_id, event_day order by weight desc, event_at asc, event_id asc
        ) as strength_rank
    from interactions
    window by_time as (partition by user_id, item_id, event_day order by event_at, event_id)
)

select
    user_id,
    item_id,
    event_day,
    first_event_id as event_id,
    first_event_at as event_at,
    event_type,
    weight,
    value,
    quantity,
    price
from ranked
where strength_rank = 1
