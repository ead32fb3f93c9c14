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

preceded as (
    select
        *,
        {{ previous_alike() }} as alike,
        {{ pause_before() }} as pause
    from numbered
),

user_days as (
    select
        event_day,
        user_id,
        count(*) as n_user_events,
        {{ "count(distinct item_id)" if var("max_user_items_per_day") else "null" }} as n_user_items,
        coalesce({{ has_regular_pauses("pause") }}, false) as is_regular
    from preceded
    where copy_number = 1
    group by event_day, user_id
),

judged as (
    select
        preceded.*,
        user_days.n_user_events,
        user_days.n_user_items,
        user_days.is_regular,
        {{ bot_rule() }} as bot_rule
    from preceded
    left join user_days
        on preceded.event_day = user_days.event_day and preceded.user_id = user_days.user_id
),

reasoned as (
    select
        *,
        {{ filter_reason() }} as filter_reason
    from judged
)

select
    {{ event_columns() }},
    filter_reason,
    {{ filter_detail() }} as filter_detail
from reasoned
