"""Item and user profiles: their schema and the backends that fill it.

Keep out: text vectors (models/text) and where profiles are stored.
"""
