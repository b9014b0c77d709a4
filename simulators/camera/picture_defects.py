"""Behaviours that spoil what the main stream shows; ``picture_faults`` paints them."""

from __future__ import annotations

from dataclasses import replace

from simulators.behaviours import defect
from simulators.camera.encoders import ClipSpec
from simulators.camera.picture_faults import FAULTS
from simulators.camera.state import CameraState

PAINTED = tuple(defect(name, fault.sentence) for name, fault in FAULTS.items())
FROZEN = defect("frozen", "The sensor stops some seconds after PLAY; the stream goes on.")
STARVED = defect(
    "blocky-bitrate-starved", "The main stream has far too few bits: its blocks are to be seen."
)
#: Strengths of what is not painted: seconds after PLAY, kbit/s.
USUAL = {FROZEN: 3.0, STARVED: 160.0}
#: The noise of a picture is another in the next group of pictures, as in a camera; it needs bits.
_TWO_GROUPS_S = 4.0
_NOISY_KBPS = 24_576


def strength_of(state: CameraState, name: str) -> float:
    """The strength at which a camera has a fault: its own, or the usual one."""
    usual = FAULTS[name].usual if name in FAULTS else USUAL[name]
    return float(state.strengths.get(name, usual))


def with_faults(state: CameraState, spec: ClipSpec, elapsed: float) -> ClipSpec:
    """The clip of the main stream with the faults that its picture has ``elapsed`` s after PLAY."""
    if elapsed < state.faults_from_s:
        return spec
    if state.has(FROZEN) and elapsed >= strength_of(state, FROZEN):
        spec = replace(spec, held=0)
    if state.has(STARVED):
        kbps = max(1, round(strength_of(state, STARVED)))
        spec = replace(spec, bitrate_kbps=kbps, starved=True)
    name = next((one for one in PAINTED if state.has(one)), "")
    if name:
        spec = replace(spec, fault=name, strength=strength_of(state, name))
    if name == "heavy-noise":
        spec = replace(spec, seconds=_TWO_GROUPS_S, bitrate_kbps=_NOISY_KBPS)
    return spec
