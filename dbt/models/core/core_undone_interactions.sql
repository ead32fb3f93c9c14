{{ config(materialized="table") }}

with undone as (
    select
        user_id,
        item_id,
        purchase_event_day as event_day,
        purchase_event_id as event_id,
        event_day as undone_on
    from {{ ref("core_returns") }}
    where purchase_quantity_left = 0 and {{ "true" if var("net_returns") else "false" }}
),

changes as (
    select distinct
        user_id,
        item_id,
        event_day,
        undone_on
    from undone
),

interactions as (
    select events.*
    from ({{ weighted_events(ref("core_events")) }}) as events
    semi join changes
        on
            events.user_id = changes.user_id
            and events.item_id = changes.item_id
            and events.event_day = changes.event_day
    where events.is_interaction
),

remaining as (
    select
        interactions.*,
        changes.undone_on
    from changes
    inner join interactions
        on
            changes.user_id = interactions.user_id
            and changes.item_id = interactions.item_id
            and changes.event_day = interactions.event_day
    left join undone on interactions.event_day = undone.event_day and interactions.event_id = undone.event_id
    where undone.undone_on is null or undone.undone_on > changes.undone_on
),

strongest as (
    {{ strongest_interactions("remaining", ["user_id", "item_id", "event_day", "undone_on"]) }}
)

select
    changes.user_id,
    changes.item_id,
    changes.event_day,
    changes.undone_on,
    strongest.event_id,
    strongest.event_at,
    strongest.event_type,
    strongest.weight,
    strongest.value,
    strongest.quantity,
    strongest.price
from changes
left join strongest
    on
        changes.user_id = strongest.user_id
        and changes.item_id = strongest.item_id
        and changes.event_day = strongest.event_day
        and changes.undone_on = strongest.undone_on
