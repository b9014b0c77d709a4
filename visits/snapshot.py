"""The visit ``snapshot``: the picture that the camera itself offers over HTTP."""

from __future__ import annotations

from targets.errors import VisitProblem
from targets.transcript import mask_addresses
from visits.circumstances import JPEG, Visit
from visits.stream import main_of

_MAXIMUM_BYTES = 16 << 20
_WORD = "snapshot"


async def record_snapshot(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: no snapshot is offered or none came.
    """
    visit.needs_onvif()
    profile = await main_of(visit)
    uri = await visit.media.snapshot_uri(profile["token"]) if profile else None
    if uri is None or not uri.startswith(("http://", "https://")):
        raise VisitProblem("visit.not-offered", what=_WORD, detail="GetSnapshotUri")
    visit.facts["uri"] = mask_addresses(uri)
    exchange = await visit.client.http.request(
        "GET", uri, maximum=_MAXIMUM_BYTES, waiting_for=_WORD
    )
    response = exchange.response
    visit.facts["status"] = response.status
    visit.facts["content_type"] = response.header("Content-Type") or ""
    visit.facts["round_trip_s"] = exchange.received_mono - exchange.sent_mono
    if response.status == 401:
        raise VisitProblem("visit.unauthorised", where=_WORD)
    if response.status != 200:
        raise VisitProblem("visit.not-offered", what=_WORD, detail=f"HTTP {response.status}")
    if not response.body.startswith(b"\xff\xd8"):
        raise VisitProblem("visit.malformed", where=_WORD, detail="no JPEG")
    visit.draft.keep("snapshot.jpg", response.body, JPEG)
