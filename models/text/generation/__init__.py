"""Text out of language models: what is asked, what comes back, and the backend that runs a model in this process.

Keep out: servers, keys and files (resources/text_generators), and prompts (models/profiles).
"""
