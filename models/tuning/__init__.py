"""Settings tried out on the validation window: where they may lie, which come next, how each did.

Belongs here: what can be computed from interactions and earlier trials. Not here: where trials are kept.
"""
