"""What the device remembers beside its pictures: guard, alarm, recording, configuration."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulators.camera.gb28181.head import PanTiltHead


@dataclass
class Memory:
    """The device's own state.

    Attributes:
        guarded: the alarm input is armed.
        alarming: an alarm was raised and not yet reset.
        input_closed: the contact at the alarm input.
        output_on: the alarm output (auxiliary switch 2).
        wiper_on: the wiper (auxiliary switch 1).
        recording: the device records.
        name: as the platform configured it, "" for its own.
        heartbeat_s, heartbeat_count, expiration_s: as configured, 0 for the plan's.
        snapshots: how many uploads were ordered.
        heads: one for each channel by its ID.
    """

    guarded: bool = True
    alarming: bool = False
    input_closed: bool = False
    output_on: bool = False
    wiper_on: bool = False
    recording: bool = True
    name: str = ""
    heartbeat_s: float = 0.0
    heartbeat_count: int = 3
    expiration_s: float = 0.0
    snapshots: int = 0
    heads: dict[str, PanTiltHead] = field(default_factory=dict)

    def head(self, channel: str) -> PanTiltHead:
        """The head of a channel."""
        return self.heads.setdefault(channel, PanTiltHead())
