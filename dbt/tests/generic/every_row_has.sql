{#
    Every condition is true in every row (NULL is not true). One scan for all of them; a failure names the broken
    conditions and counts their rows. `day_column`: look only at the window's days.
#}
{% test every_row_has(model, conditions, day_column=none) %}

with broken as (
    select
        unnest([
            {% for condition in conditions -%}
            case when not coalesce({{ condition }}, false) then {{ sql_text(condition) }} end
            {%- if not loop.last %},{% endif %}
            {% endfor %}
        ]) as condition
    from {{ model }}
    where {{ in_window(day_column) if day_column else "true" }} and not (
        {% for condition in conditions -%}
        coalesce({{ condition }}, false){% if not loop.last %} and{% endif %}
        {% endfor %}
    )
)

select
    condition,
    count(*) as n_rows
from broken
where condition is not null
group by condition

{% endtest %}
