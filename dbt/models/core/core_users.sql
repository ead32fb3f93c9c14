{{ config(materialized="table") }}

with counted as (
    select
        user_id,
        min(event_day) as first_seen_on,
        max(event_day) as last_seen_on,
        cast(sum(n_events) as bigint) as n_events,
        cast(sum(n_interactions) as bigint) as n_interactions
    from {{ ref("core_sessions") }}
    group by user_id
),

told as (
    select
        user_id,
        first(first_country order by event_day) as country
    from {{ ref("core_user_days") }}
    where first_country is not null
    group by user_id
)

select
    counted.*,
    told.country
from counted
left join told on counted.user_id = told.user_id
