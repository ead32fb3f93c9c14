{{ config(materialized="incremental", incremental_strategy="replace_days") }}

select
    {{ event_columns() }},
    filter_reason,
    filter_detail
from {{ ref("stg_events") }}
where filter_reason is not null and {{ days_to_build() }}
