"""Approximate nearest neighbour indexes and their recall against exact search.

Keep out: the vectors' training (models/sequential, models/text).
"""
