"""Where camera and platform stand (4.1): no address of theirs in a network of the police."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording

INSTRUMENT = "network-side/1"
QUANTITY = "network-side"
_MOST = 200


def measure_network_side(
    wire: Recording, declared: Iterable[tuple[str, str]], police: Sequence[str]
) -> Measurement:
    """Compare addresses with the declared ranges of the police.

    Args:
        wire: a ``wire`` recording, whose addresses count beside the declared ones.
        declared: ``camera`` or ``platform`` with an address (names are passed over).
        police: networks as the site declares them.

    Returns:
        quantity ``network-side``; value ``conforms`` or ``deviates``; ``details``: ``addresses``
        by role. Spoilt when no range is declared or no address is known.
    """
    roles = list(declared)
    roles += [("camera", str(wire.facts.get("camera") or ""))]
    seen = wire.facts.get("platform")
    roles += [("platform", str(one)) for one in (seen if isinstance(seen, list) else [])]
    addresses = [(role, text) for role, text in roles if _address(text) is not None][:_MOST]
    networks = [ip_network(one, strict=False) for one in police if _network(one)]
    reasons = [
        Reason(f"{QUANTITY}.{role}-inside", {"address": text, "range": str(network)})
        for role, text in dict.fromkeys(addresses)
        for network in networks
        if ip_address(text) in network
    ]
    spoilt = None
    if not reasons and not networks:
        spoilt = Reason(f"{QUANTITY}.undeclared")
    elif not reasons and not addresses:
        spoilt = Reason(f"{QUANTITY}.no-address")
    details: dict[str, Any] = {
        "addresses": [list(one) for one in dict.fromkeys(addresses)],
        "ranges": [str(one) for one in networks],
        "reasons": [one.within for one in reasons],
        "reason": reasons[0].within if reasons else None,
    }
    return Measurement.of(
        wire,
        quantity=QUANTITY,
        value=None if spoilt else ("deviates" if reasons else "conforms"),
        unit="",
        instrument=INSTRUMENT,
        method=f"method.{QUANTITY}",
        details=details,
        spoilt=spoilt,
    )


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
