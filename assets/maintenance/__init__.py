"""Upkeep: what may expire, what has to stay, and the proof that every release can still be read.

Keep out: how the lake expires and merges (resources/lake_upkeep.py).
"""
