"""What becomes of downloads in the database: waiting, running, over."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reference_platform.errors import Conflict
from reference_platform.playback.tables import DownloadRow

_ACTIVE = ("queued", "running")


def take(session: Session) -> DownloadRow | None:
    """The longest waiting download, now running; None if nothing waits."""
    waiting = select(DownloadRow).where(DownloadRow.state == "queued")
    row = session.scalars(waiting.order_by(DownloadRow.created).limit(1)).first()
    if row is not None:
        row.state = "running"
    return row


def progress(session: Session, identifier: str, share: float) -> None:
    """Note how far a download is."""
    row = session.get(DownloadRow, identifier)
    if row is not None:
        row.progress = share


def cancel(session: Session, identifier: str, now: float, *, deletable: bool) -> str:
    """Cancel what is not over, remove what is ready; the state before.

    Args:
        deletable: a defect: what is over leaves the history as well.
    """
    row = session.get(DownloadRow, identifier)
    if row is None:
        return ""
    before = row.state
    if before in _ACTIVE:
        row.state, row.ended = "cancelled", now
    elif deletable:
        session.delete(row)
    elif before == "ready":
        row.state = "removed"
    return before


def recover(session: Session, exists: Callable[[str], bool]) -> list[str]:
    """After a start: what ran waits again, what lost its file is removed; what is ready."""
    for row in session.scalars(select(DownloadRow).where(DownloadRow.state == "running")):
        row.state, row.progress = "queued", 0.0
    ready = []
    for row in session.scalars(select(DownloadRow).where(DownloadRow.state == "ready")):
        if exists(row.id):
            ready.append(row.id)
        else:
            row.state = "removed"
    return ready


def expire(session: Session, before: float) -> list[str]:
    """Remove what has been ready since before a time; which."""
    old = select(DownloadRow).where(DownloadRow.state == "ready", DownloadRow.ended < before)
    rows = session.scalars(old).all()
    for row in rows:
        row.state = "removed"
    return [row.id for row in rows]


def refuse_too_many(session: Session, user_id: str, most: int, most_bytes: int) -> None:
    """Keep one user within bounds.

    Raises:
        PlatformError: 409 ``download.too-many``, ``download.quota``.
    """
    own = DownloadRow.user_id == user_id
    active = select(func.count()).where(own, DownloadRow.state.in_(_ACTIVE))
    if (session.scalar(active) or 0) >= most:
        raise Conflict("download.too-many", most=most)
    kept = select(func.sum(DownloadRow.bytes)).where(own, DownloadRow.state == "ready")
    if (session.scalar(kept) or 0) >= most_bytes:
        raise Conflict("download.quota", gigabytes=most_bytes >> 30)
