"""The messages of a GB/T 28181 uplink: SIP between camera and platform, with MANSCDP and SDP.

Written out rather than built, so that what a listener must recognise does not come from the code
that recognises it (GB/T 28181-2016 9.1, 9.2, 9.5, 9.6, annex J).
"""

from __future__ import annotations

from dataclasses import dataclass

from protocols.http_digest import Credentials, digest_response

_LINE = "\r\n"
_DOMAIN = "3402000000"
PLATFORM_ID = "34020000002000000001"
CAMERA_ID = "34020000001320000001"
STREAM = "0200000001"
"""The ten digits of ``y=``: live, domain 20000, stream 1; as a number the SSRC."""
_NONCE = "a7d1c2f04b6e4e5d9f3c"
_XML = "Application/MANSCDP+xml"


@dataclass(frozen=True)
class Speaker:
    """Where the two ends are and what carries their messages (``UDP``, ``TCP``, ``TLS``)."""

    camera: str
    platform: str
    transport: str

    def register(self, password: str = "") -> bytes:
        """The camera registers; with a password it answers the challenge."""
        headers = ["Expires: 3600", f"Contact: <sip:{CAMERA_ID}@{self.camera}>"]
        if password:
            uri = f"sip:{PLATFORM_ID}@{_DOMAIN}"
            told = Credentials(CAMERA_ID, _DOMAIN, _NONCE, uri, "")
            answer = digest_response(told, password, "REGISTER")
            headers.append(
                f'Authorization: Digest username="{CAMERA_ID}", realm="{_DOMAIN}", '
                f'nonce="{_NONCE}", uri="{uri}", response="{answer}", algorithm=MD5'
            )
        number = 2 if password else 1
        return self._request("REGISTER", True, "register", number, headers)

    def challenge(self) -> bytes:
        """The platform asks who it is."""
        told = f'WWW-Authenticate: Digest realm="{_DOMAIN}", nonce="{_NONCE}", algorithm=MD5'
        return self._response("401 Unauthorized", True, "register", "1 REGISTER", [told])

    def registered(self) -> bytes:
        """The platform accepts it and tells the time."""
        headers = ["Date: 2026-02-02T10:00:00.000", "Expires: 3600"]
        return self._response("200 OK", True, "register", "2 REGISTER", headers)

    def keepalive(self, number: int) -> bytes:
        """The camera is still there."""
        body = _document("Notify", "Keepalive", number, "<Status>OK</Status>")
        return self._request("MESSAGE", True, f"keepalive{number}", number, [], body, _XML)

    def catalog_query(self) -> bytes:
        """The platform asks for the camera's channels."""
        body = _document("Query", "Catalog", 11, "")
        return self._request("MESSAGE", False, "catalog", 11, [], body, _XML)

    def catalog(self) -> bytes:
        """The camera's one channel."""
        item = (
            f"<SumNum>1</SumNum><DeviceList Num='1'><Item><DeviceID>{CAMERA_ID}</DeviceID>"
            "<Name>Gate</Name><Manufacturer>Example</Manufacturer><Model>GB-1</Model>"
            "<Status>ON</Status></Item></DeviceList>"
        )
        body = _document("Response", "Catalog", 11, item)
        return self._request("MESSAGE", True, "catalog-answer", 12, [], body, _XML)

    def ok(self, from_camera: bool, call: str, sequence: str) -> bytes:
        """A plain 200; ``from_camera`` says who asked."""
        return self._response("200 OK", from_camera, call, sequence, [])

    def invite(self, media: str, port: int, crypto: str = "") -> bytes:
        """The platform asks for the live stream; ``media`` as in ``description``."""
        body = description(PLATFORM_ID, self.platform, port, media, "recvonly", crypto)
        subject = f"Subject: {CAMERA_ID}:{STREAM},{PLATFORM_ID}:0"
        return self._request("INVITE", False, "live", 20, [subject], body, "application/sdp")

    def invited(self, media: str, port: int, crypto: str = "") -> bytes:
        """The camera agrees to send it."""
        body = description(CAMERA_ID, self.camera, port, media, "sendonly", crypto)
        contact = f"Contact: <sip:{CAMERA_ID}@{self.camera}>"
        return self._response(
            "200 OK", False, "live", "20 INVITE", [contact], body, "application/sdp"
        )

    def acknowledge(self) -> bytes:
        """The platform has the answer."""
        return self._request("ACK", False, "live", 20, [])

    def bye(self) -> bytes:
        """The platform ends the stream."""
        return self._request("BYE", False, "live", 21, [])

    def _request(
        self,
        method: str,
        from_camera: bool,
        call: str,
        number: int,
        headers: list[str],
        body: str = "",
        kind: str = "",
    ) -> bytes:
        called, host = (PLATFORM_ID, _DOMAIN) if from_camera else (CAMERA_ID, self.camera)
        first = f"{method} sip:{called}@{host} SIP/2.0"
        return self._message(first, from_camera, call, f"{number} {method}", headers, body, kind)

    def _response(
        self,
        status: str,
        from_camera: bool,
        call: str,
        sequence: str,
        headers: list[str],
        body: str = "",
        kind: str = "",
    ) -> bytes:
        return self._message(f"SIP/2.0 {status}", from_camera, call, sequence, headers, body, kind)

    def _message(
        self,
        first: str,
        from_camera: bool,
        call: str,
        sequence: str,
        headers: list[str],
        body: str,
        kind: str,
    ) -> bytes:
        """A message within the transaction that the camera or the platform began."""
        ends = [(CAMERA_ID, self.camera), (PLATFORM_ID, self.platform)]
        (caller, address), (called, _) = ends if from_camera else ends[::-1]
        lines = [
            first,
            f"Via: SIP/2.0/{self.transport} {address};rport;branch=z9hG4bK{call}{sequence[:2]}",
            f"From: <sip:{caller}@{_DOMAIN}>;tag=f{call}",
            f"To: <sip:{called}@{_DOMAIN}>",
            f"Call-ID: {call}@{address}",
            f"CSeq: {sequence}",
            "Max-Forwards: 70",
            *headers,
        ]
        if kind:
            lines.append(f"Content-Type: {kind}")
        content = body.encode("gb18030")
        lines.append(f"Content-Length: {len(content)}")
        return (_LINE.join(lines) + _LINE * 2).encode() + content


def _document(kind: str, command: str, number: int, inside: str) -> str:
    return (
        f'<?xml version="1.0" encoding="GB2312"?>{_LINE}<{kind}>{_LINE}<CmdType>{command}</CmdType>'
        f"{_LINE}<SN>{number}</SN>{_LINE}<DeviceID>{CAMERA_ID}</DeviceID>{_LINE}{inside}</{kind}>"
        + _LINE
    )


def description(
    owner: str, address: str, port: int, media: str, direction: str, crypto: str = ""
) -> str:
    """The SDP of one end (annex F); ``media`` is ``udp`` or ``tcp``, ``crypto`` an SDES line."""
    profile = "RTP/SAVP" if crypto else "RTP/AVP"
    lines = [
        "v=0",
        f"o={owner} 0 0 IN IP4 {address}",
        "s=Play",
        f"c=IN IP4 {address}",
        "t=0 0",
        f"m=video {port} {'TCP/' if media == 'tcp' else ''}{profile} 96",
        f"a={direction}",
        "a=rtpmap:96 PS/90000",
    ]
    if media == "tcp":
        setup = "passive" if direction == "recvonly" else "active"
        lines += [f"a=setup:{setup}", "a=connection:new"]
    if crypto:
        lines.append(f"a=crypto:{crypto}")
    lines.append(f"y={STREAM}")
    return _LINE.join(lines) + _LINE
