{# Every value of the column that is not null is in `field` of `to`. `day_column`: look only at the window's days.
   `condition`: look only at the rows in which it is true. #}
{% test refers_to(model, column, to, field, day_column=none, condition=none) %}

select
    child.{{ column }},
    count(*) as n_rows
from {{ model }} as child
anti join {{ to }} as parent on child.{{ column }} = parent.{{ field }}
where
    child.{{ column }} is not null
    and {{ in_window("child." ~ day_column) if day_column else "true" }}
    and {{ condition or "true" }}
group by child.{{ column }}

{% endtest %}
