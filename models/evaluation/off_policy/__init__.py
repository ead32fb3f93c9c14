"""What another policy would have earned, from logged impressions with propensities; and when that cannot be said.

Keep out: reading tables and configuration (assets), ranking metrics against later interactions (models/evaluation).
"""
