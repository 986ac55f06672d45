"""What all tables belong to, and what is said of one beside its columns."""

from __future__ import annotations

from sqlalchemy import MetaData

METADATA = MetaData()
ON_CONFLICT = "on conflict"
"""Key of `Table.info`: a function (columns of the written row, what a write sets) → what it must set besides."""
