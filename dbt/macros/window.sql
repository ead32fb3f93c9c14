{# `column` within [from_day - before, until_day + after], in days; an end that is not given is open. #}
{% macro in_days(column, before=0, after=0) -%}
    {%- set conditions = [] -%}
    {%- if var("from_day") -%}
        {%- do conditions.append(column ~ " >= date " ~ sql_text(var("from_day")) ~ " - " ~ before) -%}
    {%- endif -%}
    {%- if var("until_day") -%}
        {%- do conditions.append(column ~ " <= date " ~ sql_text(var("until_day")) ~ " + " ~ after) -%}
    {%- endif -%}
    {{ conditions | join(" and ") if conditions else "true" }}
{%- endmacro %}

{# The event days that a load of the source days `from_day` .. `until_day` can have changed. #}
{% macro in_window(column="event_day") -%}
    {{ in_days(column, var("late_days") | int, var("early_days") | int) }}
{%- endmacro %}

{# The same in a model's query: a table that is created (or refreshed in full) takes all days, not only the window. #}
{% macro days_to_build(column="event_day") -%}
    {{ in_window(column) if is_incremental() else "true" }}
{%- endmacro %}
