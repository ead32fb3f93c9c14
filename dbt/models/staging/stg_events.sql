{{ config(materialized="incremental", incremental_strategy="replace_days") }}

with raw_events as (
    select * from {{ source("lake", "raw_events") }}
    where {{ days_to_build() }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by event_day, event_id order by event_at, source_file, source_line
        ) as copy_number
    from raw_events
),

counted as (
    select
        *,
        count(*) filter (where copy_number = 1) over (partition by event_day, user_id) as n_user_events
    from numbered
)

select
    event_id,
    user_id,
    item_id,
    event_type,
    event_at,
    event_day,
    value,
    quantity,
    price,
    session_id,
    impression_id,
    position,
    propensity,
    query,
    user_agent,
    item_title,
    country,
    source_file,
    source_line,
    source_day,
    {{ filter_reason() }} as filter_reason
from counted
