{#
    Why an event is set aside. One macro per rule, each a boolean over a row of raw_events with more columns: `is_copy`,
    that it is not the first of the same id and day; `alike`, id and time of the event before it that day with the same
    user, item and type; of a busy user's day, without copies, `n_user_events`, `n_user_items`, `is_regular`; and what
    follows from them, `bot_rule`. NULL counts as "does not apply".
#}

{% macro is_duplicate() -%}
    is_copy
{%- endmacro %}

{% macro is_missing_user() -%}
    coalesce(trim(user_id), '') = ''
{%- endmacro %}

{% macro is_test_account() -%}
    {{ matches("user_id", var("test_user_pattern")) }}
{%- endmacro %}

{# The rule that shows a user of that day (or the sender of the event) to be a machine; null: none does. #}
{% macro bot_rule() -%}
    case
        when {{ matches("user_agent", var("bot_user_agent_pattern")) }} then 'user_agent'
        when n_user_events > {{ var("max_user_events_per_day") | int }} then 'rate'
        when {{ "n_user_items > %d" % var("max_user_items_per_day") if var("max_user_items_per_day") else "false" }} then 'breadth'
        when is_regular then 'regularity'
    end
{%- endmacro %}

{# Of a group of a user's day: whether `bot_rule` may find a machine there. #}
{% macro may_be_bot() -%}
    count(*) > {{ var("max_user_events_per_day") | int }}
    {%- if var("max_user_items_per_day") %} or count(distinct item_id) > {{ var("max_user_items_per_day") | int }}{% endif %}
    {%- if var("regular_pause_variation") %} or count(*) >= {{ var("regular_min_events") | int }}{% endif %}
{%- endmacro %}

{% macro is_bot() -%}
    bot_rule is not null
{%- endmacro %}

{% macro is_near_duplicate() -%}
    {%- if var("near_duplicate_seconds") -%}
        event_at - alike['event_at'] <= to_microseconds({{ (var("near_duplicate_seconds") * 1000000) | int }})
    {%- else -%}
        false
    {%- endif -%}
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
        when {{ is_near_duplicate() }} then 'near_duplicate'
        when {{ is_return() }} then 'return'
        when {{ is_unknown_event_type() }} then 'unknown_event_type'
        when {{ is_pseudo_item() }} then 'pseudo_item'
        when {{ is_non_positive_price() }} then 'non_positive_price'
    end
{%- endmacro %}

{# What more there is to say of `filter_reason`: the rule that found the bot, the event that a near duplicate repeats. #}
{% macro filter_detail() -%}
    case filter_reason
        when 'bot' then bot_rule
        when 'near_duplicate' then alike['event_id']
    end
{%- endmacro %}

{# Of events that are no copies: the one before it that day with the same user, item and type. #}
{% macro previous_alike() -%}
    {%- if var("near_duplicate_seconds") -%}
        case when not is_copy and user_id is not null and item_id is not null then
            lag({'event_id': event_id, 'event_at': event_at}) over (
                partition by event_day, user_id, item_id, event_type, is_copy order by event_at, event_id
            )
        end
    {%- else -%}
        cast(null as struct(event_id varchar, event_at timestamp))
    {%- endif -%}
{%- endmacro %}

{# Microseconds since the same user's event before it that day. #}
{% macro pause_before(events) -%}
    epoch_us({{ events }}.event_at) - epoch_us(lag({{ events }}.event_at) over (
        partition by {{ events }}.event_day, {{ events }}.user_id order by {{ events }}.event_at, {{ events }}.event_id
    ))
{%- endmacro %}

{#
    Whether the pauses of a group are nearly equal: their standard deviation is at most `regular_pause_variation` times
    their mean, `n * sum(x^2) <= (1 + v^2) * sum(x)^2`. Sums of whole numbers, so that the order of adding cannot matter.
#}
{% macro has_regular_pauses(column) -%}
    {%- if var("regular_pause_variation") -%}
        count({{ column }}) + 1 >= {{ var("regular_min_events") | int }}
        and sum({{ column }}) > 0
        and cast(count({{ column }}) * sum(cast({{ column }} as hugeint) * {{ column }}) as double)
        <= {{ 1 + var("regular_pause_variation") ** 2 }} * cast(sum(cast({{ column }} as hugeint)) as double) ^ 2
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
