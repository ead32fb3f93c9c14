{{ config(materialized="incremental", incremental_strategy="replace_days") }}

select
    user_id,
    event_day,
    cast(hour(event_at) as integer) as hour_of_day,
    count(*) as n_events,
    count(*) filter (where is_interaction) as n_interactions
from ({{ weighted_events(ref("core_events")) }}) as weighted
where {{ days_to_build() }}
group by user_id, event_day, hour_of_day
