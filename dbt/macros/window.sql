{# `column` from `first` to `last`, ISO dates, both inclusive; an end that is empty is open. #}
{% macro between_days(column, first, last, before=0, after=0) -%}
    {%- set conditions = [] -%}
    {%- if first -%}
        {%- do conditions.append(column ~ " >= date " ~ sql_text(first) ~ " - " ~ before) -%}
    {%- endif -%}
    {%- if last -%}
        {%- do conditions.append(column ~ " <= date " ~ sql_text(last) ~ " + " ~ after) -%}
    {%- endif -%}
    {{ conditions | join(" and ") if conditions else "true" }}
{%- endmacro %}

{# `column` within the source days that were (re)loaded: SLUICE_FROM_DAY to SLUICE_UNTIL_DAY. These and the event days
   are the environment's and read only while a query runs, not variables: those belong to what dbt has parsed, so that
   every night would parse the whole project again. #}
{% macro in_loaded_days(column="source_day") -%}
    {{ between_days(
        column,
        env_var("SLUICE_FROM_DAY", "") if execute else "",
        env_var("SLUICE_UNTIL_DAY", "") if execute else "",
    ) }}
{%- endmacro %}

{# `column` within the event days that such a load changed, and so many before and after each: SLUICE_EVENT_DAYS, sorted
   ranges `2026-01-01..2026-01-04,2026-01-09..2026-01-09`; none given: all. The whole span comes first, so that files
   outside it are not opened. #}
{% macro in_window(column="event_day", before=0, after=0) -%}
    {%- set given = env_var("SLUICE_EVENT_DAYS", "") if execute else "" -%}
    {%- set ranges = [] -%}
    {%- for range in given.split(",") if given -%}
        {%- do ranges.append(range.split("..")) -%}
    {%- endfor -%}
    {{ between_days(column, ranges[0][0], ranges[-1][1], before, after) if ranges else "true" }}
    {%- if ranges | length > 1 %} and (
        {%- for range in ranges -%}
            {{ " or " if not loop.first }}({{ between_days(column, range[0], range[1], before, after) }})
        {%- endfor -%}
    )
    {%- endif -%}
{%- endmacro %}

{# The same in a model's query: a table that is created (or refreshed in full) takes all days, not only the window. #}
{% macro days_to_build(column="event_day", before=0, after=0) -%}
    {{ in_window(column, before, after) if is_incremental() else "true" }}
{%- endmacro %}

{# How many days the clicks of an impression can reach into. #}
{% macro click_days() -%}
    {{ return(((var("click_window_minutes") | int) + 1439) // 1440) }}
{%- endmacro %}
