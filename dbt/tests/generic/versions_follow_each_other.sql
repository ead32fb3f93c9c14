{#
    The versions of every `key` tile the days from its first `valid_from` on: each ends where the next begins, the last
    has no end and is the current one, and no two in a row agree in all columns of `state`.
#}
{% test versions_follow_each_other(model, key, state) %}

with ordered as (
    select
        {{ key }},
        valid_from,
        valid_to,
        is_current,
        lead(valid_from) over by_day as next_from,
        row({{ state | join(", ") }}) is not distinct from lag(row({{ state | join(", ") }})) over by_day as is_repeated
    from {{ model }}
    window by_day as (partition by {{ key }} order by valid_from)
)

select *
from ordered
where
    valid_to is distinct from next_from
    or valid_to <= valid_from
    or is_current is distinct from (next_from is null)
    or is_repeated

{% endtest %}
