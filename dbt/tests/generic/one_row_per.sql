{# No two rows agree in all of `columns`. `day_column`: look only at the window's days (in which the columns lie). #}
{% test one_row_per(model, columns, day_column=none) %}

select
    {{ columns | join(", ") }},
    count(*) as n_rows
from {{ model }}
where {{ in_window(day_column) if day_column else "true" }}
group by {{ columns | join(", ") }}
having count(*) > 1

{% endtest %}
