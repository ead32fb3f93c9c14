{# Values from the configuration as SQL literals: quoted or checked, never pasted. #}

{% macro sql_text(value) -%}
    '{{ (value | string).replace("'", "''") }}'
{%- endmacro %}

{% macro sql_number(value) -%}
    {%- if value is none -%}
        cast(null as double)
    {%- elif value is number -%}
        cast({{ value }} as double)
    {%- else -%}
        {{ exceptions.raise_compiler_error("expected a number, found " ~ value) }}
    {%- endif -%}
{%- endmacro %}

{# `column in (texts)`; false for an empty list. #}
{% macro is_one_of(column, texts) -%}
    {%- if texts -%}
        {{ column }} in (
        {%- for text in texts -%}
            {{ sql_text(text) }}{% if not loop.last %}, {% endif %}
        {%- endfor -%}
        )
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{# Whether the pattern occurs in the column; an empty pattern occurs nowhere. #}
{% macro matches(column, pattern) -%}
    {%- if pattern -%}
        regexp_matches({{ column }}, {{ sql_text(pattern) }})
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
