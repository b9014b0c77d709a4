"""How the platform answers one device, for as long as a visit wants it so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Policy:
    """A visit changes it and puts it back (``reset``).

    Attributes:
        granted_expires: seconds of registration granted; ``None``: as asked (3600 at least).
        refuse: status by which every REGISTER is refused, 0 for none.
        plain_challenge: challenges name no algorithm, as the annex of the standard shows them.
        trying: REGISTER is answered 100 first, as by a platform behind a proxy.
        stale_once: the next REGISTER with a right answer meets ``stale=true`` and a new nonce.
        send_date: whether the 200 OK to REGISTER carries Date (9.10).
        date_shift_s: what is added to the time told there.
        withhold_keepalives: so many keepalives more get no answer at all.
        forgotten: keepalives are answered 403 until the device registers anew.
        withhold_alarms: so many alarm notifications more get no answer at all.
    """

    granted_expires: int | None = None
    refuse: int = 0
    plain_challenge: bool = False
    trying: bool = False
    stale_once: bool = False
    send_date: bool = True
    date_shift_s: float = 0.0
    withhold_keepalives: int = 0
    forgotten: bool = False
    withhold_alarms: int = 0

    def reset(self) -> None:
        """Answer as a platform should again."""
        for name in self.__slots__:
            setattr(self, name, getattr(_USUAL, name))


_USUAL = Policy()
