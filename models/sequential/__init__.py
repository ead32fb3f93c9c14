"""Sequential retrievers and their torch networks.

Keep out: the training loop (models/training).
"""
