"""Fireline: a ChatOps incident-response bot with runbooks as code."""

__version__ = "0.1.0"
