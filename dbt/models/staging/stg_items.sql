{{ config(materialized="table") }}

select
    item_id,
    nullif(trim(title), '') as title,
    nullif(trim(description), '') as description,
    nullif(trim(category), '') as category,
    nullif(trim(brand), '') as brand,
    price,
    stock,
    available_from,
    withdrawn_at,
    source_file,
    source_line,
    source_day
from {{ source("lake", "raw_items") }}
qualify row_number() over (partition by item_id, source_day order by source_file desc, source_line desc) = 1
