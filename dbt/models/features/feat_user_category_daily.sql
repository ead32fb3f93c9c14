{{ config(materialized="incremental", incremental_strategy="replace_days") }}

select
    interactions.user_id,
    versions.category,
    interactions.event_day,
    count(*) as n_items,
    {{ exact_sum("interactions.weight") }} as weight
from {{ ref("core_interactions") }} as interactions
inner join {{ ref("core_item_versions") }} as versions
    on
        interactions.item_id = versions.item_id
        and interactions.event_day >= versions.valid_from
        and interactions.event_day < coalesce(versions.valid_to, date 'infinity')
where versions.category is not null and {{ days_to_build("interactions.event_day") }}
group by interactions.user_id, versions.category, interactions.event_day
