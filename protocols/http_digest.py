"""HTTP digest authentication (RFC 7616, RFC 2617, RFC 2069) for both sides, without I/O.

RTSP uses it unchanged (RFC 2326 appendix D). MD5 and SHA-256, their session variants, and
quality of protection ``auth`` or none.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from protocols.errors import ProtocolError

_HASHES = {"MD5": "md5", "SHA-256": "sha256"}
_STRENGTH = ("SHA-256", "SHA-256-SESS", "MD5", "MD5-SESS")
_MAXIMUM_BYTES = 16_384
_PARAMETER = re.compile(
    r"\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,\"]*))\s*", re.DOTALL
)
_SCHEME = re.compile(r"[\s,]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?=\s|,|$)\s*")


@dataclass(frozen=True)
class Challenge:
    """One challenge of a WWW-Authenticate header.

    Attributes:
        scheme: ``Digest``, ``Basic`` or another name, capitalised.
        algorithm: as offered, "" when absent (then MD5).
        qop: offered qualities of protection, empty for RFC 2069.
        stale: the password may be right, only the nonce is old.
    """

    scheme: str
    realm: str = ""
    nonce: str = ""
    algorithm: str = ""
    qop: tuple[str, ...] = ()
    opaque: str = ""
    stale: bool = False

    @property
    def usable(self) -> bool:
        """Whether ``authorization`` can answer it."""
        if self.scheme != "Digest" or not self.nonce:
            return False
        return self._known_algorithm() and (not self.qop or "auth" in self.qop)

    def _known_algorithm(self) -> bool:
        return (self.algorithm or "MD5").upper() in _STRENGTH

    def build(self) -> str:
        """The header value."""
        parts = [f"realm={_quote(self.realm)}"]
        if self.scheme == "Digest":
            if self.qop:
                parts.append(f"qop={_quote(', '.join(self.qop))}")
            if self.algorithm:
                parts.append(f"algorithm={self.algorithm}")
            parts.append(f"nonce={_quote(self.nonce)}")
            if self.opaque:
                parts.append(f"opaque={_quote(self.opaque)}")
            if self.stale:
                parts.append("stale=true")
        return f"{self.scheme} " + ", ".join(parts)


@dataclass(frozen=True)
class Credentials:
    """A Digest Authorization header as received; no password is in it."""

    user: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str = ""
    qop: str = ""
    nonce_count: str = ""
    client_nonce: str = ""
    opaque: str = ""


def _quote(text: str) -> str:
    if "\r" in text or "\n" in text:
        raise ValueError("an authentication parameter holds a line break")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse_challenges(values: str | Iterable[str]) -> list[Challenge]:
    """The challenges of one or several WWW-Authenticate headers, in order.

    Raises:
        ProtocolError: not a list of challenges.
    """
    challenges = []
    for value in [values] if isinstance(values, str) else values:
        for scheme, parameters in _split(value):
            qop = tuple(one.strip().lower() for one in parameters.get("qop", "").split(","))
            challenges.append(
                Challenge(
                    scheme=scheme.capitalize(),
                    realm=parameters.get("realm", ""),
                    nonce=parameters.get("nonce", ""),
                    algorithm=parameters.get("algorithm", ""),
                    qop=tuple(one for one in qop if one),
                    opaque=parameters.get("opaque", ""),
                    stale=parameters.get("stale", "").lower() == "true",
                )
            )
    return challenges


def strongest(challenges: Iterable[Challenge]) -> Challenge | None:
    """The strongest digest challenge that can be answered, or None."""
    usable = [one for one in challenges if one.usable]
    return min(
        usable, key=lambda one: _STRENGTH.index((one.algorithm or "MD5").upper()), default=None
    )


def _split(value: str) -> list[tuple[str, dict[str, str]]]:
    """Schemes with their parameters (RFC 9110 section 11.2)."""
    if len(value) > _MAXIMUM_BYTES:
        raise ProtocolError("authentication: header too long")
    found: list[tuple[str, dict[str, str]]] = []
    position = 0
    while position < len(value):
        scheme = _SCHEME.match(value, position)
        if not scheme:
            if value[position:].strip(" \t\r\n,"):
                raise ProtocolError("authentication: malformed challenge")
            break
        parameters: dict[str, str] = {}
        position = scheme.end()
        while parameter := _PARAMETER.match(value, position):
            name, quoted, plain = parameter.groups()
            text = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
            parameters.setdefault(name.lower(), text)
            position = parameter.end()
            separator = re.compile(r"[\s,]*,[\s,]*").match(value, position)
            if not separator:
                break
            position = separator.end()
        found.append((scheme[1], parameters))
    return found


def _hash(algorithm: str, text: str) -> str:
    name = (algorithm or "MD5").upper().removesuffix("-SESS")
    if name not in _HASHES:
        raise ProtocolError(f"authentication: algorithm {name[:20]!r} is not known")
    return hashlib.new(_HASHES[name], text.encode(), usedforsecurity=False).hexdigest()


def digest_response(credentials: Credentials, password: str, method: str) -> str:
    """The ``response`` that proves ``password`` (RFC 7616 section 3.4.1, RFC 2069 without qop).

    Raises:
        ProtocolError: the algorithm is not known.
    """
    one = credentials
    first = _hash(one.algorithm, f"{one.user}:{one.realm}:{password}")
    if one.algorithm.upper().endswith("-SESS"):
        first = _hash(one.algorithm, f"{first}:{one.nonce}:{one.client_nonce}")
    second = _hash(one.algorithm, f"{method}:{one.uri}")
    middle = [one.nonce]
    if one.qop:
        middle += [one.nonce_count, one.client_nonce, one.qop]
    return _hash(one.algorithm, ":".join([first, *middle, second]))


def authorization(
    challenge: Challenge,
    user: str,
    password: str,
    method: str,
    uri: str,
    *,
    nonce_count: int = 1,
    client_nonce: str | None = None,
) -> str:
    """The Authorization header value that answers ``challenge``.

    Raises:
        ProtocolError: the challenge is none that can be answered (see ``Challenge.usable``).
    """
    if not challenge.usable:
        raise ProtocolError("authentication: the challenge is not a known digest")
    session = challenge.algorithm.upper().endswith("-SESS")
    needs_nonce = bool(challenge.qop) or session
    unsigned = Credentials(
        user=user,
        realm=challenge.realm,
        nonce=challenge.nonce,
        uri=uri,
        response="",
        algorithm=challenge.algorithm,
        qop="auth" if challenge.qop else "",
        nonce_count=f"{nonce_count:08x}" if challenge.qop else "",
        client_nonce=(client_nonce or secrets.token_hex(16)) if needs_nonce else "",
        opaque=challenge.opaque,
    )
    response = digest_response(unsigned, password, method)
    parts = [
        f"username={_quote(user)}",
        f"realm={_quote(unsigned.realm)}",
        f"nonce={_quote(unsigned.nonce)}",
        f"uri={_quote(uri)}",
        f'response="{response}"',
    ]
    if unsigned.algorithm:
        parts.append(f"algorithm={unsigned.algorithm}")
    if unsigned.opaque:
        parts.append(f"opaque={_quote(unsigned.opaque)}")
    if unsigned.qop:
        parts += [f"qop={unsigned.qop}", f"nc={unsigned.nonce_count}"]
    if unsigned.client_nonce:
        parts.append(f"cnonce={_quote(unsigned.client_nonce)}")
    return "Digest " + ", ".join(parts)


def basic_authorization(user: str, password: str) -> str:
    """The Authorization header value of the Basic scheme (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def parse_basic(value: str) -> tuple[str, str]:
    """User and password of a Basic Authorization header.

    Raises:
        ProtocolError: not a Basic header.
    """
    scheme, _, content = value.strip().partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError
        decoded = base64.b64decode(content.strip(), validate=True).decode("utf-8", "replace")
    except ValueError:
        raise ProtocolError("authentication: not a Basic header") from None
    user, _, password = decoded.partition(":")
    return user, password


def parse_authorization(value: str) -> Credentials:
    """Read a Digest Authorization header.

    Raises:
        ProtocolError: not a Digest header, or a part that every response needs is missing.
    """
    found = _split(value)
    if len(found) != 1 or found[0][0].lower() != "digest":
        raise ProtocolError("authentication: not one Digest header")
    parameters = found[0][1]
    for name in ("username", "realm", "nonce", "uri", "response"):
        if name not in parameters:
            raise ProtocolError(f"authentication: {name} is missing")
    return Credentials(
        user=parameters["username"],
        realm=parameters["realm"],
        nonce=parameters["nonce"],
        uri=parameters["uri"],
        response=parameters["response"],
        algorithm=parameters.get("algorithm", ""),
        qop=parameters.get("qop", ""),
        nonce_count=parameters.get("nc", ""),
        client_nonce=parameters.get("cnonce", ""),
        opaque=parameters.get("opaque", ""),
    )


class DigestGuard:
    """The server's side: issues challenges and verifies answers, keeping no list of nonces.

    A nonce carries its time of issue under a keyed hash, so it is recognised and ages.
    """

    def __init__(
        self,
        realm: str,
        algorithms: tuple[str, ...] = ("MD5",),
        qop: tuple[str, ...] = ("auth",),
        nonce_seconds: float = 300.0,
    ) -> None:
        self._realm = realm
        self._algorithms = algorithms
        self._qop = qop
        self._nonce_seconds = nonce_seconds
        self._key = secrets.token_bytes(16)

    def challenges(self, now: float, *, stale: bool = False) -> list[Challenge]:
        """Fresh challenges, one for each algorithm in order of preference; ``now`` in seconds."""
        nonce = self._nonce(int(now))
        return [
            Challenge(
                "Digest", self._realm, nonce, "" if name == "MD5" else name, self._qop, stale=stale
            )
            for name in self._algorithms
        ]

    def verify(self, header: str, method: str, password: str, now: float) -> str:
        """Judge an Authorization header: ``ok``, ``stale`` (right but old nonce) or ``refused``."""
        try:
            credentials = parse_authorization(header)
            if (credentials.algorithm or "MD5").upper() not in self._algorithms:
                return "refused"
            expected = digest_response(credentials, password, method)
        except ProtocolError:
            return "refused"
        right = hmac.compare_digest(expected.encode(), credentials.response.lower().encode())
        issued = self._issued(credentials.nonce)
        if credentials.realm != self._realm or issued is None or not right:
            return "refused"
        return "ok" if now - issued <= self._nonce_seconds else "stale"

    def _nonce(self, issued: int) -> str:
        tag = hmac.new(self._key, str(issued).encode(), "sha256").hexdigest()[:24]
        return f"{issued:x}-{tag}"

    def _issued(self, nonce: str) -> int | None:
        found = re.fullmatch(r"([0-9a-f]{1,12})-[0-9a-f]{24}", nonce)
        if not found:
            return None
        issued = int(found[1], 16)
        return issued if hmac.compare_digest(self._nonce(issued), nonce) else None
