{#
    Rows of `relation` as versions: each `key` at each `valid_from`, those that change none of its `facts` dropped; a
    version lasts until the next, and the last one is current. `others` are taken along from the row that began it.
#}
{% macro versions(relation, key, facts, others=[]) -%}
    with changes as (
        select
            *,
            row({{ facts | join(", ") }}) as compared
        from {{ relation }}
        window by_day as (partition by {{ key }} order by valid_from)
        qualify lag(valid_from) over by_day is null or compared is distinct from lag(compared) over by_day
    )

    select
        {{ key }},
        valid_from,
        lead(valid_from) over by_day as valid_to,
        lead(valid_from) over by_day is null as is_current,
        {{ (facts + others) | join(", ") }}
    from changes
    window by_day as (partition by {{ key }} order by valid_from)
{%- endmacro %}
