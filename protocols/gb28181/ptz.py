"""PTZCmd: the eight bytes of the front-end control protocol (GB/T 28181-2016 A.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError

CLAUSE = "GB/T 28181-2016 A.3"
FIRST_BYTE = 0xA5

_PTZ_ACTIONS = (
    (0x20, "zoom-out"),
    (0x10, "zoom-in"),
    (0x08, "up"),
    (0x04, "down"),
    (0x02, "left"),
    (0x01, "right"),
)
_LENS_ACTIONS = (
    (0x08, "iris-smaller"),
    (0x04, "iris-larger"),
    (0x02, "focus-near"),
    (0x01, "focus-far"),
)
_NAMED = {
    0x81: "preset-set",
    0x82: "preset-call",
    0x83: "preset-delete",
    0x84: "cruise-add",
    0x85: "cruise-delete",
    0x86: "cruise-speed",
    0x87: "cruise-dwell",
    0x88: "cruise-start",
    0x8A: "scan-speed",
    0x8C: "auxiliary-on",
    0x8D: "auxiliary-off",
}
_SCANS = {0: "scan-start", 1: "scan-left", 2: "scan-right"}


@dataclass(frozen=True, slots=True)
class PtzCommand:
    """One command.

    Attributes:
        code: byte 4.
        data_1, data_2: bytes 5 and 6.
        data_3: high nibble of byte 7.
        address: twelve bits; without meaning in GB/T 28181, where DeviceID addresses.
        version: high nibble of byte 2, 0.
        checksum_correct: whether byte 8 and the check nibble of byte 2 were right; a device has
            to ignore a command where they are not.
        deviations: what a parsed command has that the standard has not.
    """

    code: int
    data_1: int = 0
    data_2: int = 0
    data_3: int = 0
    address: int = 1
    version: int = 0
    checksum_correct: bool = field(default=True, compare=False)
    deviations: tuple[Deviation, ...] = field(default=(), compare=False)

    def to_bytes(self) -> bytes:
        """The eight bytes with right checks. ValueError: a field beyond its bits."""
        bits = ((self.code, 8), (self.data_1, 8), (self.data_2, 8), (self.data_3, 4))
        for value, width in (*bits, (self.address, 12), (self.version, 4)):
            if not 0 <= value < 1 << width:
                raise ValueError(f"PTZCmd: {value} does not fit into {width} bits")
        check = (0xA + 0x5 + self.version) % 16
        first = bytes(
            (
                FIRST_BYTE,
                self.version << 4 | check,
                self.address & 0xFF,
                self.code,
                self.data_1,
                self.data_2,
                self.data_3 << 4 | self.address >> 8,
            )
        )
        return first + bytes((sum(first) % 256,))

    def to_hex(self) -> str:
        """The sixteen upper-case hexadecimal digits that stand in ``<PTZCmd>``."""
        return self.to_bytes().hex().upper()

    @property
    def actions(self) -> tuple[str, ...]:
        """What it asks for, e.g. ``("up", "right")``, ``("stop",)``, ``("preset-set",)``.

        Empty for a code that the standard does not define.
        """
        group = self.code >> 6
        if group == 0:
            named = tuple(name for bit, name in _PTZ_ACTIONS if self.code & bit)
            return named or ("stop",)
        if self.code >> 4 == 4:
            named = tuple(name for bit, name in _LENS_ACTIONS if self.code & bit)
            return named or ("lens-stop",)
        if self.code == 0x89:
            scan = _SCANS.get(self.data_2)
            return (scan,) if scan else ()
        name = _NAMED.get(self.code)
        return (name,) if name else ()

    @property
    def number(self) -> int | None:
        """Preset of a preset or cruise point command; auxiliary switch; else None."""
        if 0x81 <= self.code <= 0x85:
            return self.data_2
        return self.data_1 if self.code in (0x8C, 0x8D) else None

    @property
    def group(self) -> int | None:
        """Cruise or scan group, None for another command."""
        return self.data_1 if 0x84 <= self.code <= 0x8A else None

    @property
    def value(self) -> int | None:
        """The twelve bits of a cruise speed, dwell time (seconds) or scan speed; else None."""
        return self.data_3 << 8 | self.data_2 if self.code in (0x86, 0x87, 0x8A) else None

    @property
    def pan_speed(self) -> int:
        """0 to 255, of a command that pans; else 0."""
        return self.data_1 if self.code >> 6 == 0 and self.code & 0x03 else 0

    @property
    def tilt_speed(self) -> int:
        """0 to 255, of a command that tilts; else 0."""
        return self.data_2 if self.code >> 6 == 0 and self.code & 0x0C else 0

    @property
    def zoom_speed(self) -> int:
        """0 to 15, of a command that zooms; else 0."""
        return self.data_3 if self.code >> 6 == 0 and self.code & 0x30 else 0

    def describe(self) -> str:
        """One line of English for logs, e.g. ``up 50, right 50`` or ``cruise-dwell 1: 300``."""
        if not self.actions:
            return f"undefined {self.code:02X}H"
        if self.code >> 6 == 0 and self.code:
            speeds = {"up": self.data_2, "down": self.data_2}
            speeds |= {"left": self.data_1, "right": self.data_1}
            return ", ".join(f"{one} {speeds.get(one, self.data_3)}" for one in self.actions)
        if self.code >> 4 == 4 and self.code != 0x40:
            return ", ".join(
                f"{one} {self.data_1 if one.startswith('focus') else self.data_2}"
                for one in self.actions
            )
        parts = [self.actions[0]]
        parts += [str(one) for one in (self.group, self.number) if one is not None]
        return " ".join(parts) + (f": {self.value}" if self.value is not None else "")


def parse_ptz(text: str) -> PtzCommand:
    """Read the text of ``<PTZCmd>``; wrong checks are told, not refused.

    Raises:
        ProtocolError: not sixteen hexadecimal digits.
    """
    if not re.fullmatch(r"[0-9A-Fa-f]{16}", text.strip()):
        raise ProtocolError("PTZCmd: not sixteen hexadecimal digits")
    data = bytes.fromhex(text.strip())
    deviations: list[Deviation] = []
    if data[0] != FIRST_BYTE:
        deviations.append(Deviation("ptz-first-byte", CLAUSE, f"{data[0]:02X}"))
    version = data[1] >> 4
    check = ((data[0] >> 4) + (data[0] & 15) + version) % 16
    if data[1] & 15 != check:
        deviations.append(Deviation("ptz-check-nibble", CLAUSE, f"{data[1]:02X}"))
    if sum(data[:7]) % 256 != data[7]:
        detail = f"{data[7]:02X} / {sum(data[:7]) % 256:02X}"
        deviations.append(Deviation("ptz-checksum", CLAUSE, detail))
    correct = not deviations
    if version:
        deviations.append(Deviation("ptz-version", CLAUSE, str(version)))
    command = PtzCommand(
        data[3],
        data[4],
        data[5],
        data[6] >> 4,
        data[2] | (data[6] & 15) << 8,
        version,
        correct,
    )
    deviations += _judge(command)
    return PtzCommand(
        command.code,
        command.data_1,
        command.data_2,
        command.data_3,
        command.address,
        version,
        correct,
        tuple(deviations),
    )


def _judge(command: PtzCommand) -> list[Deviation]:
    """Codes and numbers without a meaning."""
    code = command.code
    if not command.actions:
        return [Deviation("ptz-undefined", CLAUSE, f"{code:02X}")]
    pairs: tuple[int, ...] = ()
    if code >> 6 == 0:
        pairs = (0x30, 0x0C, 0x03)
    elif code >> 4 == 4:
        pairs = (0x0C, 0x03)
    if any(code & pair == pair for pair in pairs):
        return [Deviation("ptz-contradiction", CLAUSE, printable(", ".join(command.actions)))]
    if code in (0x81, 0x82, 0x83, 0x84) and command.data_2 == 0:
        return [Deviation("ptz-preset-zero", CLAUSE, command.actions[0])]
    return []


def move(*, pan: int = 0, tilt: int = 0, zoom: int = 0, address: int = 1) -> PtzCommand:
    """Turn and zoom; all 0 stops everything, cruise and scan too.

    Args:
        pan: -255 (left) to 255 (right).
        tilt: -255 (down) to 255 (up).
        zoom: -15 (out) to 15 (in).
        address: of the command.
    """
    code = (0x02 if pan < 0 else 0x01 if pan else 0) | (0x04 if tilt < 0 else 0x08 if tilt else 0)
    code |= 0x20 if zoom < 0 else 0x10 if zoom else 0
    return PtzCommand(code, abs(pan), abs(tilt), abs(zoom), address)


def stop(*, address: int = 1) -> PtzCommand:
    """Stop turning, zooming, cruising and scanning."""
    return PtzCommand(0, address=address)


def lens(*, focus: int = 0, iris: int = 0, address: int = 1) -> PtzCommand:
    """Move focus (-255 far to 255 near) and iris (-255 smaller to 255 larger); both 0 stops."""
    code = 0x40 | (0x01 if focus < 0 else 0x02 if focus else 0)
    code |= 0x08 if iris < 0 else 0x04 if iris else 0
    return PtzCommand(code, abs(focus), abs(iris), 0, address)


def preset(action: str, number: int, *, address: int = 1) -> PtzCommand:
    """``set``, ``call`` or ``delete`` preset ``number``, 1 to 255."""
    code = {"set": 0x81, "call": 0x82, "delete": 0x83}[action]
    return PtzCommand(code, 0, number, 0, address)


def cruise_point(action: str, group: int, number: int, *, address: int = 1) -> PtzCommand:
    """``add`` preset ``number`` to cruise ``group`` or ``delete`` it (0: the whole cruise)."""
    return PtzCommand({"add": 0x84, "delete": 0x85}[action], group, number, 0, address)


def cruise_speed(group: int, speed: int, *, address: int = 1) -> PtzCommand:
    """Set the speed of cruise ``group``, twelve bits."""
    return PtzCommand(0x86, group, speed & 0xFF, speed >> 8, address)


def cruise_dwell(group: int, seconds: int, *, address: int = 1) -> PtzCommand:
    """Set the dwell time of cruise ``group``, seconds, twelve bits."""
    return PtzCommand(0x87, group, seconds & 0xFF, seconds >> 8, address)


def cruise_start(group: int, *, address: int = 1) -> PtzCommand:
    """Start cruise ``group``; ``stop`` ends it."""
    return PtzCommand(0x88, group, 0, 0, address)


def scan(action: str, group: int, *, address: int = 1) -> PtzCommand:
    """``start`` scan ``group`` or set its ``left`` or ``right`` edge."""
    return PtzCommand(0x89, group, {"start": 0, "left": 1, "right": 2}[action], 0, address)


def scan_speed(group: int, speed: int, *, address: int = 1) -> PtzCommand:
    """Set the speed of scan ``group``, twelve bits."""
    return PtzCommand(0x8A, group, speed & 0xFF, speed >> 8, address)


def auxiliary(switch: int, on: bool, *, address: int = 1) -> PtzCommand:
    """Turn an auxiliary switch; 1 is the wiper."""
    return PtzCommand(0x8C if on else 0x8D, switch, 0, 0, address)
