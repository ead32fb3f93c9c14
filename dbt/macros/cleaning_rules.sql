{#
    Why an event is set aside. One macro per rule, each a boolean over a row of raw_events (with `copy_number`, its
    place among the events of the same id and day, and `n_user_events`, the distinct events of its user that day).
    NULL counts as "does not apply".
#}

{% macro is_duplicate() -%}
    copy_number > 1
{%- endmacro %}

{% macro is_missing_user() -%}
    coalesce(trim(user_id), '') = ''
{%- endmacro %}

{% macro is_test_account() -%}
    {{ matches("user_id", var("test_user_pattern")) }}
{%- endmacro %}

{% macro is_bot() -%}
    (n_user_events > {{ var("max_user_events_per_day") | int }} or {{ matches("user_agent", var("bot_user_agent_pattern")) }})
{%- endmacro %}

{% macro is_return() -%}
    {{ is_one_of("event_type", var("return_event_types")) }}
{%- endmacro %}

{% macro is_unknown_event_type() -%}
    not {{ is_one_of("event_type", var("event_weights").keys()) }}
{%- endmacro %}

{% macro is_pseudo_item() -%}
    {{ matches("item_id", var("pseudo_item_pattern")) }}
{%- endmacro %}

{% macro is_non_positive_price() -%}
    {{ "price <= 0" if var("require_positive_price") else "false" }}
{%- endmacro %}

{#
    The first rule that applies, in this order; null keeps the event. A copy is a copy whatever else it is; then come
    the reasons that lie with the user, then those that lie with the event, then those that lie with the item.
#}
{% macro filter_reason() -%}
    case
        when {{ is_duplicate() }} then 'duplicate'
        when {{ is_missing_user() }} then 'missing_user'
        when {{ is_test_account() }} then 'test_account'
        when {{ is_bot() }} then 'bot'
        when {{ is_return() }} then 'return'
        when {{ is_unknown_event_type() }} then 'unknown_event_type'
        when {{ is_pseudo_item() }} then 'pseudo_item'
        when {{ is_non_positive_price() }} then 'non_positive_price'
    end
{%- endmacro %}
