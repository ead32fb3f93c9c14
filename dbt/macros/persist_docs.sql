{#
    Descriptions become comments of a table when it is created, not at every run: each change of a comment alters the
    table, and DuckLake does not merge files across alterations.
#}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {% if not is_incremental() %}
        {{ default__persist_docs(relation, model, for_relation, for_columns) }}
    {% endif %}
{%- endmacro %}
