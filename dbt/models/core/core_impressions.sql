{{ config(materialized="incremental", incremental_strategy="replace_days", meta={"waits_for_clicks": true}) }}

{#
    An impression's click may lie `click_days()` after it, so a loaded day reopens as many days before it. To rebuild
    them takes the clicks that may follow, and the later impressions that those may belong to.
#}
with events as (
    select
        event_id,
        event_at,
        event_day,
        user_id,
        item_id,
        session_key,
        impression_id,
        position,
        propensity,
        {{ is_one_of("event_type", var("impression_event_types")) }} as is_shown,
        {{ is_one_of("event_type", var("click_event_types")) }} as is_click
    from {{ ref("core_events") }}
    where (is_shown or is_click) and {{ days_to_build(before=click_days(), after=click_days()) }}
),

shown as (
    select * from events
    where is_shown
),

clicks as (
    select * from events
    where is_click
),

attributed as (
    select
        clicks.event_id as click_event_id,
        clicks.event_at as click_event_at,
        clicks.event_day as click_event_day,
        shown.event_id,
        shown.event_day,
        row_number() over (
            partition by clicks.event_day, clicks.event_id order by shown.event_at desc, shown.event_id desc
        ) as distance_rank
    from clicks
    inner join shown
        on
            clicks.user_id = shown.user_id
            and clicks.item_id = shown.item_id
            and clicks.event_at >= shown.event_at
            and clicks.event_at - shown.event_at <= interval ({{ var("click_window_minutes") | int }}) minute
            and coalesce(clicks.impression_id = shown.impression_id, true)
),

ranked as (
    select
        *,
        row_number() over (
            partition by event_day, event_id order by click_event_at, click_event_id
        ) as click_rank
    from attributed
    where distance_rank = 1
)

select
    shown.event_id,
    shown.event_at,
    shown.event_day,
    shown.user_id,
    shown.item_id,
    shown.session_key,
    shown.impression_id,
    shown.position,
    shown.propensity,
    ranked.click_event_id,
    ranked.click_event_at,
    ranked.click_event_day
from shown
left join ranked on shown.event_day = ranked.event_day and shown.event_id = ranked.event_id and ranked.click_rank = 1
where {{ days_to_build("shown.event_day", before=click_days()) }}
