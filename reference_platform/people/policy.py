"""What administrators set for everybody's log-in and session (4.1-7: security)."""

from __future__ import annotations

from pydantic import BaseModel, Field

from reference_platform.fields import Bounded, VersionField


class SecurityPolicy(BaseModel):
    """In force at once, for new passwords, failed log-ins and running sessions."""

    password_length: int = Field(default=10, ge=10, le=64)
    lockout_after: int = Field(default=5, ge=3, le=20, description="failed log-ins in a row")
    lockout_seconds: int = Field(
        default=30, ge=1, le=3600, description="doubled by each further failure, up to 15 minutes"
    )
    session_minutes: int = Field(default=30, ge=1, le=720, description="without any use")
    version: int = 1


class SecurityChange(Bounded):
    """What is to be changed."""

    version: VersionField
    password_length: int | None = Field(default=None, ge=10, le=64)
    lockout_after: int | None = Field(default=None, ge=3, le=20)
    lockout_seconds: int | None = Field(default=None, ge=1, le=3600)
    session_minutes: int | None = Field(default=None, ge=1, le=720)
