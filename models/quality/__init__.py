"""Great Expectations suites over frames, called directly, with readable results.

Keep out: rules that a dbt test states better.
"""
