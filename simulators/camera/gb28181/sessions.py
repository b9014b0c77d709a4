"""Media sessions that the platform asks for: INVITE, ACK, INFO, BYE (clause 9.2, 9.8, 9.9)."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from protocols.errors import ProtocolError
from protocols.gb28181.sdp import CONTENT_TYPE, GbSession, media_protocol, parse_session
from protocols.sip.dialog import Dialog
from protocols.sip.endpoint import IncomingRequest, Peer
from protocols.sip.uri import parse_uri
from protocols.srtp import SrtpSender, new_crypto_line, parse_crypto_line
from simulators.behaviours import defect
from simulators.camera import overlay
from simulators.camera.encoders import Clip, ClipSpec
from simulators.camera.gb28181 import quirks
from simulators.camera.gb28181 import stream_faults as faults
from simulators.camera.gb28181.carriers import (
    ConnectingPath,
    DeafPath,
    ListeningPath,
    MediaPath,
    SecureCarrier,
    UdpPath,
)
from simulators.camera.gb28181.history import file_bytes, pictures_from
from simulators.camera.gb28181.markup import CONTENT_TYPE as XML
from simulators.camera.gb28181.markup import e
from simulators.camera.gb28181.media import MediaStream, StreamPlan
from simulators.camera.gb28181.pictures import (
    LivePictures,
    PictureSource,
    clip_of,
    head_pictures,
    warm_view,
)
from simulators.camera.gb28181.playback import control
from simulators.camera.gb28181.records import SEGMENT_S, recorded
from simulators.camera.street import Picture

if TYPE_CHECKING:
    from simulators.camera.gb28181.device import GbDevice

NO_MEDIA_STATUS = defect("no-mediastatus", "At the end of a playback no MediaStatus is sent.")
TRUNCATED = defect("download-truncated", "A download ends after 60 % of the file, as if whole.")

MOST_SESSIONS = 128
_TRUNCATED_SHARE = 0.6
_LINGER_S = 60.0
_FARTHEST_SPEED = 16


class _Refusal(Exception):  # noqa: N818  # it is an answer, not an error
    """An INVITE that is answered with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass
class Session:
    """One session with the platform."""

    call_id: str
    channel: str
    subject: str
    dialog: Dialog
    peer: Peer
    stream: MediaStream
    path: MediaPath
    history: bool
    protector: SrtpSender | None = field(default=None, repr=False)
    release: Callable[[], None] | None = None
    confirmed: bool = False
    over: bool = False


class Sessions:
    """All sessions of one device."""

    def __init__(self, device: GbDevice) -> None:
        self._device = device
        self._sessions: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    async def close(self) -> None:
        """End all sessions without a word."""
        for session in list(self._sessions.values()):
            await self._end(session)

    def force_key(self, channel: str) -> None:
        """Make the next live picture of a channel a key picture."""
        for session in self._sessions.values():
            if session.channel == channel and not session.history:
                session.stream.pictures.force_key()

    async def invite(self, incoming: IncomingRequest) -> None:
        """Answer an INVITE; sending begins with its ACK."""
        try:
            session, answer = await self._agree(incoming)
        except _Refusal as refusal:
            incoming.respond(refusal.status)
            return
        except (ProtocolError, ValueError):
            incoming.respond(400)
            return
        except OSError:
            incoming.respond(500)
            return
        if incoming.cancelled:
            session.path.close()
            return
        self._sessions[session.call_id] = session
        headers = [("Contact", self._device.wire.contact()), ("Content-Type", CONTENT_TYPE)]
        incoming.on_unacknowledged = lambda: self._device.spawn(self._end(session))
        incoming.respond(200, headers=headers, body=self._device.dress_answer(answer))

    async def acknowledge(self, incoming: IncomingRequest) -> None:
        """Begin to send."""
        session = self._of(incoming)
        if session is None or session.confirmed:
            return
        session.confirmed = True
        try:
            carrier = await session.path.open()
        except (OSError, TimeoutError):
            await self._hang_up(session)
            return
        if session.protector is not None:
            carrier = SecureCarrier(carrier, session.protector)
        session.stream.start(carrier, lambda: self._device.spawn(self._finished(session)))

    async def bye(self, incoming: IncomingRequest) -> None:
        """End a session."""
        session = self._of(incoming)
        if session is None:
            incoming.respond(481)
            return
        if self._device.state.has(faults.IGNORES_BYE):
            self._device.spawn(self._outlast(session))
            return
        incoming.respond(200)
        if self._device.state.has(quirks.SENDS_ON):
            await asyncio.sleep(quirks.AFTER_BYE_S)
        await self._end(session)

    async def info(self, incoming: IncomingRequest) -> None:
        """Obey a MANSRTSP request."""
        session = self._of(incoming)
        if session is None:
            incoming.respond(481)
            return
        body = control(self._device.state, session.stream, incoming.request.body)
        if body is None:
            incoming.respond(200)
            await self._end(session)
            return
        incoming.respond(200, headers=[("Content-Type", "Application/MANSRTSP")], body=body)

    # Agreeing

    async def _agree(self, incoming: IncomingRequest) -> tuple[Session, bytes]:
        device, request = self._device, incoming.request
        state = device.state
        if quirks.refuses_offer(state, request.body):
            raise _Refusal(415)
        offer = parse_session(request.body)
        channel = self._channel(parse_uri(request.uri).user, offer.channel)
        subject = (request.headers.get("Subject") or "").partition(",")[0].strip()
        await self._release(subject)
        if len(self._sessions) >= MOST_SESSIONS:
            raise _Refusal(486)
        if offer.kind != "video" or "PS" not in [name for _, name in _encodings(offer)]:
            raise _Refusal(488)
        payload_type = next(number for number, name in _encodings(offer) if name == "PS")
        history = offer.name.lower() in ("playback", "download")
        spec = faults.clip_spec(state)
        clip = await clip_of(spec)
        sound = faults.sound_in_stream(state)
        flaws = faults.flaws_of(state)
        end, size = math.inf, None
        reopen: Callable[[float], PictureSource] | None = None
        release: Callable[[], None] | None = None
        if history:
            span = recorded(state, offer.start, offer.stop)
            if span is None:
                raise _Refusal(404)
            end = span[1] - span[0]
            if state.has(quirks.FILE_BY_FILE):
                end = min(end, SEGMENT_S - span[0] % SEGMENT_S)
            if offer.name.lower() == "download":
                size = file_bytes(clip, sound, end, flaws)
                end *= _TRUNCATED_SHARE if state.has(TRUNCATED) else 1
            pictures: PictureSource = pictures_from(clip, 0.0)

            def reopen_clip(place: float) -> PictureSource:
                return pictures_from(clip, place)

            reopen = reopen_clip
        else:
            pictures, release = await self._live(channel, spec, clip)
            sound = sound if device.live is None else None
        ordered = offer.ssrc if offer.ssrc is not None else self._own_ssrc(history)
        ssrc, sent_ssrc = quirks.ssrc(state, ordered)
        plan = StreamPlan(
            ssrc=sent_ssrc + 1 if state.has(faults.WRONG_SSRC) else sent_ssrc,
            payload_type=faults.sent_type(state, payload_type),
            codec=clip.codec,
            flaws=flaws,
            end=end,
            keyless_s=faults.NO_KEY_S if state.has(faults.NO_KEY_FOR_10_S) else 0.0,
            split_units=state.has(quirks.MAP_CHECKSUM),
            wrap_after_s=quirks.WRAP_AFTER_S if state.has(quirks.TIME_WRAPS) else None,
            silent=state.has(quirks.SOUND_NEVER_SENT),
        )
        stream = MediaStream(plan, pictures, sound, state.clock.now, reopen)
        if offer.name.lower() == "download":
            stream.scale = float(min(max(offer.download_speed or 1, 1), _FARTHEST_SPEED))
        protector, crypto = self._protector(offer)
        path, setup = await self._path(offer)
        answer = GbSession(
            owner=channel,
            address=state.address,
            port=path.port,
            name=offer.name,
            channel=offer.channel,
            record_type=offer.record_type,
            start=offer.start,
            stop=offer.stop,
            protocol=media_protocol(offer.transport, protector is not None),
            formats=[(payload_type, "PS/90000")],
            direction="sendonly",
            setup=setup,
            connection="new" if setup else "",
            ssrc=ssrc,
            file_size=size,
            crypto=crypto,
        )
        dialog = Dialog.from_uas(request, incoming.to_tag, contact=device.wire.contact())
        session = Session(
            request.headers.get("Call-ID") or "",
            channel,
            subject,
            dialog,
            incoming.peer,
            stream,
            path,
            history,
            protector,
            release,
        )
        return session, answer.to_bytes()

    async def _live(
        self, channel: str, spec: ClipSpec, clip: Clip
    ) -> tuple[PictureSource, Callable[[], None] | None]:
        """What a channel shows now, of a platform the pictures of its camera; and its release."""
        device, state = self._device, self._device.state
        if device.live is not None:
            given = device.live(channel)
            return given, given.close
        head = device.memory.head(channel)
        if state.captioned:
            captioned = partial(self._caption, device.channels().index(channel) + 1)
            return await head_pictures(spec, head, device.monotonic, captioned), None
        # Painted beforehand, so that the first command is seen when it is obeyed.
        device.spawn(warm_view(spec))
        live = LivePictures(lambda: faults.clip_spec(state), clip, head, device.monotonic)
        return live, live.close

    def _caption(self, number: int, picture: Picture) -> None:
        """Write the clock and the name of channel ``number`` (from 1) into a picture."""
        state, settings = self._device.state, self._device.settings
        clock = overlay.clock_text(state.clock.now())
        overlay.caption(picture, clock, settings.channel_name(state.identity.name, number))

    def _channel(self, asked: str, of_history: str) -> str:
        """The channel that is meant, by the Request-URI or u=."""
        channels = self._device.channels()
        for one in (asked, of_history):
            if one in channels:
                return one
        if asked == self._device.own_id:
            return channels[0]
        raise _Refusal(404)

    def _own_ssrc(self, history: bool) -> int:
        """An SSRC of the device's own, where the platform orders none."""
        flag = "1" if history else "0"
        number = len(self._sessions) % 10_000
        return int(f"{flag}{self._device.settings.domain[3:8]:0>5}{number:04d}")

    def _protector(self, offer: GbSession) -> tuple[SrtpSender | None, list[str]]:
        """SRTP where SIP is protected and it is offered (RFC 4568)."""
        if not offer.secure:
            return None, []
        settings = self._device.settings
        if settings.transport != "tls" or not settings.srtp:
            raise _Refusal(488)
        for text in offer.crypto:
            try:
                offered = parse_crypto_line(text)
                line = new_crypto_line(offered.suite, offered.tag)
                return SrtpSender(line), [line.build()]
            except (ProtocolError, ValueError):
                continue
        raise _Refusal(488)

    async def _path(self, offer: GbSession) -> tuple[MediaPath, str]:
        """How the media travel, and the role that the answer tells."""
        address = self._device.state.address
        host = offer.address or self._device.settings.server_address
        if offer.transport == "udp":
            return UdpPath(address, host, offer.port), ""
        if offer.setup == "active":
            if self._device.state.has(faults.PASSIVE_FAILS):
                return DeafPath(address), "passive"
            return await ListeningPath.listen(address), "passive"
        return ConnectingPath(address, host, offer.port), "active"

    # Ending

    def _of(self, incoming: IncomingRequest) -> Session | None:
        return self._sessions.get(incoming.request.headers.get("Call-ID") or "")

    async def _release(self, subject: str) -> None:
        """Give up an older session with the same Subject (annex M c)."""
        if not subject or not re.search(r"[1-9]", subject.partition(":")[2]):
            return
        for session in list(self._sessions.values()):
            if session.subject == subject:
                await self._end(session)

    async def _end(self, session: Session) -> None:
        if session.over:
            return
        session.over = True
        self._sessions.pop(session.call_id, None)
        await session.stream.stop()
        session.path.close()
        if session.release is not None:
            session.release()

    async def _outlast(self, session: Session) -> None:
        """Go on for a while after a BYE that was not minded."""
        await asyncio.sleep(_LINGER_S)
        await self._end(session)

    async def _hang_up(self, session: Session) -> None:
        """End a session with a BYE of the device's own."""
        await self._end(session)
        await self._device.ask_in_dialog(session.dialog.request("BYE"), session.peer)

    async def _finished(self, session: Session) -> None:
        """History is over: tell so, and wait for the BYE."""
        device = self._device
        if not device.state.has(NO_MEDIA_STATUS):
            fields = [e("NotifyType", 121)]
            sn = str(device.next_sn())
            body = device.body("Notify", "MediaStatus", sn, session.channel, fields)
            request = session.dialog.request("MESSAGE", body=body, content_type=XML)
            if device.state.has(quirks.STATUS_FROM_OTHER):
                sender = request.headers.get("From") or ""
                request.headers.set("From", re.sub(r"sip:\d+", "sip:00000000000000000000", sender))
            await device.ask_in_dialog(request, session.peer)
        await asyncio.sleep(_LINGER_S)
        if not session.over:
            await self._hang_up(session)


def _encodings(offer: GbSession) -> list[tuple[int, str]]:
    return [(number, offer.encoding(number)) for number, _ in offer.formats]
