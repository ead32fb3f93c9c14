{{ config(materialized="incremental", incremental_strategy="replace_days") }}

with kept as (
    select * replace (nullif(session_id, '') as session_id)
    from {{ ref("stg_events") }}
    where filter_reason is null and {{ days_to_build() }}
),

paused as (
    select
        *,
        lag(event_at) over (
            partition by user_id, event_day, session_id is null order by event_at, event_id
        ) as previous_event_at
    from kept
),

numbered as (
    select
        *,
        count(*) filter (where {{ starts_session() }}) over (
            partition by user_id, event_day, session_id is null order by event_at, event_id
            rows between unbounded preceding and current row
        ) as session_number
    from paused
)

select
    {{ event_columns() }},
    {{ session_key() }} as session_key
from numbered
