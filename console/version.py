"""The version of the harness that a run was made with."""

from __future__ import annotations

VERSION = "0.1.0"
