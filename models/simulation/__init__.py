"""A simulated shop: catalogue, users, sessions and the dirt of real logs, with the truth kept apart.

Keep out: anything a real shop's pipeline would call.
"""
