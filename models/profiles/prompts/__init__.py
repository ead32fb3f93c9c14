"""Prompts of the profiles: a Jinja file (blocks `system` and `user`) and the answer's JSON schema for each.

Keep out: code. A changed file is another version, and makes exactly the profiles written with it stale.
"""
