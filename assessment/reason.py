"""Why a verdict was reached, as a code that machines compare and messages put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reason:
    """A message key (``area.what-happened``) with JSON-able parameters.

    ``messages/catalogue`` holds the wording under ``reason.<code>``. The defect matrix compares
    ``code``: a fail for another reason is not a catch.
    """

    code: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key of the wording in the message catalogue."""
        return f"reason.{self.code}"

    @property
    def within(self) -> dict[str, Any]:
        """This reason as a parameter of another one; ``messages.text`` words it in its place."""
        return {"code": self.code, "parameters": dict(self.parameters)}
