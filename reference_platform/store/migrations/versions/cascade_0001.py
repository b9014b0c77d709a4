"""The tables of upper platforms."""

import sqlalchemy as sa
from alembic import op

revision = "cascade_0001"
down_revision = None
branch_labels = ("cascade",)
depends_on = "core_0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "upper_platforms",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("address", sa.String(length=255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("transport", sa.String(length=8), nullable=False),
        sa.Column("server_id", sa.String(length=20), nullable=False),
        sa.Column("domain", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=20), nullable=False),
        sa.Column("sealed_password", sa.String(length=512), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("organisations", sa.JSON(), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("ptz_level", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upper_platforms")),
    )
    op.create_table(
        "cascade_numbers",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_cascade_numbers")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_cascade_numbers_organisation_id")),
    )
