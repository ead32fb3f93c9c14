"""The release: what passed, and which snapshot and artifacts it names.

Keep out: any computation of quality (models/evaluation).
"""
