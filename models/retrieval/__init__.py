"""Retrievers under one contract, their registry, and the interaction structure they learn from.

Keep out: sequential networks (models/sequential) and ANN indexes (models/ann).
"""
