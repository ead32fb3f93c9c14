{# The configured event types as rows (event_type, weight, min_value). #}
{% macro event_weights() -%}
    select *
    from (
        values
        {% for event_type, signal in var("event_weights").items() -%}
            ({{ sql_text(event_type) }}, {{ sql_number(signal["weight"]) }}, {{ sql_number(signal.get("min_value")) }})
            {%- if not loop.last %},{% endif %}
        {% endfor -%}
    ) as known_types (event_type, weight, min_value)
{%- endmacro %}

{#
    Events with `weight` and `is_interaction`: the type has a weight above 0, the item is known, and the event's value
    reaches the type's least value where there is one.
#}
{% macro weighted_events(events) -%}
    select
        events.*,
        weights.weight,
        coalesce(
            weights.weight > 0
            and events.item_id is not null
            and (weights.min_value is null or events.value >= weights.min_value),
            false
        ) as is_interaction,
        {{ is_one_of("events.event_type", var("impression_event_types")) }} as is_impression,
        case
            when {{ is_one_of("events.event_type", var("purchase_event_types")) }}
                then events.price * coalesce(events.quantity, 1)
        end as amount
    from {{ events }} as events
    inner join ({{ event_weights() }}) as weights on events.event_type = weights.event_type
{%- endmacro %}
