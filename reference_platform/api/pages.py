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
router = APIRouter(include_in_schema=False)
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_FILES = {path.name: path for path in pages.FOLDER.iterdir() if path.suffix in _TYPES}
#: The browser asks each time, and is told that nothing has changed.
_FRESH = {"Cache-Control": "no-cache"}
_WIDE = "\nbody { min-width: 1200px; }\n"


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
    if path.suffix == ".css" and platform.has(MOBILE_LAYOUT_BROKEN):
        wide = path.read_text("utf-8").replace("max-width: 720px", "max-width: 0px")
        return Response(wide + _WIDE, media_type=_TYPES[".css"], headers=_FRESH)
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=_FRESH)
