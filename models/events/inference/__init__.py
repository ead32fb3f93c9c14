"""Guessing how logs are laid out and what their columns mean: pure functions from samples to a draft of a config.

Every guess that could be wrong carries a note of what was seen. Keep out: YAML text and the command (pipelines/).
"""
