"""What a camera and the platform exchange, on real sockets between two addresses."""

from simulators.uplink.link import Uplink

__all__ = ["Uplink"]
