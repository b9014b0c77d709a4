"""The visit ``description``: what the device says of itself over ONVIF."""

from __future__ import annotations

from typing import Any

from targets import onvif_reading as reading
from targets.transcript import mask_addresses
from visits.circumstances import Visit

_ADDRESSES_ASKED = 8


async def record_description(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: the device does not serve.
    """
    visit.needs_onvif()
    with visit.transcribed():
        await _record(visit)


async def _record(visit: Visit) -> None:
    client, facts = visit.client, visit.facts
    await client.connect()
    facts["device"] = reading.device(await client.require("devicemgmt", "GetDeviceInformation"))
    facts["scopes"] = reading.scopes(await client.optional("devicemgmt", "GetScopes"))
    facts["services"] = dict(client.services)
    capabilities = await client.optional("devicemgmt", "GetCapabilities", Category=["All"])
    facts["capabilities"] = reading.plain(capabilities)
    facts["interfaces"] = reading.interfaces(
        await client.optional("devicemgmt", "GetNetworkInterfaces")
    )
    facts["profiles"] = await _profiles(visit)
    facts["encoder_options"] = await visit.media.encoder_options()
    facts["audio_options"] = await visit.media.audio_options()
    facts["imaging"] = await _imaging(visit)
    facts["ptz_nodes"] = reading.ptz_nodes(await client.optional("ptz", "GetNodes"))
    facts["auxiliary"] = reading.auxiliary_commands(capabilities)
    facts["digital_inputs"] = reading.tokens(
        await client.optional("deviceio", "GetDigitalInputs"), "DigitalInputs"
    )
    facts["relay_outputs"] = reading.tokens(
        await client.optional("devicemgmt", "GetRelayOutputs"), "RelayOutputs"
    )
    facts["identity_notes"] = {"addresses_elsewhere": sorted(set(client.addresses_elsewhere))}


async def _profiles(visit: Visit) -> list[dict[str, Any]]:
    found = []
    for number, profile in enumerate(await visit.media.profiles()):
        uri = snapshot = None
        if number < _ADDRESSES_ASKED and profile["video"]:
            uri = await visit.media.stream_uri(profile["token"])
            snapshot = await visit.media.snapshot_uri(profile["token"])
        found.append(
            profile
            | {
                "uri": uri and mask_addresses(uri),
                "snapshot_uri": snapshot and mask_addresses(snapshot),
            }
        )
    return found


async def _imaging(visit: Visit) -> dict[str, Any]:
    """Settings and options of the first video source."""
    sources = [one["video_source"] for one in await visit.media.profiles() if one["video_source"]]
    if not sources:
        return {}
    asked = {"VideoSourceToken": sources[0]}
    return {
        "settings": reading.plain(
            await visit.client.optional("imaging", "GetImagingSettings", **asked)
        ),
        "options": reading.plain(await visit.client.optional("imaging", "GetOptions", **asked)),
    }
