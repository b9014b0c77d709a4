"""What can go wrong with a target: a wrong declaration, or a device that does not serve.

``TargetError`` is the user's mistake and is shown before anything runs. ``VisitProblem`` is the
device's or the network's and becomes the recording's ``problem``. Everything else is the
harness's own fault and is never caught here.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from typing import Any

from assessment.reason import Reason
from protocols.errors import ProtocolError
from protocols.http_response import AnswerTooLargeError


class TargetError(Exception):
    """A target was declared wrongly; ``key`` and ``parameters`` word it from the catalogue."""

    def __init__(self, key: str, **parameters: Any) -> None:
        super().__init__(f"{key} {parameters}")
        self.key = key
        self.parameters = parameters


class VisitProblem(Exception):  # noqa: N818 - it is a circumstance of the visit, not our error
    """Why a device could not be visited, as a code of docs/recordings.md."""

    def __init__(self, code: str, **parameters: Any) -> None:
        super().__init__(f"{code} {parameters}")
        self.reason = Reason(code, parameters)


#: What a peer, a network or a resolver can do to a socket.
NETWORK_FAULTS = (OSError, EOFError, asyncio.TimeoutError, ProtocolError)


def problem_of(fault: BaseException, *, waiting_for: str, seconds: float = 0.0) -> VisitProblem:
    """The visit problem behind a network fault.

    Args:
        fault: one of ``NETWORK_FAULTS``.
        waiting_for: what was asked of the device, for the wording of a time-out.
        seconds: the bound that ran out, for the same.
    """
    if isinstance(fault, AnswerTooLargeError):
        return VisitProblem("visit.too-much", bytes=fault.limit)
    if isinstance(fault, ProtocolError):
        return VisitProblem("visit.malformed", where=waiting_for, detail=str(fault))
    if isinstance(fault, TimeoutError):
        return VisitProblem("visit.timeout", seconds=round(seconds, 1), waiting_for=waiting_for)
    if isinstance(fault, ssl.SSLCertVerificationError):
        return VisitProblem("visit.certificate", detail=fault.verify_message)
    if isinstance(fault, ssl.SSLError):
        detail = fault.reason or "TLS"
        return VisitProblem("visit.malformed", where=waiting_for, detail=detail)
    if isinstance(fault, socket.gaierror):
        return VisitProblem("visit.unresolvable", detail=fault.strerror or "")
    if isinstance(fault, ConnectionRefusedError):
        return VisitProblem("visit.refused")
    if isinstance(fault, EOFError | ConnectionError):
        return VisitProblem("visit.unreachable", detail="connection closed by the device")
    name = errno.errorcode.get(fault.errno or 0, "") if isinstance(fault, OSError) else ""
    return VisitProblem("visit.unreachable", detail=name or type(fault).__name__)
