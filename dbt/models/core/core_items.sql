{{ config(materialized="table") }}

with catalogue as (
    select
        *,
        count(available_from) over () > 0 as catalogue_has_dates
    from {{ ref("stg_items") }}
    where not coalesce({{ matches("item_id", var("pseudo_item_pattern")) }}, false)
),

first_days as (
    select
        item_id,
        min(event_day) as first_event_day
    from {{ ref("core_events") }}
    where item_id is not null
    group by item_id
),

-- Title and price as of the item's first day, for ever: what comes later must not change an earlier as-of day.
seen as (
    select
        events.item_id,
        any_value(first_days.first_event_day) as first_event_day,
        first(trim(events.item_title) order by events.event_at, events.event_id) filter (
            where trim(events.item_title) != ''
        ) as title,
        first(events.price order by events.event_at, events.event_id) filter (
            where events.price is not null
        ) as price
    from {{ ref("core_events") }} as events
    inner join first_days
        on events.item_id = first_days.item_id and events.event_day = first_days.first_event_day
    group by events.item_id
)

select
    coalesce(catalogue.item_id, seen.item_id) as item_id,
    case when catalogue.item_id is not null then catalogue.title else seen.title end as title,
    catalogue.description,
    catalogue.category,
    catalogue.brand,
    case when catalogue.item_id is not null then catalogue.price else seen.price end as price,
    catalogue.available_from,
    catalogue.withdrawn_at,
    coalesce(
        cast(catalogue.available_from as date),
        case when catalogue.item_id is null or catalogue.catalogue_has_dates then seen.first_event_day end,
        cast({{ sql_text(var("partition_start")) }} as date)
    ) as first_seen_on
from catalogue
full join seen on catalogue.item_id = seen.item_id
