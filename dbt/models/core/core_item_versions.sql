{{ config(materialized="table") }}

{#
    Every day on which something about an item may change is a moment with the item's facts from then on; moments that
    change nothing are dropped, and each of the others lasts until the next.
#}
{%- set facts = [
    "title", "description", "category", "brand", "price", "stock", "available_from", "withdrawn_at", "is_available",
] %}

with first_days as (
    select
        item_id,
        min(event_day) as first_event_day
    from {{ ref("core_item_days") }}
    group by item_id
),

catalogue as (
    select
        *,
        count(available_from) over () > 0 as catalogue_has_dates
    from {{ ref("stg_items") }}
    where not coalesce({{ matches("item_id", var("pseudo_item_pattern")) }}, false)
),

-- An item is listed until it is listed again, or until a later day's whole catalogue lacks it.
listed as (
    select
        catalogue.*,
        cast(catalogue.available_from as date) as opens_on,
        cast(catalogue.withdrawn_at as date) as closes_on,
        coalesce(
            catalogue.source_day,
            cast(catalogue.available_from as date),
            case when catalogue.catalogue_has_dates then first_days.first_event_day end,
            cast({{ sql_text(var("partition_start")) }} as date)
        ) as begins_on,
        catalogue_days.next_whole_day,
        lead(catalogue.source_day) over (
            partition by catalogue.item_id order by catalogue.source_day
        ) as listed_again_on
    from catalogue
    left join {{ ref("stg_catalogue_days") }} as catalogue_days on catalogue.source_day = catalogue_days.source_day
    left join first_days on catalogue.item_id = first_days.item_id
),

bounded as (
    select
        *,
        case when next_whole_day < coalesce(listed_again_on, date 'infinity') then next_whole_day end as absent_on,
        least(
            coalesce(next_whole_day, date 'infinity'), coalesce(listed_again_on, date 'infinity')
        ) as ends_on
    from listed
),

listed_moments as (
    select
        *,
        unnest(list_distinct([
            begins_on,
            case when opens_on > begins_on and opens_on < ends_on then opens_on end,
            case when closes_on > begins_on and closes_on < ends_on then closes_on end
        ])) as valid_from
    from bounded
),

first_listed as (
    select
        item_id,
        min(coalesce(source_day, date '-infinity')) as first_listed_on
    from catalogue
    group by item_id
),

-- What the events say counts until the catalogue knows the item: its first title, the usual price of the newest day.
seen as (
    select item_days.*
    from {{ ref("core_item_days") }} as item_days
    left join first_listed on item_days.item_id = first_listed.item_id
    where first_listed.first_listed_on is null or item_days.event_day < first_listed.first_listed_on
),

seen_items as (
    select
        item_id,
        min(event_day) as first_day,
        min(event_day) filter (where title is not null) as titled_on,
        arg_min(title, event_day) filter (where title is not null) as title
    from seen
    group by item_id
),

-- Most days change no price, so the days that do are found in three columns before anything else is put beside them.
price_changes as (
    select
        item_id,
        event_day,
        price
    from seen
    where price is not null
    qualify price is distinct from lag(price) over (partition by item_id order by event_day)
),

seen_days as (
    select
        item_id,
        valid_from,
        max(price) as price
    from (
        select
            item_id,
            event_day as valid_from,
            price
        from price_changes
        union all
        select
            item_id,
            unnest([first_day, titled_on]) as valid_from,
            null as price
        from seen_items
    ) as known_days
    where valid_from is not null
    group by item_id, valid_from
),

seen_moments as (
    select
        seen_days.item_id,
        seen_days.valid_from,
        case when seen_items.titled_on <= seen_days.valid_from then seen_items.title end as title,
        last_value(seen_days.price ignore nulls) over by_day as price
    from seen_days
    inner join seen_items on seen_days.item_id = seen_items.item_id
    window by_day as (
        partition by seen_days.item_id order by seen_days.valid_from
        rows between unbounded preceding and current row
    )
),

moments as (
    select
        item_id,
        valid_from,
        title,
        description,
        category,
        brand,
        price,
        stock,
        available_from,
        case when closes_on <= valid_from then withdrawn_at end as withdrawn_at,
        coalesce(opens_on <= valid_from, true)
        and coalesce(closes_on > valid_from, true)
        and coalesce(stock > 0, true) as is_available,
        coalesce(opens_on <= valid_from, true) as is_known,
        'catalogue' as origin,
        source_file,
        source_line
    from listed_moments
    union all by name
    select
        item_id,
        absent_on as valid_from,
        title,
        description,
        category,
        brand,
        price,
        stock,
        available_from,
        cast(absent_on as timestamp) as withdrawn_at,
        false as is_available,
        true as is_known,
        'absence' as origin
    from bounded
    where absent_on is not null
    union all by name
    select
        item_id,
        valid_from,
        title,
        price,
        true as is_available,
        true as is_known,
        'events' as origin
    from seen_moments
),

known_moments as (
    select * from moments
    qualify bool_or(is_known) over (
        partition by item_id order by valid_from rows between unbounded preceding and current row
    )
),

item_versions as (
    {{ versions("known_moments", "item_id", facts, ["origin", "source_file", "source_line"]) }}
)

select * from item_versions
