{#
    Incremental strategy `replace_days`: the rows of the window's days are exchanged for those just computed, so a day
    that became empty is emptied, and running it again changes nothing.

    Transactions (dbt-duckdb 1.11.1): BEGIN; the new rows into a temporary table; this statement; COMMIT, which DuckLake
    makes visible as one snapshot. A run that dies before COMMIT leaves the old rows.
#}
{% macro get_incremental_replace_days_sql(arg_dict) -%}
    {%- set columns = get_quoted_csv(arg_dict["dest_columns"] | map(attribute="name")) -%}
    {%- set before = click_days() if config.get("meta", {}).get("waits_for_clicks") else 0 -%}
    delete from {{ arg_dict["target_relation"] }} where {{ in_window(before=before) }};

    insert into {{ arg_dict["target_relation"] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict["temp_relation"] }};
{%- endmacro %}
