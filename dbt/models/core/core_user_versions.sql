{{ config(materialized="table") }}

-- Only days that give a country, and each user's first one, are ordered: most days say nothing.
with told as (
    select
        user_id,
        event_day as valid_from,
        country
    from {{ ref("core_user_days") }}
    where country is not null
),

first_days as (
    select
        user_id,
        min(event_day) as valid_from
    from {{ ref("core_user_days") }}
    group by user_id
),

known as (
    select * from told
    union all by name
    select first_days.*
    from first_days
    anti join told on first_days.user_id = told.user_id and first_days.valid_from = told.valid_from
),

user_versions as (
    {{ versions("known", "user_id", ["country"]) }}
)

select * from user_versions
