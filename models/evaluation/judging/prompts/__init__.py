"""Prompts of the judge, a pair of files for each version: what it is told and what it is asked about.

Keep out: code. A changed file is a new version, since answers to the old one are kept.
"""
