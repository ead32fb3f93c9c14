"""Rankers: candidates merged, point-in-time features, learning to rank, the final list.

Keep out: candidate generation (models/retrieval) and metrics (models/evaluation).
"""
