{{ config(materialized="incremental", incremental_strategy="replace_days") }}

with user_days as (
    select distinct
        user_id,
        event_day
    from {{ ref("core_sessions") }}
    where {{ days_to_build() }}
),

told as (
    select
        user_id,
        event_day,
        first(country order by event_at, event_id) as first_country,
        last(country order by event_at, event_id) as country
    from {{ ref("core_events") }}
    where country is not null and {{ days_to_build() }}
    group by user_id, event_day
)

select
    user_days.user_id,
    user_days.event_day,
    told.first_country,
    told.country
from user_days
left join told on user_days.user_id = told.user_id and user_days.event_day = told.event_day
