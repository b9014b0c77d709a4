"""Digest authentication in SIP (RFC 3261 section 22, GB/T 28181 9.1) for both sides, without I/O.

GB/T 28181-2016 shows challenges without qop, so the RFC 2069 response; qop ``auth`` and
SHA-256 (RFC 8760) are spoken as well. No password and no proof of one leaves through an exception.
"""

from __future__ import annotations

import hmac
import random
import re
from dataclasses import dataclass

from protocols.errors import ProtocolError
from protocols.http_digest import (
    Challenge,
    Credentials,
    authorization,
    digest_response,
    parse_authorization,
    parse_challenges,
    strongest,
)
from protocols.sip.fields import sequence_of
from protocols.sip.message import Headers, SipRequest, SipResponse

_ANSWERS = {401: ("WWW-Authenticate", "Authorization")}
_ANSWERS[407] = ("Proxy-Authenticate", "Proxy-Authorization")
_RESPONSE = re.compile(rb"(\bresponse[ \t]*=[ \t]*\"?)([0-9A-Fa-f]{8,128})", re.IGNORECASE)
_CREDENTIALS_LINE = re.compile(
    rb"^(?:proxy-)?authorization[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*",
    re.IGNORECASE | re.MULTILINE,
)


def challenge_response(
    request: SipRequest,
    realm: str,
    nonce: str,
    *,
    algorithm: str = "",
    qop: str = "",
    stale: bool = False,
) -> SipResponse:
    """The 401 that asks for credentials, without the headers every response copies.

    Pass it to ``IncomingRequest.respond`` as ``(401, "", response.headers)``, or use the
    header alone.
    """
    qualities = tuple(one.strip() for one in qop.split(",") if one.strip())
    offered = Challenge("Digest", realm, nonce, algorithm, qualities, stale=stale)
    headers = Headers()
    for name, value in request.headers:
        if name in ("Via", "From", "To", "Call-ID", "CSeq"):
            headers.add(name, value)
    headers.add("WWW-Authenticate", offered.build())
    return SipResponse(401, "", headers)


def challenge_header(
    realm: str, nonce: str, *, algorithm: str = "", qop: str = "", stale: bool = False
) -> tuple[str, str]:
    """The WWW-Authenticate header alone, for ``IncomingRequest.respond(401, headers=[…])``."""
    qualities = tuple(one.strip() for one in qop.split(",") if one.strip())
    offered = Challenge("Digest", realm, nonce, algorithm, qualities, stale=stale)
    return "WWW-Authenticate", offered.build()


def authorise(
    request: SipRequest,
    response: SipResponse,
    user: str,
    password: str,
    *,
    rng: random.Random,
    nonce_count: int = 1,
) -> SipRequest:
    """The request once more, with credentials and the next CSeq (section 22.2).

    Same Call-ID and From tag; the Via is left out, the endpoint adds a fresh one.

    Raises:
        ProtocolError: the response holds no challenge that can be answered.
    """
    asked, answered = _ANSWERS.get(response.status, _ANSWERS[401])
    chosen = strongest(parse_challenges(response.headers.get_all(asked)))
    if chosen is None:
        raise ProtocolError("SIP: no digest challenge that can be answered")
    value = authorization(
        chosen,
        user,
        password,
        request.method,
        request.uri,
        nonce_count=nonce_count,
        client_nonce=f"{rng.getrandbits(64):016x}",
    )
    headers = request.headers.copy()
    headers.remove("Via")
    headers.set("CSeq", f"{sequence_of(request).number + 1} {request.method}")
    headers.set(answered, value)
    return SipRequest(request.method, request.uri, headers, request.body)


@dataclass(frozen=True)
class AuthorizationCheck:
    """What the Authorization header of a request proves.

    Attributes:
        present: a readable digest Authorization is there.
        correct: its response proves the password for the realm and nonce that it names itself.
        nonce_matches, realm_matches: they are those that we asked with; without ``correct`` and
            both of them the request is not authenticated.
        uri_matches: the digest URI names the same user and host as the Request-URI.
    """

    present: bool
    correct: bool = False
    user: str = ""
    realm: str = ""
    nonce_matches: bool = False
    realm_matches: bool = False
    algorithm: str = ""
    qop: str = ""
    uri_matches: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the request is authenticated."""
        return self.correct and self.nonce_matches and self.realm_matches


def credentials_of(request: SipRequest) -> Credentials | None:
    """The digest credentials of a request, None when absent or unreadable."""
    for value in request.headers.get_all("Authorization"):
        try:
            return parse_authorization(value)
        except ProtocolError:
            continue
    return None


def check_authorization(
    request: SipRequest, password: str, *, realm: str, nonce: str
) -> AuthorizationCheck:
    """Judge the Authorization header of a request against the challenge that we sent."""
    credentials = credentials_of(request)
    if credentials is None:
        return AuthorizationCheck(present=False)
    try:
        expected = digest_response(credentials, password, request.method)
    except ProtocolError:
        correct = False
    else:
        correct = hmac.compare_digest(expected.encode(), credentials.response.lower().encode())
    return AuthorizationCheck(
        present=True,
        correct=correct,
        user=credentials.user,
        realm=credentials.realm,
        nonce_matches=hmac.compare_digest(credentials.nonce.encode(), nonce.encode()),
        realm_matches=credentials.realm == realm,
        algorithm=credentials.algorithm,
        qop=credentials.qop,
        uri_matches=credentials.uri.strip().lower() == request.uri.strip().lower(),
    )


def mask_credentials(data: bytes) -> bytes:
    """A message's bytes with every digest response replaced by as many zeros."""
    if b"uthorization" not in data and b"UTHORIZATION" not in data.upper():
        return data
    return _CREDENTIALS_LINE.sub(
        lambda line: _RESPONSE.sub(lambda found: found[1] + b"0" * len(found[2]), line[0]),
        data,
    )
