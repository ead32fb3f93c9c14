"""Item and user profiles and the ledger of the calls that made them.

Keep out: prompts and extraction (models/profiles).
"""
