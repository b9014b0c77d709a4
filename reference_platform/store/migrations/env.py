"""Alembic's entry; ``Database.migrate`` gives the connection."""

from alembic import context

from reference_platform.store.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
