"""Language models as a project names them: their settings, servers behind the OpenAI protocol, and batch files.

Keep out: what a request and an answer are and running a model in this process (models/text/generation).
"""
