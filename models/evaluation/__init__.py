"""Metrics with intervals, splits and slices, the oracle's share, the gate.

Keep out: pages and plots (models/reports).
"""
