{{ config(materialized="table") }}

with known as (
    select
        user_id,
        event_day as valid_from,
        last_value(country ignore nulls) over (
            partition by user_id order by event_day rows between unbounded preceding and current row
        ) as country
    from {{ ref("core_user_days") }}
),

changes as (
    select *
    from known
    window by_day as (partition by user_id order by valid_from)
    qualify lag(valid_from) over by_day is null or country is distinct from lag(country) over by_day
)

select
    user_id,
    valid_from,
    lead(valid_from) over by_day as valid_to,
    lead(valid_from) over by_day is null as is_current,
    country
from changes
window by_day as (partition by user_id order by valid_from)
