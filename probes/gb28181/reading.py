"""What the standard's own readers complain of in the bodies of a conversation.

Only what every edition that a device may follow complains of: a device that does not tell its
edition is held to neither one alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from probes.gb28181.conversation import Exchange
from protocols.deviation import Deviation
from protocols.errors import ProtocolError
from protocols.gb28181.catalog import read_catalog
from protocols.gb28181.device import (
    read_config_download,
    read_device_info,
    read_device_status,
    read_presets,
)
from protocols.gb28181.manscdp import Edition, Manscdp
from protocols.gb28181.notifications import read_media_status
from protocols.gb28181.records import read_records
from protocols.gb28181.sdp import judge_answer, parse_session

_Complaints = Callable[[Manscdp, Edition], tuple[Deviation, ...]]
_READERS: Mapping[tuple[str, str], _Complaints] = {
    ("Response", "Catalog"): lambda body, edition: read_catalog(body, edition=edition).deviations,
    ("Notify", "Catalog"): lambda body, edition: read_catalog(body, edition=edition).deviations,
    ("Response", "ConfigDownload"): lambda body, edition: (
        read_config_download(body, edition=edition).deviations
    ),
    ("Response", "DeviceInfo"): lambda body, _: read_device_info(body).deviations,
    ("Response", "DeviceStatus"): lambda body, _: read_device_status(body).deviations,
    ("Response", "PresetQuery"): lambda body, _: read_presets(body).deviations,
    ("Response", "RecordInfo"): lambda body, edition: (
        read_records(body, edition=edition).deviations
    ),
    ("Notify", "MediaStatus"): lambda body, _: read_media_status(body).deviations,
}
#: Issued by the police to whom it is due: its absence is not the device's fault.
ISSUED = "GrassrootsCode"


def complaints_of(body: Manscdp, editions: Sequence[Edition]) -> Iterator[Deviation]:
    """What the reader of its command complains of, beside what the envelope's has."""
    reader = _READERS.get((body.kind, body.command))
    if reader is None:
        return
    readings = [reader(body, edition) for edition in editions]
    shared = set.intersection(*({(one.code, one.detail) for one in found} for found in readings))
    for one in readings[0]:
        known = one in body.deviations or one.detail.endswith(ISSUED)
        if not known and (one.code, one.detail) in shared:
            yield one


def complaints_of_answer(exchange: Exchange) -> Iterator[Deviation]:
    """What the session description of a device lacks that accepted an INVITE (annex F)."""
    final = exchange.final
    if exchange.from_device or exchange.method != "INVITE" or exchange.status != 200:
        return
    assert final is not None
    try:
        yield from judge_answer(parse_session(exchange.sip.body), parse_session(final.message.body))
    except ProtocolError:
        return
