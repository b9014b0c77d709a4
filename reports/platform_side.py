"""The report on a platform that a simulated camera registered with: one page, no network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from reports.html import page_environment


def platform_page(document: Mapping[str, Any], lang: str, ladder: str) -> str:
    """The page of a judgement's document in ``lang``; ``ladder`` is the diagram as SVG."""
    template = page_environment(lang).get_template("platform.html.j2")
    return template.render(found=document, ladder=Markup(ladder))
