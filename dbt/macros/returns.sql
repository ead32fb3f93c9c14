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

{# What was given back of each `key` on each day to build: booked on the day of the return, from what it alone knows. #}
{% macro returned_per_day(key) -%}
    select
        {{ key }},
        event_day,
        count(*) as n_returns,
        {{ exact_sum("pieces") }} as returned_quantity,
        {{ exact_sum("pieces * price") }} as returned_amount
    from ({{ returned_events() }}) as given_back
    where {{ key }} is not null and {{ days_to_build() }}
    group by {{ key }}, event_day
{%- endmacro %}
