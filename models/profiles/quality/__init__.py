"""How good profiles are, in numbers with intervals: one file a measure, arrays and frames in, `Measure`s out.

Keep out: what is plainly wrong with a row (models/profiles/audit.py), and where the numbers are stored.
"""
