"""One ANN index per retriever that has vectors, with measured recall.

Keep out: index construction (models/ann).
"""
