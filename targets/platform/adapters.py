"""Which adapter works which platform."""

from __future__ import annotations

from protocols.time_source import TimeSource
from targets.errors import VisitProblem
from targets.gb28181 import UpperPlatform
from targets.platform.attended import Attendant, AttendedPort
from targets.platform.gb28181 import Gb28181Port
from targets.platform.port import PlatformPort
from targets.platform.reference import ReferencePort
from targets.platform.target import PlatformTarget


def open_port(
    target: PlatformTarget,
    time_source: TimeSource,
    *,
    attendant: Attendant | None = None,
    registrar: UpperPlatform | None = None,
) -> PlatformPort:
    """The port to ``target`` by the adapter that its declaration names.

    Raises:
        VisitProblem: it is to register with us, and we do not listen.
    """
    adapter = target.access.adapter
    if adapter == "attended":
        return AttendedPort(target, attendant, time_source)
    if adapter == "gb28181":
        if registrar is None:
            raise VisitProblem("visit.no-gb28181")
        return Gb28181Port(registrar.device(target.access.device_id))
    return ReferencePort(target, time_source)
