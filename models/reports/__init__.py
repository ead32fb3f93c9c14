"""Self-contained HTML pages and plots from metric rows.

Keep out: computing a metric (models/evaluation).
"""
