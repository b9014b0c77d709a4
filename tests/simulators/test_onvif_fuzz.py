"""Whatever comes, an answer goes back: nothing but faults."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from protocols.errors import ProtocolError
from simulators.camera.onvif import soap, timing
from simulators.camera.onvif.device_memory import DeviceMemory
from simulators.camera.onvif.endpoint import Asked, answer
from simulators.camera.onvif.markup import read, write, x
from simulators.camera.onvif.operations import OPERATIONS
from tests.simulators.onvif_bench import envelope, new_state
from tests.simulators.test_onvif_schema import content_of

TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40)


@given(st.binary(max_size=300))
def test_reading_bytes_fails_only_by_protocol_error(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        soap.read_request(data)


@given(TEXT)
def test_durations_times_and_numbers_end_in_a_fault(text: str) -> None:
    for reader in (timing.seconds_of, timing.posix_of, lambda value: soap.finite(value, "x")):
        with contextlib.suppress(soap.SoapError):
            reader(text)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(OPERATIONS)), st.data())
def test_twisted_arguments_end_in_an_answer(name: str, data: st.DataObject) -> None:
    content = content_of(name)
    if content:
        place = data.draw(st.integers(0, len(content)))
        cut = data.draw(st.integers(0, 20))
        content = content[:place] + data.draw(TEXT) + content[place + cut :]
    state = new_state("onvif-anonymous", address="127.11.1.1")

    async def ask() -> int:
        device = DeviceMemory(state)
        try:
            asked = Asked(envelope(f"<{name}>{content}</{name}>").encode(), "/onvif/x")
            return (await answer(device, asked)).status
        finally:
            device.events.close()

    assert asyncio.run(ask()) in (200, 400, 500)


@given(TEXT, TEXT)
def test_what_is_written_is_read_back(text: str, value: str) -> None:
    root = read(write(x("tt:A", {"b": value}, x("tt:C", text))))
    assert (root[0].text or "") == text
    assert root.get("b") == value


def test_a_bomb_of_entities_is_not_read() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    assert etree.fromstring(bomb) is not None
    with pytest.raises(ProtocolError):
        read(bomb)
