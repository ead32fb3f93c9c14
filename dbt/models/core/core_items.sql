{{ config(materialized="table") }}

with first_days as (
    select
        item_id,
        min(valid_from) as first_seen_on
    from {{ ref("core_item_versions") }}
    group by item_id
)

select
    versions.item_id,
    versions.title,
    versions.description,
    versions.category,
    versions.brand,
    versions.price,
    versions.stock,
    versions.available_from,
    versions.withdrawn_at,
    first_days.first_seen_on
from {{ ref("core_item_versions") }} as versions
inner join first_days on versions.item_id = first_days.item_id
where versions.is_current
