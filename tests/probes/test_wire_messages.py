"""Every code that the probe can give is worded, with parameters that it really has."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import messages

ROOT = Path(__file__).resolve().parents[2] / "probes"
SOURCES = [ROOT / "wire_privacy.py", *sorted((ROOT / "wire").glob("*.py"))]
TEXT = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
WHY = {
    key.removeprefix("wire-privacy.why.")
    for key in messages.catalogue()
    if key.startswith("wire-privacy.why.")
}
FINDING = {"source", "destination", "form", "version", "cipher"}


def test_every_explanation_is_given_somewhere():
    written = {code.replace("{content.kind}", "") for code in re.findall(r'"([a-z0-9\-]+)"', TEXT)}
    readable = {"readable-media", "readable-picture", "readable-signalling"}
    assert WHY - written - readable == set()


@pytest.mark.parametrize("pattern", [r'Protection\([^()]*?"([a-z0-9]+(?:-[a-z0-9]+)+)"[,)]'])
def test_every_explanation_is_worded(pattern):
    codes = set(re.findall(pattern, TEXT)) | set(re.findall(r'why = "\w+", "([a-z\-0-9]+)"', TEXT))
    codes |= set(re.findall(r'JudgedFlow\(flow, [^,]+, "\w+", "([a-z\-0-9]+)"', TEXT))
    assert len(codes) > 15
    assert codes - {"dtls-srtp"} <= WHY


def test_findings_are_worded_with_the_parameters_they_carry():
    order = re.search(r"_ORDER = \(([^)]*)\)", TEXT)
    assert order
    codes = re.findall(r'"([a-z\-]+)"', order.group(1))
    assert len(codes) == 8
    for code in codes:
        for wording in messages.catalogue()[f"reason.wire-privacy.{code}"].values():
            named = {name for _, name, _, _ in string.Formatter().parse(wording) if name}
            assert named <= FINDING


SPOILT = ["nothing-seen", "no-media-seen", "unknown-flows", "undeclared-peer"]


@pytest.mark.parametrize("code", [*SPOILT, "capture-lossy", "capture-damaged"])
def test_what_spoils_is_worded(code):
    assert f"reason.wire-privacy.{code}" in messages.catalogue()
