"""The harness as registrar and upper platform of GB/T 28181 devices."""

from targets.gb28181.device import RegisteredDevice
from targets.gb28181.upper_platform import UpperPlatform
from targets.site import Gb28181Listen as ServerSettings

__all__ = ["RegisteredDevice", "ServerSettings", "UpperPlatform"]
