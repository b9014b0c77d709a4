"""The operator's platform: one port, and an adapter for each way in which it can be worked."""

from targets.platform.port import Outcome, PlatformPort, Session
from targets.platform.target import PlatformTarget

__all__ = ["Outcome", "PlatformPort", "PlatformTarget", "Session"]
