"""What checks found, kept as tables a person can ask, and what they show in the UI.

Keep out: what is expected and how it is computed (models/quality), and the checks of one group (that group's room).
"""
