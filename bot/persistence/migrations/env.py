"""Alembic's entry: runs the revisions over the connection that `bot.persistence.migrate` hands it, inside its transaction."""

from __future__ import annotations

from alembic import context

from bot.persistence import workspace_tables  # noqa: F401 - no question of ours reads them: slack_sdk's stores do
from bot.persistence.metadata import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
