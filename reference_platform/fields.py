"""Bounded fields that several rooms' API models share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_NO_CONTROL = r"^[^\x00-\x1f\x7f]*$"

OwnIdField = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
NationalIdField = Annotated[str, StringConstraints(pattern=r"^[0-9]{20}$")]
NameField = Annotated[
    str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True, pattern=_NO_CONTROL)
]
TextField = Annotated[
    str, StringConstraints(max_length=128, strip_whitespace=True, pattern=_NO_CONTROL)
]
PhoneField = Annotated[str, StringConstraints(max_length=20, pattern=r"^[0-9+() -]*$")]
RegionField = Annotated[str, StringConstraints(pattern=r"^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{8})?$")]
"""Administrative region: 2, 4, 6 or 8 digits (GB/T 2260; GB/T 28181-2016, annex D), or none."""

VersionField = Annotated[int, Field(ge=1, le=2_000_000_000)]
SecretField = Annotated[str, StringConstraints(max_length=128, pattern=_NO_CONTROL)]


class Bounded(BaseModel):
    """What a caller sends: unknown fields are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid")
