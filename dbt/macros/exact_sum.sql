{#
    The sum and the mean of a column of doubles that do not depend on the order of the rows, unlike a sum of doubles, in
    millionths. Values that no decimal of 22 places before the point can hold count as missing.
#}
{% macro exact(column) -%}
    try_cast({{ column }} as decimal(28, 6))
{%- endmacro %}

{% macro exact_sum(column) -%}
    cast(coalesce(sum({{ exact(column) }}), 0) as double)
{%- endmacro %}

{% macro exact_mean(column) -%}
    cast(sum({{ exact(column) }}) as double) / count({{ exact(column) }})
{%- endmacro %}
