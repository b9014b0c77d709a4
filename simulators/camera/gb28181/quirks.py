"""Habits of devices met in the field, by number of the fact sheet: names, and what they change.

``seen`` says where each was met. What a platform does is in ``simulators.platform``.
"""

from __future__ import annotations

import re
from dataclasses import replace

from protocols.mpeg_ps.build import Flaws
from simulators.behaviours import defect, variant
from simulators.camera.state import CameraState

WVP = "wvp-GB28181-pro"
ZLM = "ZLMediaKit"

OTHER_Y = defect(
    "quirk-01-answers-another-y",
    "The answer's y= and the RTP SSRC are the device's own, not those ordered.",
    f"{WVP} PlayServiceImpl; {WVP}#1119, #955, #159",
)
NO_Y = defect(
    "quirk-02-no-y-in-answer", "The answer has no y=; the ordered SSRC is used.", f"{WVP}; capture"
)
THIRD_SSRC = defect(
    "quirk-03-rtp-ssrc-differs-from-both",
    "The RTP SSRC is neither the ordered nor the answered one.",
    f"{WVP} manual",
)
EMPTY_ADDRESS = defect(
    "quirk-05-empty-address-in-answer", "o= and c= of the answer hold no address.", f"{WVP}#1703"
)
Y_MUST_BE_LAST = variant(
    "quirk-06-y-must-be-last",
    "An offer whose y= is followed by attributes is answered with 415.",
    "Monibuca#123",
)
PASSWORD_IN_ANSWER = defect(
    "quirk-07-password-lines-in-answer",
    "The answer has a=username and a=password lines.",
    "public capture of 2018",
)
UNKNOWN_TYPE = defect(
    "quirk-08-unknown-payload-type",
    "Program stream packets come with a payload type that nobody declared (126).",
    f"{WVP}; {ZLM}",
)
MAP_LENGTH = defect(
    "quirk-09-map-length-inconsistent",
    "The elementary stream map's length does not agree with the program stream map's.",
    f"{ZLM}#2325, #2805, #1535, #4298",
)
MAP_SAYS_H264 = defect(
    "quirk-10-map-says-h264-stream-is-h265",
    "The program stream map says H.264 while the pictures are H.265.",
    f"{ZLM}#266",
)
SOUND_AT_8_KHZ = defect(
    "quirk-11-audio-clock-8khz", "Time stamps of sound run at 8 kHz.", f"{ZLM}#1867"
)
TIME_WRAPS = variant(
    "quirk-12-pts-wraps", "The 33-bit PTS wraps two seconds after the start.", f"{ZLM}#1867"
)
SOUND_NEVER_SENT = variant(
    "quirk-13-declared-audio-never-sent",
    "The map declares sound, and none is ever sent.",
    f"{ZLM} configuration",
)
BARE_AMPERSAND = defect(
    "quirk-14-unescaped-ampersand", "The Address of catalog items holds a bare & and <.", WVP
)
ODD_VALUES = defect(
    "quirk-15-parental-65535-status-online",
    "Parental is 65535 and Status ONLINE.",
    f"{WVP} XmlUtil (DS-7716N-E4)",
)
OTHER_CHARSET = defect(
    "quirk-16-gb2312-declared-utf8-sent", "XML declared GB2312 is sent in UTF-8.", f"{WVP} manual"
)
CUT_MESSAGE = defect(
    "quirk-17-catalog-cut-in-an-item",
    "The catalog's first message ends within an item.",
    f"{WVP}#853, #858",
)
FRAGMENTS_LOST = defect(
    "quirk-18-large-datagrams-never-arrive",
    "Catalog messages above 1400 bytes are sent and never arrive.",
    f"{WVP}#1287, #920, #2109",
)
RECORDS_NOT_PAGED = defect(
    "quirk-19-records-not-paged",
    "The answer to a record query is one message beyond the MTU.",
    f"{WVP}#2138",
)
AT_ONCE = variant(
    "quirk-20-answers-at-once",
    "All messages of an answer are sent at once, the last one first.",
    f"{WVP}#464, #9",
)
COUNTS_ITSELF = defect(
    "quirk-21-sumnum-counts-itself",
    "SumNum of the catalog counts an item that is not sent; ParentID is the SIP domain.",
    f"{WVP}#21, #1880",
)
TWO_A_MESSAGE = variant(
    "quirk-22-two-records-a-message",
    "Records come two in a message, with a pause midway.",
    f"{WVP}#985, #2232",
)
ONE_QUERY = defect(
    "quirk-23-second-record-query-times-out",
    "While one record query is answered, a second one is not.",
    f"{WVP}#768, #980",
)
WANTS_TYPE = defect(
    "quirk-24-record-query-needs-type",
    "A record query without Type is answered with nothing found.",
    f"{WVP} SIPCommander (Dahua)",
)
RESTARTS_UNTOLD = defect(
    "quirk-25-config-restarts-unanswered",
    "DeviceConfig is applied without an answer, and the device restarts.",
    f"{WVP} SIPCommander (Uniview)",
)
OTHER_ELEMENT = defect(
    "quirk-26-config-element-named-otherwise",
    "The block of ConfigDownload is not named as its ConfigType.",
    f"{WVP} SIPCommander (Uniview)",
)
STATUS_FROM_OTHER = defect(
    "quirk-27-mediastatus-from-another-id",
    "The From of MediaStatus is not the device's ID.",
    f"{WVP} MessageRequestProcessor (Hikvision)",
)
FILE_BY_FILE = defect(
    "quirk-28-mediastatus-after-each-file",
    "Playback ends with MediaStatus at the end of the first file of the span.",
    "Monibuca#111",
)
CONTROL_IGNORED = defect(
    "quirk-29-playback-control-ignored",
    "Pause, speed and place are answered with 200 and ignored.",
    f"{WVP}#306, #277",
)
KEEPALIVE_MISSING = defect(
    "quirk-30-registered-without-keepalive",
    "Registered, the device sends no keepalive.",
    f"{WVP}#2006",
)
NO_RENEWAL = defect(
    "quirk-31-no-registration-at-expiry",
    "Nothing happens when the registration runs out.",
    f"{WVP}#861 (Huawei)",
)
PORT_CHANGES = variant(
    "quirk-32-keepalives-from-another-port",
    "Keepalives come from a source port other than that of the registration.",
    f"{WVP}#1818, #2153, #2227, #2235",
)
PRIVATE_CONTACT = variant(
    "quirk-33-private-contact", "The Contact holds a private address.", f"{WVP} settings"
)
NO_LISTENER = variant(
    "quirk-34-no-new-connections",
    "Over TCP the device listens nowhere: its own connection is all there is.",
    f"{WVP}#2235",
)
ABSURD_HEARTBEAT = defect(
    "quirk-35-heartbeat-zero", "ConfigDownload tells a heartbeat interval of 0.", f"{WVP}#2220"
)
STORM = defect(
    "quirk-36-register-storm",
    "The device registers anew twenty times a second.",
    f"{WVP} configuration",
)
CONSTANT_CSEQ = variant(
    "quirk-40-constant-cseq",
    "Every MESSAGE has CSeq 20, each in a new Call-ID.",
    "public capture of 2018; GB/T 28181-2016 annex J",
)
SENDS_ON = defect(
    "quirk-41-sends-on-after-bye", "BYE is answered, and media go on for eight seconds.", "general"
)
NEEDS_ALGORITHM = defect(
    "quirk-42-no-credentials-without-algorithm",
    "A challenge without algorithm is answered without credentials.",
    "panjjo/gosip#7 (Dahua)",
)
TRYING_MISUNDERSTOOD = defect(
    "quirk-43-forbidden-after-trying",
    "When REGISTER was first answered with 100, Catalog is answered with 403.",
    "AKStream#58 (Dahua)",
)
CONTROL_CHARACTER = defect(
    "quirk-44-control-character-in-address",
    "Address holds the byte 01H.",
    f"{WVP}#541 (Hikvision)",
)
LENGTH_ZERO = defect(
    "quirk-45-content-length-0-with-body",
    "Catalog messages say Content-Length 0 and have a body.",
    f"{WVP}#575 (Dahua)",
)
BROKEN_BEYOND_12_H = defect(
    "quirk-46-broken-xml-beyond-12-hours",
    "The answer to a query for more than 12 h of records is no well-formed XML.",
    f"{WVP}#291 (Hikvision)",
)
ONE_A_MESSAGE = variant(
    "quirk-47-one-item-a-message", "The catalog comes with one item in each message.", f"{WVP}#853"
)
MAP_CHECKSUM = defect(
    "quirk-48-map-with-wrong-crc",
    "The CRC of the program stream map is wrong, and headers travel in packets of their own.",
    f"{ZLM}#324, #1533 (Dahua)",
)

WRAP_AFTER_S = 2.0
AFTER_BYE_S = 8.0
PAUSE_MIDWAY_S = 0.8
UNKNOWN_PAYLOAD_TYPE = 126


def flaws(state: CameraState, given: Flaws) -> Flaws:
    """The flaws of a program stream with those of quirks."""
    if state.has(MAP_LENGTH):
        given = replace(given, stream_map_length_error=4)
    if state.has(MAP_SAYS_H264):
        given = replace(given, video_type=0x1B)
    if state.has(SOUND_AT_8_KHZ):
        given = replace(given, audio_clock=8000)
    if state.has(MAP_CHECKSUM):
        given = replace(given, map_checksum=False)
    return given


def ssrc(state: CameraState, ordered: int) -> tuple[int, int]:
    """The SSRC of the answer and that of the packets."""
    answered = ordered + 1000 if state.has(OTHER_Y) else ordered
    return answered, answered + 77 if state.has(THIRD_SSRC) else answered


def dress_answer(state: CameraState, body: bytes) -> bytes:
    """A session description as the device writes it."""
    if state.has(NO_Y):
        body = re.sub(rb"y=[^\r\n]*\r\n", b"", body)
    if state.has(EMPTY_ADDRESS):
        body = re.sub(rb"IN IP4 [0-9.]+", b"IN IP4 ", body)
    if state.has(PASSWORD_IN_ANSWER):
        lines = b"a=username:61010000001320000001\r\na=password:12345678\r\n"
        body = body.replace(b"a=sendonly\r\n", b"a=sendonly\r\n" + lines)
    return body


def dress_body(
    state: CameraState, command: str, body: bytes, *, first: bool = True, wide: bool = False
) -> bytes:
    """An XML body as the device writes it.

    ``first``: the first message of its answer; ``wide``: it answers a query for more than 12 h.
    """
    if command == "Catalog":
        end = b"</Address>"
        if state.has(BARE_AMPERSAND):
            body = body.replace(end, b" A&B <1>" + end)
        if state.has(CONTROL_CHARACTER):
            body = body.replace(end, b"\x01" + end)
        if state.has(ODD_VALUES):
            body = re.sub(rb"<Parental>\d</Parental>", b"<Parental>65535</Parental>", body)
            body = body.replace(b"<Status>ON</Status>", b"<Status>ONLINE</Status>")
        if first and state.has(CUT_MESSAGE):
            body = body[: len(body) * 2 // 3]
    if command == "ConfigDownload":
        if state.has(OTHER_ELEMENT):
            body = re.sub(rb"(</?)BasicParam>", rb"\1BasicParamCfg>", body)
        if state.has(ABSURD_HEARTBEAT):
            body = re.sub(rb"<HeartBeatInterval>\d+<", b"<HeartBeatInterval>0<", body)
    if command == "RecordInfo" and wide and state.has(BROKEN_BEYOND_12_H):
        body = body.replace(b"</RecordList>", b"</RecordLis", 1)
    return body


def refuses_offer(state: CameraState, offer: bytes) -> bool:
    """Whether an offer is answered with 415 for the place of its y=."""
    return (
        state.has(Y_MUST_BE_LAST)
        and re.search(rb"(?m)^y=[^\n]*\n(?:[^f].*\n)*a=", offer) is not None
    )
