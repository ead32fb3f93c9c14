"""Retrievers that learn from the graph of users and items as a whole: graph filters and embeddings of both sides.

Keep out: models of the order of a history (models/sequential), and the contract, registry and plain neighbours or
factorisations in closed form (models/retrieval).
"""
