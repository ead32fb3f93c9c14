{{ config(materialized="incremental", incremental_strategy="replace_days") }}

-- Nearly all lines are no copies and nearly no user is a machine, so both are looked for in a few columns and joined to
-- the lines: windows over whole lines took twice as long.

with raw_events as (
    select * from {{ source("lake", "raw_events") }}
    where {{ days_to_build() }}
),

repeated_ids as (
    select
        event_day,
        hash(event_id) as id_hash
    from raw_events
    group by event_day, hash(event_id)
    having count(*) > 1
),

numbered as (
    select
        raw_events.source_file,
        raw_events.source_line,
        row_number() over (
            partition by raw_events.event_day, raw_events.event_id
            order by raw_events.event_at, raw_events.source_file, raw_events.source_line
        ) as copy_number
    from raw_events
    inner join repeated_ids
        on raw_events.event_day = repeated_ids.event_day and hash(raw_events.event_id) = repeated_ids.id_hash
),

copies as (
    select
        source_file,
        source_line
    from numbered
    where copy_number > 1
),

marked as (
    select
        raw_events.*,
        copies.source_line is not null as is_copy
    from raw_events
    left join copies
        on raw_events.source_file = copies.source_file and raw_events.source_line = copies.source_line
),

preceded as (
    select
        *,
        {{ previous_alike() }} as alike
    from marked
),

-- Users with so many events a day that they may be machines.
busy_user_days as (
    select
        event_day,
        user_id,
        count(*) as n_user_events,
        {{ "count(distinct item_id)" if var("max_user_items_per_day") else "null" }} as n_user_items
    from marked
    where not is_copy
    group by event_day, user_id
    having {{ may_be_bot() }}
),

paused as (
    select
        marked.event_day,
        marked.user_id,
        {{ pause_before("marked") }} as pause
    from marked
    inner join busy_user_days
        on marked.event_day = busy_user_days.event_day and marked.user_id = busy_user_days.user_id
    where not marked.is_copy
),

regular_user_days as (
    select
        event_day,
        user_id
    from paused
    group by event_day, user_id
    having {{ has_regular_pauses("pause") }}
),

judged as (
    select
        preceded.*,
        busy_user_days.n_user_events,
        busy_user_days.n_user_items,
        regular_user_days.user_id is not null as is_regular,
        {{ bot_rule() }} as bot_rule
    from preceded
    left join busy_user_days
        on preceded.event_day = busy_user_days.event_day and preceded.user_id = busy_user_days.user_id
    left join regular_user_days
        on preceded.event_day = regular_user_days.event_day and preceded.user_id = regular_user_days.user_id
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
