"""The table of downloads."""

import sqlalchemy as sa
from alembic import op

revision = "playback_0001"
down_revision = None
branch_labels = ("playback",)
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "downloads",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("user_name", sa.String(length=128), nullable=False),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=20), nullable=False),
        sa.Column("channel_id", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("start", sa.Double(), nullable=False),
        sa.Column("end", sa.Double(), nullable=False),
        sa.Column("mark_name", sa.String(length=300), nullable=False),
        sa.Column("mark_code", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("gaps", sa.JSON(), nullable=False),
        sa.Column("error", sa.String(length=64), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("ended", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downloads")),
    )
    op.create_index(op.f("ix_downloads_created"), "downloads", ["created"], unique=False)
    op.create_index(op.f("ix_downloads_state"), "downloads", ["state"], unique=False)
    op.create_index(
        op.f("ix_downloads_organisation_id"), "downloads", ["organisation_id"], unique=False
    )
    op.create_index(
        "ix_downloads_user_id_created", "downloads", ["user_id", "created"], unique=False
    )
