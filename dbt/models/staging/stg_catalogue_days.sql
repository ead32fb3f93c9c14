{{ config(materialized="table") }}

with broken_files as (
    select distinct source_file
    from {{ source("lake", "rejected_items") }}
    where reason in ('truncated_file', 'corrupt_file')
),

days as (
    select
        items.source_day,
        count(*) as n_records,
        count(broken_files.source_file) = 0 as is_whole
    from {{ source("lake", "raw_items") }} as items
    left join broken_files on items.source_file = broken_files.source_file
    where items.source_day is not null
    group by items.source_day
)

select
    source_day,
    n_records,
    is_whole,
    min(source_day) filter (where is_whole) over (
        order by source_day rows between 1 following and unbounded following
    ) as next_whole_day
from days
