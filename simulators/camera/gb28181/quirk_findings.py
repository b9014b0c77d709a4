"""What the harness makes of each quirk: how it goes on all the same, and what it reports.

The codes are those of its reports: reasons by quantity (``gb-live.wrong-ssrc``), departures from
the text of the standard by name alone (``y-missing``). Proven for every quirk by
``tests/simulators/gb28181/test_quirk_findings.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulators.camera.gb28181 import quirks
from simulators.platform import lower_platform as platform


@dataclass(frozen=True)
class Finding:
    """One row.

    Attributes:
        visit: the kind of visit that meets the quirk.
        does: what the harness does, a sentence.
        fails: reasons for which a requirement fails.
        also: further ones, which a visit finds when it is long enough.
        open: reasons for which one stays open.
        departures: listed beside the verdict, which they do not decide.
        as_device: of a platform's quirk, what the harness reports where it registers with such a
            platform as a device.
        whole: whether the visit gets all it came for.
    """

    visit: str
    does: str
    fails: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    departures: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    as_device: tuple[str, ...] = ()
    whole: bool = True

    @property
    def reports(self) -> str:
        """All codes in words."""
        parts = (
            ("fails", self.fails + self.also),
            ("open", self.open),
            ("listed", self.departures),
            ("as its device", self.as_device),
        )
        told = [
            f"{word}: {', '.join(f'`{one}`' for one in codes)}" for word, codes in parts if codes
        ]
        return "; ".join(told) or "nothing"


_PORT = "Takes the media by the port that it offered, whatever their SSRC."
_LENIENT = "Reads the pictures all the same, by their NAL units."
_SEVERAL = "Takes the answer together by serial number and items."
FINDINGS: Mapping[str, Finding] = {
    quirks.OTHER_Y: Finding(
        "live", _PORT, fails=("gb-live.wrong-ssrc",), departures=("y-not-echoed",)
    ),
    quirks.NO_Y: Finding("live", "Goes on with the SSRC ordered.", departures=("y-missing",)),
    quirks.THIRD_SSRC: Finding("live", _PORT, fails=("gb-live.wrong-ssrc",)),
    platform.NO_Y: Finding(
        "platform",
        "Gets the picture: the camera below chose an SSRC, which stays between those two.",
        as_device=("gb-platform.y-missing",),
    ),
    quirks.EMPTY_ADDRESS: Finding(
        "live",
        "Takes the address that SIP comes from.",
        departures=("sdp-address", "sdp-origin"),
    ),
    quirks.Y_MUST_BE_LAST: Finding("live", "Writes y= last, or with f= alone behind it."),
    quirks.PASSWORD_IN_ANSWER: Finding(
        "live", "Passes the lines over and keeps no password.", departures=("sdp-password",)
    ),
    quirks.UNKNOWN_TYPE: Finding(
        "live",
        "Knows a program stream by its start codes.",
        fails=("gb-live.wrong-payload-type",),
    ),
    quirks.MAP_LENGTH: Finding(
        "live", _LENIENT, fails=("gb-live.malformed-stream",), departures=("ps-map-length",)
    ),
    quirks.MAP_SAYS_H264: Finding(
        "live", _LENIENT, fails=("gb-live.malformed-stream",), departures=("ps-stream-type-wrong",)
    ),
    quirks.SOUND_AT_8_KHZ: Finding(
        "live",
        "Reads the sound and tells the clock by its steps.",
        fails=("gb-live.malformed-stream",),
        departures=("ps-sound-clock-8k",),
    ),
    quirks.TIME_WRAPS: Finding("live", "Unwraps PTS by 33 bits and RTP time by 32."),
    quirks.SOUND_NEVER_SENT: Finding(
        "live", "Waits for no sound.", departures=("ps-map-stream-unused",)
    ),
    quirks.BARE_AMPERSAND: Finding(
        "queries", "Mends the XML and reads on.", departures=("xml-not-escaped",)
    ),
    quirks.ODD_VALUES: Finding(
        "queries", "Takes ONLINE for ON and leaves Parental open.", departures=("value",)
    ),
    quirks.OTHER_CHARSET: Finding(
        "queries",
        "Reads the bytes for what they are.",
        fails=("gb-queries.charset",),
        departures=("charset-not-as-declared",),
    ),
    quirks.CUT_MESSAGE: Finding(
        "queries",
        "Reads the item as far as it goes.",
        fails=("gb-queries.field-missing",),
        departures=("item-field-missing", "xml-broken"),
    ),
    quirks.FRAGMENTS_LOST: Finding(
        "queries",
        "Asks once more and leaves it open, for over UDP it may be the path; over TCP all comes.",
        open=("gb-queries.unanswered",),
        whole=False,
    ),
    quirks.RECORDS_NOT_PAGED: Finding(
        "records", "Takes the large message.", departures=("sip-datagram-size",)
    ),
    quirks.AT_ONCE: Finding("queries", _SEVERAL),
    quirks.COUNTS_ITSELF: Finding(
        "queries",
        "Waits for the item, asks once more, and goes on with those that came.",
        fails=("gb-queries.catalog-incomplete",),
        departures=("item-parent",),
    ),
    quirks.TWO_A_MESSAGE: Finding("records", "Bounds each gap and not the whole answer."),
    quirks.ONE_QUERY: Finding(
        "records",
        "Asks twice at once to see it; all that it needs it asks one by one.",
        departures=("record-queries-one-by-one",),
    ),
    quirks.WANTS_TYPE: Finding(
        "records",
        "Asks once without Type to see it; all that it needs it asks with Type.",
        departures=("record-type-wanted",),
    ),
    quirks.RESTARTS_UNTOLD: Finding(
        "control",
        "Waits until the device registers anew, and goes on (only with --intrusive).",
        departures=("config-unanswered",),
    ),
    quirks.OTHER_ELEMENT: Finding(
        "keepalive", "Knows the block by what it holds.", departures=("config-block",)
    ),
    quirks.STATUS_FROM_OTHER: Finding(
        "records", "Knows the session by its Call-ID.", departures=("mediastatus-sender",)
    ),
    quirks.FILE_BY_FILE: Finding(
        "records",
        "Plays across the seam of two files, and takes MediaStatus for the end.",
        departures=("playback-ends-early",),
    ),
    quirks.CONTROL_IGNORED: Finding(
        "records",
        "Believes the time stamps and not the 200.",
        fails=("gb-records.seek-ignored",),
        open=("gb-records.end-not-reached",),
        also=("gb-records.pause-goes-on", "gb-records.scale-ignored"),
    ),
    quirks.KEEPALIVE_MISSING: Finding(
        "keepalive",
        "Watches for keepalives apart from registration.",
        fails=("gb-keepalive.none",),
    ),
    quirks.NO_RENEWAL: Finding(
        "registration",
        "Grants a short registration and watches past its end.",
        fails=("gb-refresh.none",),
    ),
    quirks.PORT_CHANGES: Finding("keepalive", "Sends to where the last keepalive came from."),
    quirks.PRIVATE_CONTACT: Finding("live", "Sends to where the device speaks from."),
    quirks.NO_LISTENER: Finding("live", "Speaks through the connection that the device opened."),
    quirks.ABSURD_HEARTBEAT: Finding(
        "keepalive", "Does not believe it and keeps to the agreed one.", departures=("value",)
    ),
    quirks.STORM: Finding("live", "Answers every one of them.", departures=("register-storm",)),
    platform.DATE_IN_UTC: Finding(
        "clock",
        "Asks the camera below for its time: it follows the platform's Date.",
        fails=("clock-offset.below-limit",),
        as_device=("gb-platform.clock-off", "gb-platform.date-zone"),
    ),
    platform.DOMAIN_IN_URI: Finding(
        "platform", "Gets the picture: the camera below minds the user part alone."
    ),
    platform.STATES_WRONG: Finding(
        "platform",
        "Subscribes to the catalog, and believes the answer to a query.",
        departures=("notify-contradicts-catalog",),
    ),
    quirks.CONSTANT_CSEQ: Finding("queries", "Tells requests apart by Call-ID and branch."),
    quirks.SENDS_ON: Finding("live", "Watches on after BYE.", fails=("gb-live.goes-on",)),
    quirks.NEEDS_ALGORITHM: Finding(
        "registration",
        "Leaves the algorithm out once to see it, and names it in every other challenge.",
        departures=("digest-algorithm-wanted",),
    ),
    quirks.TRYING_MISUNDERSTOOD: Finding(
        "registration",
        "Answers one REGISTER with 100 first to see it, and no other.",
        departures=("forbidden-after-trying",),
    ),
    quirks.CONTROL_CHARACTER: Finding(
        "queries", "Leaves the byte out and reads on.", departures=("xml-control-characters",)
    ),
    quirks.LENGTH_ZERO: Finding(
        "queries",
        "Finds the end of the body by itself.",
        departures=("sip-content-length-short",),
    ),
    quirks.BROKEN_BEYOND_12_H: Finding(
        "records", "Reads what can be read of the answer.", departures=("xml-broken",)
    ),
    quirks.ONE_A_MESSAGE: Finding("queries", _SEVERAL),
    quirks.MAP_CHECKSUM: Finding(
        "live", _LENIENT, fails=("gb-live.malformed-stream",), departures=("ps-map-checksum",)
    ),
    platform.ALWAYS_FORBIDDEN: Finding(
        "platform",
        "Finds the platform's cameras off, and no picture.",
        fails=("gb-system.nothing-listed",),
        whole=False,
    ),
}
"""By name of the quirk."""
