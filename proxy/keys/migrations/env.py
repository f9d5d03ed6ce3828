"""What Alembic runs: the migrations, on the connection that it was given, in its transaction."""

from __future__ import annotations

from alembic import context

from proxy.keys.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table="sagegate_alembic_version",
)
context.run_migrations()
