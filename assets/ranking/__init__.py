"""Candidates, the ranking data set, one asset per ranker, and the recommendations.

Keep out: features and learning to rank (models/ranking).
"""
