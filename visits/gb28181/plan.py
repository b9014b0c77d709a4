"""How long GB/T 28181 visits take by plan, when the device is prompt."""

from __future__ import annotations

from visits.circumstances import Lengths

#: Setting up and ending one media session.
_SESSION = 15.0


def planned_gb28181(kind: str, lengths: Lengths) -> float:
    """Seconds; generous, for a visit ends as soon as it has seen what it came for."""
    come, react, answer = lengths.gb_come, lengths.gb_react, lengths.gb_answer
    session = _SESSION + lengths.gb_after_bye
    seconds = {
        "registration": 2 * come + 6 * react + 2 * lengths.gb_refuse + 1.3 * lengths.gb_granted,
        "keepalive": lengths.gb_watch + 8 * 60.0 + react,
        "queries": 12 * answer,
        "live": 2 * answer + 3 * (session + lengths.gb_live),
        "control": 16 * answer
        + (session + 34 * lengths.gb_move + lengths.gb_patrol + lengths.gb_return / 2),
        "records": 6 * answer + 3 * session + 8 * lengths.gb_play,
        "alarm": 10 * answer + 3 * react + 1.2 * lengths.gb_subscribed,
        "broadcast": 4 * answer + 2 * session + 2 * lengths.gb_live,
        "clock": 4 * react + 4 * answer,
        "protection": 8 * answer + 4 * react,
        "platform": 5 * answer + session + lengths.gb_live,
    }
    return come + seconds.get(kind.partition(":")[2], lengths.other)
