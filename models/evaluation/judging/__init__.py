"""Lists judged by a language model: prompts, verdicts, how sure they are, and whether clicks agree.

Keep out: the model itself (models/text/generation) and where answers are kept (assets/evaluation).
"""
