"""How things are computed: pure functions and torch modules; arrays, frames and configs in, values out.

Keep out: dagster, duckdb, environment variables, and any knowledge of where data is stored.
"""
