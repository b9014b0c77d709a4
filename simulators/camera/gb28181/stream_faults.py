"""What may be wrong with a session's media."""

from __future__ import annotations

from dataclasses import replace

from protocols.mpeg_ps.build import NO_FLAWS, Flaws
from simulators.behaviours import defect, variant
from simulators.camera.encoders import ClipSpec
from simulators.camera.gb28181 import quirks
from simulators.camera.sound import Sound, sound_of
from simulators.camera.state import CameraState
from simulators.camera.stream_plan import stream_plan

WRONG_SSRC = defect("wrong-ssrc", "RTP packets carry another SSRC than ordered by y=.")
NO_MAP = defect("no-psm", "The program stream has no program stream map.")
IGNORES_BYE = defect("ignores-bye", "BYE is not answered and the stream goes on.")
PASSIVE_FAILS = defect("tcp-passive-fails", "Nobody listens on the TCP port that the answer names.")
WRONG_PAYLOAD_TYPE = defect(
    "wrong-payload-type", "The answer says payload type 96, the RTP packets say 98."
)
NO_KEY_FOR_10_S = defect(
    "no-iframe-for-10s", "For 10 s no key picture comes, asked for by IFameCmd or not."
)
PES_LENGTH_WRONG = defect("ps-length-wrong", "The lengths of picture packets are 16 too large.")
H265 = variant("gb-h265", "Live view and history are H.265 (stream type 24H).")

NO_KEY_S = 10.0
PAYLOAD_TYPE = 96
WRONG_TYPE = 98


def flaws_of(state: CameraState) -> Flaws:
    """What is wrong with the program stream."""
    flaws = NO_FLAWS
    if state.has(NO_MAP):
        flaws = replace(flaws, map=False)
    if state.has(PES_LENGTH_WRONG):
        flaws = replace(flaws, pes_length_error=16)
    return quirks.flaws(state, flaws)


def sent_type(state: CameraState, answered: int) -> int:
    """The payload type of the packets."""
    if state.has(quirks.UNKNOWN_TYPE):
        return quirks.UNKNOWN_PAYLOAD_TYPE
    return WRONG_TYPE if state.has(WRONG_PAYLOAD_TYPE) else answered


def clip_spec(state: CameraState) -> ClipSpec:
    """The clip that a session shows: the sub stream as the light is now."""
    spec = stream_plan(state, "sub", light_age=state.light_age)
    wanted = state.has(H265) or state.has(quirks.MAP_SAYS_H264)
    return replace(spec, codec="H265") if wanted else spec


def sound_in_stream(state: CameraState) -> Sound | None:
    """The sound of a session: G.711 or none.

    G.726 has no code in a program stream: such a camera sends A-law here, as they do.
    """
    if state.audio_encoding == "G726":
        state = replace(state, audio_encoding="PCMA")
    sound = sound_of(state)
    return sound if sound is not None and sound.format.name in ("PCMA", "PCMU") else None
