{# The columns of an event, which raw_events has and every table of events keeps; `from` is the relation they are of. #}
{% macro event_columns(from=none) -%}
    {%- set names = [
        "event_id",
        "user_id",
        "item_id",
        "event_type",
        "event_at",
        "event_day",
        "value",
        "quantity",
        "price",
        "session_id",
        "impression_id",
        "position",
        "propensity",
        "query",
        "user_agent",
        "item_title",
        "country",
        "currency",
        "context",
        "source_file",
        "source_line",
        "source_day",
    ] -%}
    {%- for name in names -%}
    {{ from ~ "." if from }}{{ name }}{{ ",\n    " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
