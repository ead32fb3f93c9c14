"""The training engine shared by every torch model: batches, loop, early stopping, checkpoints.

Keep out: network definitions (models/sequential).
"""
