"""The visit ``gb28181:control``: commands while the stream shows what comes of them."""

from __future__ import annotations

import contextlib

from protocols.gb28181 import ptz
from protocols.gb28181.configuration import read_config_download
from protocols.xml_reading import children, find, integer, words
from targets.errors import VisitProblem
from targets.gb28181.exchange import Exchange
from targets.gb28181.media_session import MediaOrder, MediaSession
from visits.circumstances import Visit
from visits.gb28181.script import Script, Step, conversation

#: Presets that nobody is likely to use, and a patrol that few do; they are deleted afterwards.
PRESET, SECOND_PRESET = 250, 249
PATROL = 8
_SPEED, _ZOOM_SPEED = 0x80, 8
_MOVES = (
    ("left", ptz.move(pan=-_SPEED)),
    ("right", ptz.move(pan=_SPEED)),
    ("up", ptz.move(tilt=_SPEED)),
    ("down", ptz.move(tilt=-_SPEED)),
    ("zoom-in", ptz.move(zoom=_ZOOM_SPEED)),
    ("zoom-out", ptz.move(zoom=-_ZOOM_SPEED)),
)
_HOME_SECONDS = 10
#: PTZType of a gun that cannot be turned.
FIXED = "3"
_HOME_FIELDS = ("Enabled", "ResetTime", "PresetIndex")


async def record_control(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes; the camera is left as it was found."""
    async with conversation(visit) as script:
        work = _Control(script, await script.channel())
        session = await script.media("live", MediaOrder("Play", work.channel), work.during)
        if session.outcome.problem is not None:
            await work.without_picture()
        if visit.circumstances.intrusive:
            await work.configure()
            await work.reboot()


class _Control:
    """The commands of one visit."""

    def __init__(self, script: Script, channel: str) -> None:
        self.script = script
        self.channel = channel
        self._move = script.lengths.gb_move
        self._patrols = script.visit.circumstances.intrusive and not self._is_fixed
        self._dwell = max(1, int(script.lengths.gb_patrol / 8))

    @property
    def _is_fixed(self) -> bool:
        """Whether the catalogue says that the lens cannot be turned."""
        return str(self.script.visit.facts.get("ptz_type")) == FIXED

    async def during(self, _: MediaSession, __: Step) -> None:
        """Everything that the picture or the device's own word shows."""
        await self.script.rest(self._move)
        try:
            await self._lens()
        finally:
            await self._clean_up()
        await self.script.rest(self._move)
        await self.script.command("iframe", [("IFameCmd", "Send")], target=self.channel)
        await self.script.rest(self._move)
        await self.without_picture()

    async def without_picture(self) -> None:
        """What DeviceStatus tells: guard and recording, each read back."""
        script, channel = self.script, self.channel
        found = await script.status()
        switches = (
            ("GuardCmd", on_duty(found), ("guard-set", "SetGuard"), ("guard-reset", "ResetGuard")),
            ("RecordCmd", recording(found), ("record-start", "Record"),
             ("record-stop", "StopRecord")),
        )  # fmt: skip
        for element, was_on, on, off in switches:
            target = "" if element == "GuardCmd" else channel
            # Left as it was found: what is on goes off and on again.
            for what, value in (off, on) if was_on else (on, off):
                await script.command(what, [(element, value)], target=target, answered=True)
                await script.status()

    async def _ptz(self, what: str, digits: str, expected: str | None = None) -> None:
        await self.script.command(
            what, [("PTZCmd", digits)], target=self.channel, expected=expected
        )

    async def _lens(self) -> None:
        """Out and back in every direction; then a preset, and a command that must not count."""
        await self._ptz("preset-set", ptz.preset("set", PRESET).to_hex())
        for what, command in _MOVES:
            await self._ptz(what, command.to_hex(), what)
            await self.script.rest(self._move)
            await self._ptz("stop", ptz.stop().to_hex(), "still")
            await self.script.rest(self._move)
        right = ptz.move(pan=_SPEED)
        await self._ptz("right", right.to_hex(), "right")
        await self.script.rest(self._move)
        await self._ptz("stop", ptz.stop().to_hex(), "still")
        await self.script.rest(self._move)
        if self._patrols:
            await self._ptz("second-preset-set", ptz.preset("set", SECOND_PRESET).to_hex())
        await self._ptz("preset-call", ptz.preset("call", PRESET).to_hex(), "back")
        await self.script.rest(2 * self._move)
        if self._patrols:
            await self._patrol()
        digits = right.to_hex()
        wrong = f"{int(digits[-2:], 16) ^ 0x5A:02X}"
        await self._ptz("bad-checksum", digits[:-2] + wrong, "still")
        await self.script.rest(self._move)
        await self._ptz("stop", ptz.stop().to_hex(), "still")
        await self.script.rest(self._move)
        await self._home(PRESET)

    async def _patrol(self) -> None:
        """Begun at the first of two presets: to the second, and back."""
        for preset in (SECOND_PRESET, PRESET):
            await self._ptz("patrol-add", ptz.cruise_point("add", PATROL, preset).to_hex())
        await self._ptz("patrol-dwell", ptz.cruise_dwell(PATROL, self._dwell).to_hex())
        await self._ptz("patrol-start", ptz.cruise_start(PATROL).to_hex(), "there and back")
        await self.script.rest(self.script.lengths.gb_patrol)
        await self._ptz("stop", ptz.stop().to_hex(), "still")
        await self.script.rest(self._move)

    async def _home(self, preset: int) -> None:
        """Have the camera return by itself to ``preset``, and then as it was set before."""
        before = await self._home_found()
        for expected, home in (("on", (1, _HOME_SECONDS, preset)), ("off", before)):
            fields = list(zip(_HOME_FIELDS, home, strict=True))
            await self.script.command(
                "home-position", [("HomePosition", fields)], target=self.channel,
                expected=expected if home[0] else "off", answered=True,
            )  # fmt: skip

    async def _home_found(self) -> tuple[int, int, int]:
        """The home position as it is set; off where the device has no way to say (before 2022)."""
        script, unknown = self.script, (0, _HOME_SECONDS, PRESET)
        record = script.device.record
        if record is None or not record.gb_version.startswith("3"):
            return unknown
        exchange = await script.ask(
            "home-position-query",
            lambda: script.device.query(
                "HomePositionQuery", target=self.channel, seconds=script.lengths.gb_answer
            ),
        )
        for page in exchange.pages:
            told = [integer(page.root, "HomePosition", name) for name in _HOME_FIELDS]
            if told[0] is not None:
                return told[0], told[1] or _HOME_SECONDS, told[2] or PRESET
        return unknown

    async def _clean_up(self) -> None:
        """Back to where it was, and the preset gone."""
        with contextlib.suppress(VisitProblem):
            await self._ptz("stop", ptz.stop().to_hex(), "still")
            await self._ptz("preset-call", ptz.preset("call", PRESET).to_hex(), "back")
            if self._patrols:
                whole = ptz.cruise_point("delete", PATROL, 0)
                await self._ptz("patrol-delete", whole.to_hex())
                second = ptz.preset("delete", SECOND_PRESET)
                await self._ptz("second-preset-delete", second.to_hex())
            await self._ptz("preset-delete", ptz.preset("delete", PRESET).to_hex())

    async def configure(self) -> None:
        """Set what the device just told of its settings; some restart instead of answering."""
        script, device, seconds = self.script, self.script.device, self.script.lengths.gb_answer
        asked = [("ConfigType", "BasicParam")]
        told = await script.ask(
            "config-download", lambda: device.query("ConfigDownload", asked, seconds=seconds)
        )
        basic = next(
            (one for page in told.pages if (one := read_config_download(page).basic)), None
        )
        if basic is None:
            return
        since, fields = script.now, [("BasicParam", basic.fields())]
        done = await script.ask(
            "device-config",
            lambda: device.control(fields, command="DeviceConfig", seconds=seconds, wait=True),
        )
        if not done.answered:
            await script.happened("registered", since, script.lengths.gb_react)

    async def reboot(self) -> None:
        """Restart; whether it comes back."""
        script, since = self.script, self.script.now
        await script.command("reboot", [("TeleBoot", "Boot")], expected="registers anew")
        with script.step("return", registered=False) as step:
            step["registered"] = await script.happened(
                "registered", since, script.lengths.gb_return
            )


def on_duty(status: Exchange) -> bool:
    """Whether a DeviceStatus says that the device is armed."""
    for page in status.pages:
        listed = find(page.root, "Alarmstatus")
        for item in children(listed, "Item") if listed is not None else ():
            if words(item, "DutyStatus") in ("ONDUTY", "ALARM"):
                return True
    return False


def recording(status: Exchange) -> bool:
    """Whether a DeviceStatus says that the device records."""
    return any(page.text("Record").upper() == "ON" for page in status.pages)
