"""Text: cleaning it, telling its language, and turning it into unit-norm vectors.

Keep out: caching and storage (resources/text_encoder.py) and what a profile says (models/profiles).
"""
