"""The base of all tables. Rooms declare their tables in their own ``tables.py`` over it.

Times are UTC seconds (float). Identifiers of the platform's own making are 16 letters and digits
that cannot be guessed; devices and channels are known by their 20 digits of GB/T 28181.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from sqlalchemy import JSON, MetaData, String
from sqlalchemy.orm import DeclarativeBase, mapped_column

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


class Base(DeclarativeBase):
    """All tables; constraints have names, so that migrations can change them anywhere."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {list[str]: JSON, dict[str, Any]: JSON}  # noqa: RUF012


def new_id() -> str:
    """A fresh identifier: 16 characters, 80 random bits, none that looks like another."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))


OwnId = Annotated[str, mapped_column(String(32), primary_key=True, default=new_id)]
NationalId = Annotated[str, mapped_column(String(20))]
Name = Annotated[str, mapped_column(String(128))]
