"""Functions of the sensor that can be switched over ONVIF: wide dynamic range and its like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from protocols.xml_reading import children, find, words
from targets.onvif_client import OnvifClient
from targets.onvif_reading import Facts, decimal

_SCHEMA = "http://www.onvif.org/ver10/schema"
#: ImagingSettingsExtension20, 202 and 203: where the schema has put what came later.
_EXTENSIONS = 3
_MOST_MODES = 16


@dataclass(frozen=True)
class ImagingFunction:
    """One function: its element in ImagingSettings20, and whether that is an extension."""

    name: str
    extended: bool = False

    def _path(self, *last: str) -> tuple[str, ...]:
        return (*(("Extension",) * _EXTENSIONS if self.extended else ()), *last)

    def modes(self, options: etree._Element | None) -> list[str]:
        """The modes that GetOptionsResponse offers, in capitals."""
        name = f"{self.name}Options" if self.extended else self.name
        found = find(options, "ImagingOptions", *self._path(name))
        listed = [] if found is None else list(children(found, "Mode"))[:_MOST_MODES]
        return [(one.text or "").strip().upper() for one in listed]

    def setting(self, settings: etree._Element | None) -> Facts:
        """Mode and level of GetImagingSettingsResponse; ``None`` for what it does not tell."""
        found = find(settings, "ImagingSettings", *self._path(self.name))
        mode, level = words(found, "Mode"), decimal(found, "Level")
        return {"mode": mode.upper() if mode else None, "level": level}

    def request(self, mode: str, level: float | None) -> dict[str, Any]:
        """ImagingSettings that set this function and nothing else."""
        if not self.extended:
            given: dict[str, Any] = {"Mode": mode}
            return {self.name: given if level is None else given | {"Level": level}}
        element = etree.Element(f"{{{_SCHEMA}}}{self.name}")
        etree.SubElement(element, f"{{{_SCHEMA}}}Mode").text = mode
        if level is not None:
            etree.SubElement(element, f"{{{_SCHEMA}}}Level").text = f"{level:g}"
        inner: dict[str, Any] = {"_value_1": [element]}
        for _ in range(_EXTENSIONS):
            inner = {"Extension": inner}
        return inner


#: What may be tried for each thing that the standard asks for, the most fitting first.
FUNCTIONS: Mapping[str, tuple[ImagingFunction, ...]] = {
    "wide-dynamic": (ImagingFunction("WideDynamicRange"),),
    # ONVIF has no highlight suppression by that name; tone compensation darkens what is too
    # bright, backlight compensation is what many cameras file it under.
    "highlight": (
        ImagingFunction("ToneCompensation", extended=True),
        ImagingFunction("BacklightCompensation"),
    ),
}


class ImagingSwitch:
    """One function of one video source, to be switched."""

    def __init__(
        self, client: OnvifClient, source: str, function: ImagingFunction, modes: list[str]
    ) -> None:
        self._client = client
        self._source = source
        self._function = function
        self.name = function.name
        self.modes = modes

    @classmethod
    async def find(cls, client: OnvifClient, source: str, wanted: str) -> ImagingSwitch | None:
        """The first function for ``wanted`` that can be switched on and off, ``None`` without one.

        Raises:
            VisitProblem: the device does not answer.
        """
        options = await client.optional("imaging", "GetOptions", VideoSourceToken=source)
        for function in FUNCTIONS[wanted]:
            modes = function.modes(options)
            if "OFF" in modes and "ON" in modes:
                return cls(client, source, function, modes)
        return None

    async def read(self) -> Facts:
        """Mode and level as the device tells them now."""
        settings = await self._client.optional(
            "imaging", "GetImagingSettings", VideoSourceToken=self._source
        )
        return self._function.setting(settings)

    async def set(self, mode: str, level: float | None) -> None:
        """Set the function.

        Raises:
            OnvifFault: the device refuses.
            VisitProblem: it does not answer.
        """
        await self._client.call(
            "imaging",
            "SetImagingSettings",
            VideoSourceToken=self._source,
            ImagingSettings=self._function.request(mode, level),
            ForcePersistence=False,
        )
