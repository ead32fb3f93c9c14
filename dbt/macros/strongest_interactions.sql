{#
    One row per combination of `keys` (which hold user, item and day): id and time of the earliest of its interactions,
    the rest from the strongest, the earlier of two that are equally strong.
#}
{% macro strongest_interactions(interactions, keys) -%}
    select
        {{ keys | join(", ") }},
        first_event_id as event_id,
        first_event_at as event_at,
        event_type,
        weight,
        value,
        quantity,
        price
    from (
        select
            *,
            first(event_id) over by_time as first_event_id,
            first(event_at) over by_time as first_event_at,
            row_number() over (
                partition by {{ keys | join(", ") }} order by weight desc, event_at asc, event_id asc
            ) as strength_rank
        from {{ interactions }}
        window by_time as (partition by {{ keys | join(", ") }} order by event_at, event_id)
    ) as ranked
    where strength_rank = 1
{%- endmacro %}
