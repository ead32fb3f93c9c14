"""Sequences, text vectors, one asset per configured retriever, and vectors as tables.

Keep out: training code (models/).
"""
