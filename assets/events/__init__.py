"""Raw logs and catalogue as tables: every line accepted, or rejected with its reason.

Keep out: cleaning (assets/tables, dbt/).
"""
