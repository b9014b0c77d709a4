"""The uplink on real sockets, sniffed: each defect found for its reason, each variant clean."""

from __future__ import annotations

import asyncio
import shutil
import subprocess

import cv2
import numpy as np
import pytest

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.wire_privacy import measure_wire_privacy
from simulators.behaviours import registry
from simulators.camera import clips
from simulators.camera.encoders import picture
from simulators.uplink import Uplink
from simulators.uplink.behaviours import UPLINK_BEHAVIOURS
from simulators.uplink.link import DEFAULT_CLIP
from visits.wire import WireScope, capture_wire
from visits.wire_sniffer import Sniffer

SECONDS = 4.0
PLATFORM = "127.16.3.1"
CAUGHT = {
    "plain-media": "plain-media",
    "indoor-camera-plain": "plain-media",
    "rtp-over-tcp-plain": "plain-media",
    "plain-signalling": "plain-signalling",
    "media-encrypted-but-snapshot-plain": "plain-picture",
    "null-cipher-srtp": "null-cipher",
    "weak-tls-cipher": "null-cipher",
    "plaintext-fallback-after-reconnect": "plain-fallback",
    "base64-not-encryption": "encoded",
    "xor-obfuscated-media": "obfuscated",
    "outdated-tls-version": "weak-cipher",
    "gb28181-plain-udp": "plain-media",
    "gb28181-plain-tcp": "plain-media",
    "gb28181-plain-media": "plain-media",
    "gb28181-null-srtp": "null-cipher",
    "gb28181-fallback-after-reconnect": "plain-fallback",
}
NO_PICTURE = {"plain-signalling", "outdated-tls-version"}
NAMES = ["", *sorted(UPLINK_BEHAVIOURS)]
Captured = dict[str, tuple[Recording, Measurement]]


@pytest.fixture(scope="module")
def captured() -> Captured:
    """Every behaviour played and sniffed side by side, once."""
    clips.encode(DEFAULT_CLIP)

    async def one(number: int, name: str) -> Recording:
        camera = f"127.16.4.{number}"
        uplink = Uplink(camera, PLATFORM, {name} if name else (), seed=number)
        scope = WireScope(camera, (PLATFORM,))
        return await capture_wire(
            name, scope, Sniffer("lo"), 40, during=lambda: uplink.run(SECONDS)
        )

    async def every() -> list[Recording]:
        return await asyncio.gather(*(one(number, name) for number, name in enumerate(NAMES, 1)))

    recordings = asyncio.run(every())
    return {
        name: (recording, measure_wire_privacy(recording))
        for name, recording in zip(NAMES, recordings, strict=True)
    }


def test_every_defect_of_the_uplink_is_expected_here():
    kinds = {name: registry()[name].kind for name in UPLINK_BEHAVIOURS}
    assert {name for name, kind in kinds.items() if kind == "defect"} == set(CAUGHT)


@pytest.mark.parametrize("name", sorted(CAUGHT))
def test_a_defect_is_caught_for_its_reason(captured, name):
    _, measured = captured[name]
    assert measured.value == ("weak" if name == "outdated-tls-version" else "plain")
    assert measured.spoilt is None
    assert measured.details["reason"]["code"] == f"wire-privacy.{CAUGHT[name]}"


@pytest.mark.parametrize("name", sorted(set(CAUGHT) - NO_PICTURE))
def test_the_evidence_shows_what_the_camera_filmed(captured, name):
    _, measured = captured[name]
    evidence = next(part for key, part in measured.evidence.items() if key.endswith(".jpg"))
    rebuilt = cv2.imdecode(np.frombuffer(evidence.read(), np.uint8), cv2.IMREAD_COLOR)
    likeness = max(
        cv2.PSNR(rebuilt, np.asarray(picture(DEFAULT_CLIP, index), np.uint8)) for index in (0, 25)
    )
    assert likeness > 28


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(CAUGHT)))
def test_what_is_compliant_is_encrypted(captured, name):
    recording, measured = captured[name]
    assert recording.problem is None
    assert (measured.value, measured.spoilt) == ("encrypted", None)
    assert not measured.evidence


def test_auxiliary_traffic_is_listed(captured):
    _, measured = captured["dns-and-ntp-beside"]
    found = {flow["class"] for flow in measured.details["flows"]}
    assert {"dns", "ntp"} <= found


@pytest.mark.parametrize("name", ["", "tls12", "tls13", "outdated-tls-version", "weak-tls-cipher"])
def test_tshark_reads_the_same_version_and_cipher(captured, name, tmp_path):
    recording, measured = captured[name]
    fields = ["tls.handshake.version", "tls.handshake.extensions.supported_version"]
    hellos = _tshark(
        recording, tmp_path, "tls.handshake.type == 2", [*fields, "tls.handshake.ciphersuite"]
    )
    assert hellos
    versions = {"0x0301": "TLS 1.0", "0x0303": "TLS 1.2", "0x0304": "TLS 1.3"}
    seen = {(versions[new or old], int(suite, 16)) for old, new, suite in hellos}
    ours = {flow["version"] for flow in measured.details["flows"] if flow["class"] == "tls"}
    assert {version for version, _ in seen} == ours


def test_tshark_counts_the_same_rtp_packets(captured, tmp_path):
    recording, measured = captured["plain-media"]
    flow = next(flow for flow in measured.details["flows"] if flow["class"] == "rtp")
    port = flow["destination"].rpartition(":")[2]
    rows = _tshark(recording, tmp_path, "rtp", ["rtp.ssrc"], "-d", f"udp.port=={port},rtp")
    assert len(rows) == flow["packets"][0]


def test_behaviours_of_others_are_ignored():
    uplink = Uplink("127.16.4.99", PLATFORM, {"720p", "plain-media"})
    assert "720p" in uplink.behaviours


async def test_it_starts_switches_and_stops():
    uplink = Uplink("127.16.4.90", PLATFORM)
    scope = WireScope("127.16.4.90", (PLATFORM,))

    async def watch() -> None:
        await uplink.start()
        await asyncio.sleep(2.5)
        await uplink.stop()

    recording = await capture_wire("P", scope, Sniffer("lo"), 20, during=watch)
    assert measure_wire_privacy(recording).value == "encrypted"


def _tshark(
    recording: Recording, folder, expression: str, fields: list[str], *options: str
) -> list[list[str]]:
    program = shutil.which("tshark")
    assert program, "tshark is needed as the independent witness: install the package tshark"
    path = folder / "capture.pcap"
    path.write_bytes(recording.read("capture.pcap"))
    command = [program, "-r", str(path), *options, "-Y", expression, "-T", "fields"]
    for name in fields:
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]
