{# Pieces of a purchase: no quantity means one, less than none counts as none. #}
{% macro bought_pieces() -%}
    greatest(coalesce({{ exact("quantity") }}, 1), 0)
{%- endmacro %}

{# Pieces of a return: no quantity means one; logs write them with or without a minus. #}
{% macro returned_pieces() -%}
    abs(coalesce({{ exact("quantity") }}, 1))
{%- endmacro %}

{# The returns that count, with `pieces`: set aside for no other reason, and not of something that is no item. #}
{% macro returned_events() -%}
    select
        event_id,
        event_at,
        event_day,
        user_id,
        item_id,
        event_type,
        abs(price) as price,
        {{ returned_pieces() }} as pieces
    from {{ ref("filtered_events") }}
    where filter_reason = 'return' and not coalesce({{ is_pseudo_item() }}, false)
{%- endmacro %}
