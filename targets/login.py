"""Answering challenges of HTTP and RTSP with one try of the password, never a second."""

from __future__ import annotations

from collections.abc import Sequence

from protocols.errors import ProtocolError
from protocols.http_digest import (
    Challenge,
    authorization,
    basic_authorization,
    parse_challenges,
    strongest,
)
from targets.credentials import Secret
from targets.errors import VisitProblem

_MAXIMUM_RENEWALS = 3


class Login:
    """An account at one device.

    Args:
        user, secret: the account; without a secret no challenge is answered.
        basic_in_clear: answer Basic even where anybody can listen: only for guesses that are
            no secret.
    """

    def __init__(self, user: str, secret: Secret | None, *, basic_in_clear: bool = False) -> None:
        self._basic_in_clear = basic_in_clear
        self._user = user
        self._secret = secret
        self._challenge: Challenge | None = None
        self._nonce_count = 0
        self._proven = False
        self._refused = False

    @property
    def accepted(self) -> bool:
        """Whether the device has accepted the password."""
        return self._proven

    def headers(self, method: str, uri: str) -> tuple[tuple[str, str], ...]:
        """The Authorization field of a request, none before the device has asked for one."""
        if self._challenge is None or self._secret is None or self._refused:
            return ()
        password = self._secret.reveal()
        if self._challenge.scheme == "Basic":
            return (("Authorization", basic_authorization(self._user, password)),)
        self._nonce_count += 1
        count = self._nonce_count
        value = authorization(self._challenge, self._user, password, method, uri, nonce_count=count)
        return (("Authorization", value),)

    def succeeded(self) -> None:
        """Note that a request was not refused."""
        self._proven = self._proven or (self._challenge is not None and not self._refused)

    def challenged(
        self, fields: Sequence[str], *, secure: bool, where: str, repeated: int = 0
    ) -> bool:
        """Take the WWW-Authenticate ``fields`` of a refusal: whether it is worth asking again.

        Args:
            fields: the challenges.
            secure: nobody can listen, so that Basic may be answered too.
            where: the request, for the wording.
            repeated: how often this one request was refused before.

        Raises:
            VisitProblem: the password was refused, now or earlier.
        """
        if self._secret is None:
            return False
        if self._refused:
            raise VisitProblem("visit.unauthorised", where=where)
        chosen = self._choose(fields, secure or self._basic_in_clear)
        if chosen is None:
            return False
        if self._challenge is not None and not self._is_renewal(chosen, repeated):
            self._refused = True
            raise VisitProblem("visit.unauthorised", where=where)
        self._challenge = chosen
        self._nonce_count = 0
        return True

    def _is_renewal(self, chosen: Challenge, repeated: int) -> bool:
        """Whether only the nonce is old, which says nothing against the password."""
        assert self._challenge is not None
        if chosen.nonce == self._challenge.nonce or repeated >= _MAXIMUM_RENEWALS:
            return False
        return chosen.stale or (self._proven and repeated == 0)

    @staticmethod
    def _choose(fields: Sequence[str], secure: bool) -> Challenge | None:
        try:
            challenges = parse_challenges(fields)
        except ProtocolError:
            return None
        chosen = strongest(challenges)
        if chosen is None and secure:
            chosen = next((one for one in challenges if one.scheme == "Basic"), None)
        return chosen
