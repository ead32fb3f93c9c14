{{ config(materialized="incremental", incremental_strategy="replace_days") }}

select
    user_id,
    event_day,
    last(country order by event_at, event_id) filter (where country is not null) as country
from {{ ref("core_events") }}
where {{ days_to_build() }}
group by user_id, event_day
