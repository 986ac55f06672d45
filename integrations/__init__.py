"""What Fireline can do to the world: one folder a vendor, each with its client and its actions.

An integration imports the action contract, the domain and the errors, and never another integration.
"""
