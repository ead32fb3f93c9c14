{{ config(materialized="table") }}

{#
    Not incremental: a purchase that comes late may change what any later return undoes. It costs a scan of four
    columns of core_events (none where nothing was ever returned), and after it only pairs with returns are left.
#}
with returned as (
    {{ returned_events() }}
),

purchased as (
    select
        events.event_id,
        events.event_at,
        events.event_day,
        events.user_id,
        events.item_id,
        abs(events.price) as price,
        {{ bought_pieces() }} as pieces
    from {{ ref("core_events") }} as events
    semi join returned on events.user_id = returned.user_id and events.item_id = returned.item_id
    where {{ is_one_of("events.event_type", var("purchase_event_types")) }}
),

acts as (
    select
        *,
        true as is_return
    from returned
    union all by name
    select
        *,
        false as is_return
    from purchased
),

balances as (
    select
        *,
        row_number() over so_far as place,
        sum(case when is_return then -pieces else pieces end) over so_far as balance
    from acts
    window so_far as (partition by user_id, item_id order by event_at, is_return, event_id)
),

-- Pieces the user has, if returns of what was never bought take nothing: the balance above its lowest so far.
stocks as (
    select
        *,
        balance - least(min(balance) over so_far, 0) as held
    from balances
    window so_far as (partition by user_id, item_id order by place)
),

-- Pieces lie in a pile: a purchase puts the levels from `held_before` to `held` on it, a return takes those away.
steps as (
    select
        *,
        coalesce(lag(held) over (partition by user_id, item_id order by place), 0) as held_before
    from stocks
),

levels as (
    select
        purchases.event_id as purchase_event_id,
        purchases.event_at as purchase_event_at,
        purchases.event_day as purchase_event_day,
        purchases.price as purchase_price,
        purchases.held_before as bottom,
        undoing.user_id,
        undoing.item_id,
        undoing.place,
        coalesce(min(undoing.held) over earlier, purchases.held) as top_before,
        greatest(undoing.held, purchases.held_before) as top_after
    from steps as purchases
    inner join steps as undoing
        on
            purchases.user_id = undoing.user_id
            and purchases.item_id = undoing.item_id
            and purchases.place < undoing.place
            and purchases.held > undoing.held
            and purchases.held_before < undoing.held_before
    where undoing.is_return and not purchases.is_return
    window earlier as (
        partition by purchases.user_id, purchases.item_id, purchases.place
        order by undoing.place
        rows between unbounded preceding and 1 preceding
    )
),

outcomes as (
    select
        undoing.event_id,
        undoing.event_at,
        undoing.event_day,
        undoing.user_id,
        undoing.item_id,
        undoing.event_type,
        levels.purchase_event_id,
        levels.purchase_event_at,
        levels.purchase_event_day,
        levels.top_before - levels.top_after as quantity_matched,
        0 as quantity_unmatched,
        levels.top_after - levels.bottom as purchase_quantity_left,
        coalesce(undoing.price, levels.purchase_price) as price
    from steps as undoing
    inner join levels
        on undoing.user_id = levels.user_id and undoing.item_id = levels.item_id and undoing.place = levels.place
    where levels.top_before > levels.top_after
    union all
    select
        event_id,
        event_at,
        event_day,
        user_id,
        item_id,
        event_type,
        null as purchase_event_id,
        null as purchase_event_at,
        null as purchase_event_day,
        0 as quantity_matched,
        pieces - (held_before - held) as quantity_unmatched,
        null as purchase_quantity_left,
        price
    from steps
    where is_return and (pieces = 0 or pieces > held_before - held)
)

select
    event_id,
    event_at,
    event_day,
    user_id,
    item_id,
    event_type,
    purchase_event_id,
    purchase_event_at,
    purchase_event_day,
    cast(quantity_matched as double) as quantity_matched,
    cast(quantity_unmatched as double) as quantity_unmatched,
    cast(purchase_quantity_left as double) as purchase_quantity_left,
    price,
    cast(quantity_matched + quantity_unmatched as double) * price as amount
from outcomes
