"""Metrics with intervals and the evaluation report.

Keep out: metric definitions (models/evaluation) and page layout (models/reports).
"""
