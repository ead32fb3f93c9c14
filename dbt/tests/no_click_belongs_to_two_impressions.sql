{{ config(meta={"dagster": {"ref": {"name": "core_impressions"}}}) }}

select
    click_event_day,
    click_event_id,
    count(*) as n_impressions
from {{ ref("core_impressions") }}
where click_event_id is not null and {{ in_window(before=click_days()) }}
group by click_event_day, click_event_id
having count(*) > 1
