"""What exists: one module per asset, in a folder per group.

An asset reads, calls one function of models/, writes, attaches metadata. Keep out: algorithms (models/), storage
details (resources/), jobs and schedules (pipelines/).
"""
