"""The dbt project as assets, and the funnel that accounts for every line.

Keep out: SQL (dbt/).
"""
