"""The short codes inside watermarks, and the way back from a code to a person (R-020)."""

from __future__ import annotations

import secrets
from typing import Literal

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from protocols.time_source import TimeSource
from reference_platform.errors import Denied, PlatformError
from reference_platform.media.tables import WatermarkCodeRow
from reference_platform.media.watermark import WatermarkStamp
from reference_platform.people.access import Access, Principal
from reference_platform.people.operations import Operation
from reference_platform.store.database import Database
from reference_platform.times import Moment, moment

Purpose = Literal["session", "download"]

# None that looks like another, to people or to a reading machine.
ALPHABET = "ACEFHJKMNPRTVWXY479"
LENGTH = 7


class WatermarkOwner(BaseModel):
    """Whom a code belongs to."""

    code: str
    user_id: str
    user: str = Field(description="log-in name when the code was made")
    display_name: str
    purpose: Purpose = Field(description="`session`: live view and playback of one log-in")
    target: str = Field(description="identifier of the download")
    address: str = Field(description="IP address that the user came from")
    created: Moment


class WatermarkCodes:
    """Makes codes and finds their owners."""

    def __init__(self, database: Database, access: Access, time_source: TimeSource) -> None:
        self._database = database
        self._access = access
        self._time = time_source

    async def stamp(
        self, principal: Principal, purpose: Purpose = "session", target: str = ""
    ) -> WatermarkStamp:
        """The mark of ``principal``: one code for each session, one for each download."""
        now = self._time.now()

        def work(session: Session) -> str:
            found = session.scalar(
                select(WatermarkCodeRow.code).where(
                    WatermarkCodeRow.session == principal.session,
                    WatermarkCodeRow.purpose == purpose,
                    WatermarkCodeRow.target == target,
                )
            )
            if found is not None:
                return found
            code = _fresh()
            while session.get(WatermarkCodeRow, code) is not None:
                code = _fresh()
            session.add(
                WatermarkCodeRow(
                    code=code,
                    user_id=principal.user_id,
                    user_name=principal.name,
                    display_name=principal.display_name,
                    organisation_id=principal.organisation,
                    session=principal.session,
                    address=principal.address,
                    purpose=purpose,
                    target=target,
                    created=now,
                )
            )
            return code

        return WatermarkStamp(shown_name(principal), await self._database.write(work))

    async def owner(self, principal: Principal, code: str) -> WatermarkOwner:
        """Whom ``code`` (as read, in any case) belongs to.

        Raises:
            PlatformError: ``access.denied``; 404 ``watermark.unknown`` for those who see all.
        """
        self._access.require(principal, Operation.WATERMARKS)
        wanted = code.strip().upper()
        row = await self._database.read(lambda session: session.get(WatermarkCodeRow, wanted))
        scope = self._access.scope(principal)
        if row is None:
            if scope == frozenset(self._access.rights.parents):
                raise PlatformError("watermark.unknown", 404, watermark=wanted)
            raise Denied()
        self._access.require(principal, Operation.WATERMARKS, organisation_id=row.organisation_id)
        return WatermarkOwner(
            code=row.code,
            user_id=row.user_id,
            user=row.user_name,
            display_name=row.display_name,
            purpose="download" if row.purpose == "download" else "session",
            target=row.target,
            address=row.address,
            created=moment(row.created),
        )


def shown_name(principal: Principal) -> str:
    """``display name/log-in name``; the log-in name alone when there is no other."""
    if principal.display_name in ("", principal.name):
        return principal.name
    return f"{principal.display_name}/{principal.name}"


def _fresh() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
