"""What ``fuzz_parsers`` fuzzes: each parser with seeds made by the builders.

A target takes bytes and may raise nothing but ``ProtocolError``. Every step of a target that can
fail stands in ``tried`` so that one refusal does not keep the others from the input.
"""

from __future__ import annotations

import contextlib
import functools
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

from protocols.errors import ProtocolError
from protocols.gb28181 import (
    alarms,
    assembly,
    catalog,
    configuration,
    control,
    cruises,
    device,
    identifiers,
    manscdp,
    mansrtsp,
    media_parameters,
    note,
    notifications,
    ptz,
    records,
    ssrc,
    subject,
    subscriptions,
    texts,
    times,
    typed,
    versions,
)
from protocols.gb28181 import sdp as gb_sdp
from protocols.mpeg_ps.build import Flaws, ProgramStreamBuilder
from protocols.mpeg_ps.conformance import judge_program_stream
from protocols.mpeg_ps.demultiplex import demultiplex
from protocols.mpeg_ps.parse import ProgramStreamParser
from protocols.rtp_stream import FrameSplitter, frame, payload_of_packets, read_packets
from protocols.sip import authentication, capture, conformance, dates, fields, framing, uri
from protocols.sip.message import SipRequest, parse_message, split_list
from protocols.sip.passed import PassedMessage
from protocols.srtp import SrtpReceiver, SrtpSender, new_crypto_line, parse_crypto_line

DEVICE = "34020000001320000001"
SERVER = "34020000002000000001"
EDITIONS: tuple[manscdp.Edition, ...] = ("2016", "2022")


@dataclass(frozen=True)
class Target:
    """A parser: ``run`` takes any bytes, ``seeds`` makes the first inputs, ``words`` go in."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    words: tuple[bytes, ...] = ()


def tried(call: Callable[..., object], *arguments: object) -> object:
    """What ``call`` returns, None when it refuses by ``ProtocolError``."""
    try:
        return call(*arguments)
    except ProtocolError:
        return None


# --- SIP ---------------------------------------------------------------------------------------


def run_sip_message(data: bytes) -> None:
    """The parser, every reader of single headers, and the strict judge."""
    message = parse_message(data)
    for read in (
        fields.top_via,
        fields.sequence_of,
        fields.from_of,
        fields.to_of,
        fields.contacts_of,
        fields.expires_of,
        conformance.judge_message,
    ):
        tried(read, message)
    if isinstance(message, SipRequest):
        tried(authentication.credentials_of, message)
        tried(uri.parse_uri, message.uri)
        tried(
            lambda: authentication.check_authorization(
                message, "secret", realm="3402000000", nonce="n"
            )
        )
    message.to_bytes()


def run_sip_framing(data: bytes) -> None:
    """A connection that delivers in three pieces."""
    splitter = framing.StreamSplitter(maximum_header=4096, maximum_body=65_536)
    third = len(data) // 3
    for piece in (data[:third], data[third : 2 * third], data[2 * third :]):
        splitter.feed(piece)


def run_sip_fields(data: bytes) -> None:
    """The readers of single header values."""
    text = data.decode("utf-8", "replace")
    for read in (
        uri.parse_uri,
        uri.parse_name_address,
        uri.parse_parameters,
        fields.parse_via,
        fields.parse_cseq,
        fields.parse_seconds,
        dates.parse_gb_date,
        split_list,
    ):
        tried(read, text)
    uri.same_host(text, "2001:db8::1")


def run_sip_capture(data: bytes) -> None:
    """The reader of recorded conversations, and the mask."""
    capture.masked(data)
    authentication.mask_credentials(data)
    capture.read_conversation(data)


def sip_seeds() -> list[bytes]:
    """Requests and responses as devices send them."""
    via = f"Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK1\r\nFrom: <sip:{DEVICE}@3402>;"
    head = f"{via}tag=a\r\nTo: <sip:{SERVER}@3402>\r\nCall-ID: c@192.0.2.1\r\nCSeq: 1 "
    digest = 'Digest username="u", realm="3402000000", nonce="n", uri="sip:x@y", response="'
    seeds = []
    for method, more, body in (
        ("REGISTER", f"Contact: <sip:{DEVICE}@192.0.2.1:5060>\r\nExpires: 3600\r\n", b""),
        ("REGISTER", f'Authorization: {digest}{"0" * 32}", algorithm=MD5\r\n', b""),
        ("MESSAGE", f"Content-Type: {manscdp.CONTENT_TYPE}\r\n", manscdp_seeds()[0]),
        ("INVITE", f"Subject: {DEVICE}:0,{SERVER}:0\r\nContent-Type: APPLICATION/SDP\r\n", b"v=0"),
        ("SUBSCRIBE", "Event: Catalog;id=1\r\nExpires: 600\r\nm: <sip:a@b>\r\n", b""),
    ):
        start = f"{method} sip:{SERVER}@3402000000 SIP/2.0\r\n{head}{method}\r\n{more}"
        seeds.append(f"{start}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    challenge = 'WWW-Authenticate: Digest realm="3402000000", nonce="n", qop="auth"\r\n'
    seeds.append(f"SIP/2.0 401 Unauthorized\r\n{head}REGISTER\r\n{challenge}\r\n".encode())
    date = "Date: 2026-11-02T15:01:26.115\r\nExpires: 60\r\nX-GB-Ver: 3.0\r\n"
    seeds.append(f"SIP/2.0 200 OK\r\n{head}REGISTER\r\n{date}Content-Length: 0\r\n\r\n".encode())
    return seeds


def sip_field_seeds() -> list[bytes]:
    """Single header values."""
    return [
        one.encode()
        for one in (
            f"sip:{DEVICE}@192.0.2.1:5060;transport=tcp?a=b",
            f'"Gate \\" 1" <sip:{DEVICE}@3402000000>;tag=1;expires=60',
            "SIP/2.0/TCP [2001:db8::1]:5060;branch=z9hG4bK1;received=192.0.2.1;rport=5061",
            "20 MESSAGE",
            "2026-11-02T15:01:26.115",
            "Tue, 02 Nov 2010 15:01:26 GMT",
            "3600",
        )
    ]


def capture_seeds() -> list[bytes]:
    """A short recording."""
    ends = ("192.0.2.1", 5060), ("192.0.2.2", 5060)
    passed = [PassedMessage(1.0, True, "udp", *ends, one) for one in sip_seeds()[:3]]
    ends_6 = ("2001:db8::1", 5060), ("2001:db8::2", 5060)
    passed_6 = [PassedMessage(1.0, False, "tcp", *ends_6, one) for one in sip_seeds()[:2]]
    conversations = [capture.write_conversation(one) for one in (passed, passed_6)]
    return [*conversations, sip_seeds()[1]]


# --- MANSCDP and its companions ------------------------------------------------------------------


def run_manscdp(data: bytes) -> None:
    """Envelope, typed reader and judge of both editions, assemblies."""
    message = manscdp.parse_manscdp(data)
    for edition in EDITIONS:
        typed.judge_message(message, edition=edition)
    tried(manscdp.read_result, message)
    if message.command == "Catalog":
        page = catalog.read_catalog(message)
        assembled = assembly.CatalogAssembly(message.sn)
        assembled.add(page)
        assembled.add(page)
    elif message.command == "RecordInfo":
        taken = assembly.RecordAssembly(message.sn)
        taken.add(records.read_records(message))
    elif message.command == "ConfigDownload":
        configuration.read_config_types(message)


def run_texts(data: bytes) -> None:
    """Character sets."""
    decoded = texts.decode_xml(data)
    texts.encode_xml(decoded.text.encode("utf-8", "replace").decode(), "gb2312")


def run_gb_sdp(data: bytes) -> None:
    """Offers and answers."""
    session = gb_sdp.parse_session(data)
    gb_sdp.judge_offer(session)
    gb_sdp.judge_answer(session, session)
    with contextlib.suppress(ValueError):
        session.to_bytes()


def run_mansrtsp(data: bytes) -> None:
    """Requests and answers."""
    command = tried(mansrtsp.parse_command, data)
    if isinstance(command, mansrtsp.PlaybackCommand):
        assert command.what
        command.to_bytes()
    tried(mansrtsp.parse_answer, data)


def run_gb_values(data: bytes) -> None:
    """Everything that is one line of text."""
    text = data.decode("utf-8", "replace")
    command = tried(ptz.parse_ptz, text)
    if isinstance(command, ptz.PtzCommand):
        command.describe()
    for read in (
        subject.parse_subject,
        ssrc.parse_y,
        media_parameters.parse_media_parameters,
        times.parse_time,
        note.parse_note,
        subscriptions.parse_event,
        subscriptions.parse_subscription_state,
        versions.read_version,
        identifiers.parse_identifier,
        identifiers.judge_identifier,
        identifiers.domain_of,
        manscdp.judge_content_type,
        parse_crypto_line,
    ):
        tried(read, text)


def manscdp_seeds() -> list[bytes]:
    """A message of every kind."""
    item = catalog.CatalogItem(
        DEVICE,
        "北门 & 1",
        "M",
        "IPC",
        "O",
        "610102",
        address="西安",
        parental=0,
        parent_id=SERVER,
        register_way=1,
        secrecy=0,
        status="ON",
        longitude=108.9,
        latitude=34.2,
        ptz_type=1,
    )
    record = records.RecordItem(DEVICE, "北门", 1_700_000_000, 1_700_003_600, record_type="time")
    state = device.AlarmState(DEVICE, "ONDUTY")
    position = notifications.Position(1_700_000_000, 108.9, 34.2, 5, 90, 400, DEVICE)
    basic = configuration.BasicParameters("IPC", 3600, 60, 3).fields()
    video = configuration.VideoAttribute(0, "2", "6", 25, "1", 4000).fields()
    conditions = alarms.AlarmConditions((2, 5), (1,), 1, 4, 1_700_000_000, 1_700_003_600)
    window = dict.fromkeys(("Length", "Width", "MidPointX", "MidPointY", "LengthX", "LengthY"), 9)
    return [
        notifications.build_keepalive(1, DEVICE, faulty=[DEVICE]),
        catalog.build_catalog_query(SERVER, 2, start=0, end=1),
        catalog.build_catalog(SERVER, 2, [item, item], sum_num=3),
        catalog.build_catalog(SERVER, 2, [item], charset="UTF-8", kind="Notify"),
        catalog.build_catalog(SERVER, 2, []),
        device.build_device_info(device.DeviceInfo(3, DEVICE, True, "IPC", "M", "X", "1", 1)),
        device.build_device_status(
            device.DeviceStatus(4, DEVICE, device_time=1.7e9, encode=True, alarm_states=(state,))
        ),
        device.build_presets(5, DEVICE, [device.Preset(1, "门")]),
        configuration.build_config_query(6, DEVICE, ["BasicParam", "VideoParamOpt"]),
        configuration.build_config_download(
            6, DEVICE, [("BasicParam", basic), ("VideoParamAttribute", [("Item", video)])]
        ),
        configuration.build_device_config(7, DEVICE, [("BasicParam", basic)]),
        records.build_record_query(8, DEVICE, records.RecordQuery(0, 1)),
        records.build_records(DEVICE, 8, [record], sum_num=2),
        alarms.build_alarm(alarms.Alarm(9, DEVICE, 1, 5, 1.7e9, "x", 1.0, 2.0, 6, 1)),
        alarms.build_alarm_query(10, DEVICE, conditions),
        notifications.build_media_status(11, DEVICE),
        notifications.build_mobile_position(12, DEVICE, [position]),
        notifications.build_mobile_position(12, DEVICE, [position], edition="2022"),
        notifications.build_broadcast(13, SERVER, DEVICE),
        notifications.build_finished(
            notifications.Finished("DeviceUpgradeResult", 14, DEVICE, "s", True, "1")
        ),
        control.build_ptz(15, DEVICE, ptz.move(pan=50), priority=5),
        control.build_home_position(16, DEVICE, True, reset_time_s=60, preset=1),
        control.build_drag_zoom(17, DEVICE, window, zoom_in=True),
        control.build_alarm_reset(18, DEVICE, method="2", alarm_type="1"),
        manscdp.build_result("DeviceControl", 18, DEVICE),
        subscriptions.build_position_query(19, DEVICE),
        cruises.build_memory_cards(20, DEVICE, [cruises.MemoryCard(1, "sd")]),
        cruises.build_cruise_list(21, DEVICE, [cruises.CruiseTrack(1, "x")]),
        cruises.build_cruise(21, DEVICE, cruises.CruiseTrack(1, "x", ((1, 2, 3),))),
        cruises.build_ptz_position(cruises.PtzPosition(22, DEVICE, 1.0, 2.0, 3.0)),
        cruises.build_home_position_answer(cruises.HomePosition(23, DEVICE, True, 60, 1)),
    ]


def sdp_seeds() -> list[bytes]:
    """Offers and answers of every kind."""
    parameters = media_parameters.parse_media_parameters("v/2/6/25/1/4000a/1/8/1")
    offer = functools.partial(gb_sdp.build_offer, owner=SERVER, address="192.0.2.2", port=30_000)
    offers = [
        offer(ssrc=100_000_001, parameters=parameters),
        offer(ssrc=1, transport="tcp", crypto=["1 A inline:AAAA"]),
        offer(
            ssrc=1_100_000_001,
            name="Download",
            channel=DEVICE,
            start=1_700_000_000,
            stop=1_700_003_600,
            download_speed=4,
        ),
        offer(ssrc=2, kind="audio", formats=["PCMA"]),
    ]
    answers = [
        gb_sdp.build_answer(
            gb_sdp.parse_session(one), owner=DEVICE, address="192.0.2.1", port=9, file_size=5
        )
        for one in offers
    ]
    return offers + answers


def mansrtsp_seeds() -> list[bytes]:
    """Every command, and an answer."""
    commands = [mansrtsp.resume(1), mansrtsp.pause(2), mansrtsp.speed(3, -0.5)]
    commands += [mansrtsp.seek(4, 100), mansrtsp.teardown(5)]
    answer = mansrtsp.PlaybackAnswer(200, "OK", 5, "npt=0-100", 7, 9000)
    return [*(one.to_bytes() for one in commands), answer.to_bytes()]


def value_seeds() -> list[bytes]:
    """One-line values."""
    digested = note.DigestedMessage("f", "t", "c", "d")
    return [
        one.encode()
        for one in (
            "A50F4D1000001021",
            str(subject.Subject(DEVICE, "0100000001", SERVER)),
            "0100000001",
            "v/2/6/25/1/4000a/1/8/1",
            "2026-11-02T15:01:26.5+08:00",
            str(note.build_note(digested, "seed")),
            "Catalog;id=7",
            "active;expires=600;reason=x",
            "3.0",
            DEVICE,
            new_crypto_line().build(),
        )
    ]


# --- Media -------------------------------------------------------------------------------------

KEY = b"\0\0\0\1\x67\x42\0\x1e\xab\0\0\0\1\x68\xce\x3c\x80\0\0\0\1\x65" + bytes(range(1, 40))
OTHER = b"\0\0\0\1\x41" + bytes(range(1, 30))


def ps_seeds() -> list[bytes]:
    """Short program streams, right and wrong."""
    seeds = []
    for video, flaws in (
        ("H264", Flaws()),
        ("H265", Flaws(map_checksum=False)),
        ("H264", Flaws(pes_length_zero=True, map_length_error=3)),
        ("SVAC", Flaws(one_pes_a_unit=True)),
    ):
        builder = ProgramStreamBuilder(video, "PCMA", flaws=flaws)
        packs = [builder.picture(KEY, 9000, True), builder.sound(bytes(40), 9000)]
        packs.append(builder.picture(OTHER, 12_600, False))
        seeds.append(b"".join(packs))
    return seeds


def run_ps(data: bytes) -> None:
    """Demultiplexer and judge."""
    tried(demultiplex, data)
    tried(judge_program_stream, data)


def run_ps_pieces(data: bytes) -> None:
    """The parser fed piece by piece."""
    parser = ProgramStreamParser()
    for start in range(0, len(data), 61):
        parser.feed(data[start : start + 61])


def rtp_packets() -> list[bytes]:
    """A few RTP packets of one program stream."""
    stream = ps_seeds()[0]
    return [
        struct.pack(">BBHII", 0x80, 96, number, 9000, 100_000_001) + stream[at : at + 60]
        for number, at in enumerate(range(0, len(stream), 60), 65_533)
        if number < 65_536
    ]


def rtp_seeds() -> list[bytes]:
    """Connections in both framings, with and without a private header."""
    framed = b"".join(frame(one) for one in rtp_packets())
    marked = b"".join(b"$\0" + struct.pack(">H", len(one)) + one for one in rtp_packets())
    return [framed, marked, bytes(256) + framed]


def run_rtp_stream(data: bytes) -> None:
    """Framing in two pieces, then order and payload."""
    splitter = FrameSplitter()
    packets = splitter.feed(data[: len(data) // 2])
    packets += splitter.feed(data[len(data) // 2 :])
    payload_of_packets(read_packets(packets))


_LINE = new_crypto_line()


def srtp_seeds() -> list[bytes]:
    """Protected packets."""
    sender = SrtpSender(_LINE)
    return [sender.rtp(one) for one in rtp_packets()]


_RECEIVER = SrtpReceiver(_LINE)


def run_srtp(data: bytes) -> None:
    """A receiver that gets the packet as RTP and as RTCP."""
    tried(_RECEIVER.rtp, data)
    tried(_RECEIVER.rtcp, data)


_XML: tuple[bytes, ...] = (
    b"&amp;",
    b"&#1;",
    b"&",
    b"<",
    b"</",
    b"<Item>",
    b"</Item>",
    b"\x01",
    b"<!--",
    b"<![CDATA[",
)
_XML += (b"65535", b"-1", b"ONLINE", b"\xc4\xe3", b"\xe4\xbd\xa0", b'Num="9"', b"<Info>", b"\xff")
_SIP: tuple[bytes, ...] = (
    b"\r\n",
    b"\r\n ",
    b"\n",
    b":",
    b";",
    b",",
    b"<",
    b">",
    b'"',
    b"\\",
    b"SIP/2.0",
    b"sip:",
)
_SIP += (b"v: ", b"l: 99999999999", b"\x00", b"[", b"]", b"4294967296", b"\xff", b"tag=")
_SDP: tuple[bytes, ...] = (
    b"y=",
    b"f=",
    b"\r\n",
    b"\n",
    b"a=setup:active",
    b"m=video 0 RTP/AVP",
    b"0000000000",
    b"/",
)
_PS = tuple(b"\0\0\1" + bytes([one]) for one in (0xBA, 0xBB, 0xBC, 0xE0, 0xC0, 0xBD, 0xB9, 0x00))
_PS += (b"\0\0", b"\xff\xff", b"\0\0\0\0", b"\x80" * 4)

TARGETS: dict[str, Target] = {
    "sip.message": Target(run_sip_message, sip_seeds, _SIP),
    "sip.framing": Target(run_sip_framing, lambda: [b"".join(sip_seeds())], _SIP),
    "sip.fields": Target(run_sip_fields, sip_field_seeds, _SIP),
    "sip.capture": Target(run_sip_capture, capture_seeds, _SIP),
    "gb28181.manscdp": Target(run_manscdp, manscdp_seeds, _XML),
    "gb28181.texts": Target(run_texts, manscdp_seeds, _XML),
    "gb28181.sdp": Target(run_gb_sdp, sdp_seeds, _SDP),
    "gb28181.mansrtsp": Target(run_mansrtsp, mansrtsp_seeds, _SDP),
    "gb28181.values": Target(run_gb_values, value_seeds, _SIP),
    "mpeg_ps.whole": Target(run_ps, ps_seeds, _PS),
    "mpeg_ps.pieces": Target(run_ps_pieces, ps_seeds, _PS),
    "rtp_stream": Target(run_rtp_stream, rtp_seeds, (b"$\0", b"\x80\x60", b"\0\0", b"\xff\xff")),
    "srtp": Target(run_srtp, srtp_seeds, (b"\x80\x60", b"\x80\xc8", b"\x90", b"\xff\xff")),
}


def mutate(data: bytes, other: bytes, words: tuple[bytes, ...], rng: random.Random) -> bytes:
    """``data`` changed in one to six places."""
    out = bytearray(data)
    for _ in range(1 + int(rng.random() * 6)):
        size = len(out)
        at = int(rng.random() * (size + 1))
        kind = int(rng.random() * 8)
        if kind == 0 and at < size:
            out[at] ^= 1 << int(rng.random() * 8)
        elif kind == 1 and at < size:
            out[at] = int(rng.random() * 256)
        elif kind == 2:
            del out[at : at + 1 + int(rng.random() * 16)]
        elif kind == 3:
            out[at:at] = out[at : at + 1 + int(rng.random() * 64)]
        elif kind == 4:
            start = int(rng.random() * (len(other) + 1))
            out[at:at] = other[start : start + 1 + int(rng.random() * 64)]
        elif kind == 5 and words:
            word = words[int(rng.random() * len(words))]
            out[at : at + (len(word) if rng.random() < 0.5 else 0)] = word
        elif kind == 6 and rng.random() < 0.25:
            del out[at:]
        else:
            out[at:at] = rng.randbytes(1 + int(rng.random() * 4))
    return bytes(out[:8192])
