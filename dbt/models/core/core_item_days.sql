{{ config(materialized="incremental", incremental_strategy="replace_days") }}

with events as (
    select
        item_id,
        event_day,
        event_at,
        event_id,
        price,
        nullif(trim(item_title), '') as title
    from {{ ref("core_events") }}
    where item_id is not null and {{ days_to_build() }}
),

prices as (
    select
        item_id,
        event_day,
        price,
        count(*) as n_events,
        max(event_at) as last_at
    from events
    where price is not null
    group by item_id, event_day, price
),

usual_prices as (
    select
        item_id,
        event_day,
        first(price order by n_events desc, last_at desc, price desc) as price
    from prices
    group by item_id, event_day
),

titles as (
    select
        item_id,
        event_day,
        first(title order by event_at, event_id) filter (where title is not null) as title
    from events
    group by item_id, event_day
)

select
    titles.item_id,
    titles.event_day,
    titles.title,
    usual_prices.price
from titles
left join usual_prices on titles.item_id = usual_prices.item_id and titles.event_day = usual_prices.event_day
