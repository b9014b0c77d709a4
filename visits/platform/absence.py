"""The visit ``platform:absence``: what of a platform looks like analysis of video or faces.

The interface, the pages and, where a rig reaches it, the host are searched; what was searched is
noted as well as what was found, for nobody can prove an absence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

from targets.errors import VisitProblem
from visits.circumstances import Visit
from visits.platform.script import PlatformScript, working
from visits.platform.sweep import operations_of

#: What such functions are called, in addresses, on pages, in names of processes.
_WORDS = re.compile(
    r"\bfaces?\b|face[-_]?(librar|cluster|recogn|detect|id\b)|\banalytics?\b|\banalysis\b"
    r"|structur(ing|ed)\b|recognition|re-?id\b|(licen[cs]e|number)-?plate|attribute-?search"
    r"|deepstream|triton|openvino|rknn|tensorrt"
    r"|人脸|人像|聚档|结构化|以图搜图|车牌识别|属性检索|行为分析",
    re.IGNORECASE,
)
_LINKS = re.compile(r"""(?:src|href|from|import)\s*=?\s*\(?["']([^"'#?]+)["']""")
_MOST_FILES, _MOST_BYTES = 40, 1 << 20


async def record_absence(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: see ``working``; ``visit.not-offered`` without an interface.
    """
    async with working(visit) as script:
        searched: list[str] = []
        found: list[dict[str, Any]] = []
        visit.facts.update(searched=searched, found=found)
        if not script.port.has_interface:
            raise VisitProblem("visit.not-offered", what="interface")
        operations = operations_of(await script.port.openapi(script.admin))
        searched.append("interface")
        visit.facts["operations"] = len(operations)
        for operation in operations:
            found += _hits("interface", operation.name, operation.path)
        await _pages(script, searched, found)
        await _host(visit, searched, found)


def _hits(where: str, shown: str, text: str) -> Iterator[dict[str, Any]]:
    for word in list(dict.fromkeys(match[0] for match in _WORDS.finditer(text)))[:4]:
        yield {"where": where, "what": shown[:120], "word": word[:40]}


async def _pages(script: PlatformScript, searched: list[str], found: list[dict[str, Any]]) -> None:
    """The pages and what they load, of the platform's own host."""
    base = script.visit.platform.target.base
    waiting, seen = ["/"], {"/"}
    while waiting and len(seen) <= _MOST_FILES:
        path = waiting.pop(0)
        try:
            answer = await script.port.request(script.admin, "GET", path, maximum=_MOST_BYTES)
        except VisitProblem:
            continue
        if answer.status != 200:
            continue
        if "pages" not in searched:
            searched.append("pages")
        content = answer.body.decode("utf-8", "replace")
        found += _hits("pages", path, content)
        for link in _LINKS.findall(content):
            whole = urljoin(base + path, link)
            parts = urlsplit(whole)
            if whole.startswith(base) and parts.path not in seen:
                seen.add(parts.path)
                waiting.append(parts.path)


async def _host(visit: Visit, searched: list[str], found: list[dict[str, Any]]) -> None:
    """Files of models, processes and users of the graphics processor, where a rig can look."""
    rig = visit.platform.rig
    if rig is None:
        return
    answer = await rig.search_host(visit.camera.point)
    searched.append("host")
    for name in ("files", "gpu"):
        for one in answer.get(name) or ():
            found.append({"where": name, "what": str(one).rpartition("/")[2][:120], "word": name})
    for one in answer.get("processes") or ():
        found += _hits("processes", str(one), str(one))
