"""The runbook language.

What a runbook means, how it is read, and everything that is wrong with one. No runbook runs here.
"""
