{{ config(materialized="incremental", incremental_strategy="replace_days") }}

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
    filter_reason,
    filter_detail
from {{ ref("stg_events") }}
where filter_reason is not null and {{ days_to_build() }}
