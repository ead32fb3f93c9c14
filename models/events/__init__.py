"""Reading raw logs and catalogues: source descriptions, line readers, accepted and rejected rows.

Keep out: cleaning rules that SQL states better (dbt/).
"""
