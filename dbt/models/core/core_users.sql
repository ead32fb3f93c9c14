{{ config(materialized="table") }}

select
    user_id,
    min(event_day) as first_seen_on,
    max(event_day) as last_seen_on,
    count(*) as n_events,
    count(*) filter (where is_interaction) as n_interactions,
    first(country order by event_at, event_id) filter (where country is not null) as country
from ({{ weighted_events(ref("core_events")) }}) as events
group by user_id
