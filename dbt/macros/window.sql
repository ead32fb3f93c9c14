{# `column` within [first - before, last + after], in days; an end that is not given is open. First and last are the
   source days that were (re)loaded, ISO dates, both inclusive: SLUICE_FROM_DAY and SLUICE_UNTIL_DAY. They are the
   environment's and read only while a query runs, not variables: those belong to what dbt has parsed, so that every
   night would parse the whole project again. #}
{% macro in_days(column, before=0, after=0) -%}
    {%- set first = env_var("SLUICE_FROM_DAY", "") if execute else "" -%}
    {%- set last = env_var("SLUICE_UNTIL_DAY", "") if execute else "" -%}
    {%- set conditions = [] -%}
    {%- if first -%}
        {%- do conditions.append(column ~ " >= date " ~ sql_text(first) ~ " - " ~ before) -%}
    {%- endif -%}
    {%- if last -%}
        {%- do conditions.append(column ~ " <= date " ~ sql_text(last) ~ " + " ~ after) -%}
    {%- endif -%}
    {{ conditions | join(" and ") if conditions else "true" }}
{%- endmacro %}

{# The event days that a load of those source days can have changed, and so many before and after them. #}
{% macro in_window(column="event_day", before=0, after=0) -%}
    {{ in_days(column, (var("late_days") | int) + before, (var("early_days") | int) + after) }}
{%- endmacro %}

{# The same in a model's query: a table that is created (or refreshed in full) takes all days, not only the window. #}
{% macro days_to_build(column="event_day", before=0, after=0) -%}
    {{ in_window(column, before, after) if is_incremental() else "true" }}
{%- endmacro %}

{# How many days the clicks of an impression can reach into. #}
{% macro click_days() -%}
    {{ return(((var("click_window_minutes") | int) + 1439) // 1440) }}
{%- endmacro %}
