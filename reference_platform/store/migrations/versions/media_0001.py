"""The table of watermark codes."""

import sqlalchemy as sa
from alembic import op

revision = "media_0001"
down_revision = None
branch_labels = ("media",)
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "watermark_codes",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("user_name", sa.String(length=128), nullable=False),
        sa.Column("display_name", sa.String(length=128), nullable=False),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.Column("session", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_watermark_codes")),
        sa.UniqueConstraint(
            "session", "purpose", "target", name=op.f("uq_watermark_codes_session")
        ),
    )
    op.create_index(
        op.f("ix_watermark_codes_user_id"), "watermark_codes", ["user_id"], unique=False
    )
