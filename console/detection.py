"""The published table of the defect matrix, which every report carries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PUBLISHED = Path(__file__).resolve().parent.parent / "docs" / "defect-matrix.json"


def published_detection() -> dict[str, Any] | None:
    """The counts of the last published matrix, or ``None`` before the first."""
    try:
        document: dict[str, Any] = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    summary: dict[str, Any] = document["summary"]
    return summary
