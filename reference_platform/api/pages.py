"""The pages: files for everybody, since all that they show comes from the API."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import FileResponse, JSONResponse, Response

from reference_platform import pages
from reference_platform.api.dependencies import PlatformDep
from reference_platform.behaviours import defect

MOBILE_LAYOUT_BROKEN = defect(
    "mobile-layout-broken", "The pages are laid out for a wide screen, whatever the screen is."
)
PAGE_SHOWS_NOTHING = defect(
    "page-shows-nothing", "The player stays black in the page, though the API gives its stream."
)
PAGE_PACE_IGNORED = defect(
    "page-pace-ignored", "The page lets a pace be chosen and tells the platform nothing."
)
PAGE_PAUSE_IGNORED = defect(
    "page-pause-ignored", "The page's pause button does nothing; the playback goes on."
)
PAGE_SEEK_IGNORED = defect(
    "page-seek-ignored", "A click on the timeline of a running playback does nothing."
)
PAGE_SAVES_WRONG_PERIOD = defect(
    "page-saves-wrong-period",
    "The page reads the times that are typed by a zone of its own, and orders another period.",
)
router = APIRouter(include_in_schema=False)
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_FILES = {path.name: path for path in pages.FOLDER.iterdir() if path.suffix in _TYPES}
#: The browser asks each time, and is told that nothing has changed.
_FRESH = {"Cache-Control": "no-cache"}
_WIDE = "\nbody { min-width: 1200px; }\n"
#: What a defect changes in which file, from what to what.
SPOILT = {
    MOBILE_LAYOUT_BROKEN: ("style.css", "max-width: 720px", "max-width: 0px"),
    PAGE_SHOWS_NOTHING: ("style.css", ".cell video {", ".cell video { visibility: hidden;"),
    PAGE_PACE_IGNORED: ("playback.js", 'steer({ action: "scale"', 'void ({ action: "scale"'),
    PAGE_PAUSE_IGNORED: (
        "playback.js",
        "return steer({ action: running",
        "return void ({ action: running",
    ),
    PAGE_SEEK_IGNORED: ("playback.js", 'steer({ action: "seek"', 'void ({ action: "seek"'),
    PAGE_SAVES_WRONG_PERIOD: (
        "elements.js",
        ":00+08:00` : `${typed}+08:00`",
        ":00+08:10` : `${typed}+08:10`",
    ),
}


@router.get("/", name="pages.index")
async def index() -> FileResponse:
    """The one page; what it shows follows the part of the address behind #."""
    return FileResponse(pages.FOLDER / "index.html", headers=_FRESH)


@router.get("/pages/words.json", name="pages.words")
async def words(lang: Annotated[Literal["zh", "en"], Query()] = "zh") -> JSONResponse:
    """Every sentence of the pages in one language."""
    return JSONResponse(pages.wordings(lang), headers=_FRESH)


@router.get("/pages/{name}", name="pages.file")
async def file(name: str, platform: PlatformDep) -> Response:
    """A script, a style sheet or a drawing."""
    path = _FILES.get(name)
    if path is None:
        raise HTTPException(404)
    media_type = _TYPES[path.suffix]
    spoilt = [
        (before, after)
        for behaviour, (file_name, before, after) in SPOILT.items()
        if file_name == name and platform.has(behaviour)
    ]
    if not spoilt:
        return FileResponse(path, media_type=media_type, headers=_FRESH)
    text = path.read_text("utf-8")
    for before, after in spoilt:
        text = text.replace(before, after)
    if platform.has(MOBILE_LAYOUT_BROKEN):
        text += _WIDE
    return Response(text, media_type=media_type, headers=_FRESH)
