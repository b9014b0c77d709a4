"""``verify``: whether a report folder is as it was sealed."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from messages import text
from reports.manifest import ManifestError, changes, manifest_digest


def verify_folder(folder: Path, lang: str, console: Console) -> int:
    """Print every change; 0 when there is none, 1 when there is, 4 without a manifest."""
    try:
        found = changes(folder)
    except ManifestError:
        console.print(text("verify.no-manifest", lang, folder=str(folder)), markup=False)
        return 4
    for change in found:
        console.print(text(f"verify.{change.what}", lang, path=change.path), markup=False)
    if found:
        console.print(text("verify.differs", lang, count=len(found)), style="bold red")
        return 1
    console.print(text("verify.intact", lang, digest=manifest_digest(folder)))
    return 0
