"""Jinja2 templates and the style sheet they inline; a package only so that they are installed with the code.

Keep out: logic; a template prints what models/reports prepared.
"""
