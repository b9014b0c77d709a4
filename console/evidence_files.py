"""Looks at the files of an evidence folder: what they are, and what is odd about them."""

from __future__ import annotations

import datetime
import hashlib
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assessment.evidence import MAXIMUM_FILE_BYTES
from assessment.photographs import NotAPhotographError, Photograph, codes_in, read_photograph
from assessment.reason import Reason
from targets.site import Point

#: Farther from its point than this, a photograph is asked about.
FAR_M = 200.0
#: For so long after a checklist was photographed, photographs are taken to be of its point.
_SAME_POINT = datetime.timedelta(minutes=30)
_APART = datetime.timedelta(minutes=5)
_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp"})
#: Pictures of telephones that have to be saved as JPEG.
_UNREAD_PICTURES = frozenset({".heic", ".heif", ".dng", ".raw"})
_RECORDS = frozenset({".yaml", ".yml"})
#: What programs leave behind in folders.
_LITTER = frozenset({"thumbs.db", "desktop.ini"})
_MAXIMUM_FILES = 5_000


@dataclass(frozen=True)
class FoundFile:
    """One file that is to be taken in.

    Attributes:
        name: path within the folder.
        digest: SHA-256.
        remarks: what is odd about it.
        photograph: what it tells of itself, ``None`` when it is none.
        codes: QR codes that it shows, or that the photograph before it showed not long ago.
        shows_code: whether it is the one that shows them, as a photographed checklist does.
    """

    name: str
    digest: str
    remarks: tuple[Reason, ...] = ()
    photograph: Photograph | None = None
    codes: tuple[str, ...] = ()
    shows_code: bool = False

    @property
    def words(self) -> list[str]:
        """The words of its name, by which it may say what it is about; composed letters."""
        return unicodedata.normalize("NFC", Path(self.name).stem).split()


@dataclass
class EvidenceFiles:
    """The files of a folder, each looked at beside those that came before it.

    ``known`` are the names and digests of those that are there for comparison only.
    """

    folder: Path
    now: datetime.datetime
    known: Collection[tuple[str, str]] = ()
    refused: list[tuple[str, Reason]] = field(default_factory=list)
    _digests: dict[str, str] = field(default_factory=dict)
    _pictures: dict[str, Photograph] = field(default_factory=dict)
    _sheet: tuple[datetime.datetime | None, tuple[str, ...]] = (None, ())

    def look(self) -> Iterator[FoundFile]:
        """Every file that is not known, by name; what cannot be taken in is in ``refused``."""
        for path in self._paths():
            name = path.relative_to(self.folder).as_posix()
            if reason := _unfit(path, name):
                self.refused.append((_printable(name), reason))
                continue
            with path.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            remarks = [*self._remarks(name, digest, path)]
            if (name, digest) in self.known:
                continue
            seen = self._pictures.get(name)
            codes = codes_in(path.read_bytes()) if seen else ()
            shown = codes or (self._shown_before(seen) if seen else ())
            if seen and codes and seen.taken is not None:
                self._sheet = (seen.taken, codes)
            yield FoundFile(name, digest, tuple(remarks), seen, shown, bool(codes))

    def _shown_before(self, photograph: Photograph) -> tuple[str, ...]:
        """The codes of the checklist that was photographed not long before."""
        before, shown = self._sheet
        if photograph.taken is None or before is None:
            return ()
        return shown if datetime.timedelta() <= photograph.taken - before <= _SAME_POINT else ()

    def _paths(self) -> list[Path]:
        root = self.folder.resolve()
        found = [
            path
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
            and path.suffix.lower() not in _RECORDS
            and path.name.lower() not in _LITTER
            and not path.name.startswith((".", "~$"))
            and path.resolve().is_relative_to(root)
        ]
        for path in found[_MAXIMUM_FILES:]:
            reason = Reason("evidence.too-many", {"limit": _MAXIMUM_FILES})
            self.refused.append((_printable(path.name), reason))
        return found[:_MAXIMUM_FILES]

    def _remarks(self, name: str, digest: str, path: Path) -> Iterator[Reason]:
        twin = self._digests.setdefault(digest, name)
        if twin != name:
            yield Reason("evidence.same-file", {"other": twin})
        if path.suffix.lower() in _UNREAD_PICTURES:
            yield Reason("evidence.picture-unread", {"form": path.suffix[1:].upper()})
            return
        if path.suffix.lower() not in _PICTURES:
            return
        try:
            photograph = read_photograph(path.read_bytes())
        except NotAPhotographError:
            yield Reason("evidence.not-a-photograph")
            return
        likes = [one for one, other in self._pictures.items() if photograph.like(other)]
        if likes and twin == name:
            yield Reason("evidence.same-picture", {"other": likes[0]})
        self._pictures[name] = photograph
        yield from _oddities(photograph, self.now)


def _oddities(photograph: Photograph, now: datetime.datetime) -> Iterator[Reason]:
    """What a photograph tells of itself that somebody should look at."""
    taken = photograph.taken
    if taken is None:
        yield Reason("evidence.no-time")
    elif taken - now > _APART:
        words = {"taken": taken.isoformat(sep=" "), "now": now.isoformat(" ", "seconds")}
        yield Reason("evidence.clock-ahead", words)
    if photograph.clocks_apart() > _APART:
        minutes = round(photograph.clocks_apart().total_seconds() / 60)
        yield Reason("evidence.clocks-disagree", {"minutes": minutes})
    if photograph.edited:
        yield Reason("evidence.edited", {"how": photograph.edited})


def disagreements(
    photograph: Photograph, points: Mapping[str, Point], named: list[str], when: datetime.date
) -> Iterator[Reason]:
    """Where a photograph's own time and place are not those of the record of the points named."""
    if photograph.taken is not None and photograph.taken.date() != when:
        yield Reason("evidence.other-day", {"taken": photograph.taken.isoformat(sep=" ")})
    distances = {one: _metres(photograph, points[one]) for one in named if one in points}
    known = {one: metres for one, metres in distances.items() if metres is not None}
    if photograph.longitude is None and any(points[one].longitude for one in distances):
        yield Reason("evidence.no-place")
    for one, metres in known.items():
        if metres > FAR_M:
            yield Reason("evidence.far-away", {"point": one, "metres": round(metres)})


def nearest(photograph: Photograph, points: Mapping[str, Point]) -> str:
    """The one point at which a photograph was taken by its own word, "" if that is not sure."""
    near = [
        one
        for one, point in points.items()
        if (metres := _metres(photograph, point)) is not None and metres <= FAR_M / 4
    ]
    return near[0] if len(near) == 1 else ""


def _metres(photograph: Photograph, point: Point) -> float | None:
    if point.longitude is None or point.latitude is None:
        return None
    return photograph.metres_from(point.longitude, point.latitude)


def _unfit(path: Path, name: str) -> Reason | None:
    """Why a file cannot be taken in at all."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return Reason("evidence.name-unreadable")
    size = path.stat().st_size
    if size == 0:
        return Reason("evidence.empty")
    if size > MAXIMUM_FILE_BYTES:
        return Reason("evidence.too-large", {"limit": MAXIMUM_FILE_BYTES // 1024**2})
    return None


def _printable(name: str) -> str:
    return name.encode("utf-8", "replace").decode()
