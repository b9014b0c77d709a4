"""Alarm ports (4.3.1 l): an alarm input that notifies, and an output that is listed.

The catalog of GB/T 28181 lists inputs (134) and outputs (135) as things of their own; many
devices list neither, so that nothing follows from their absence alone.
"""

from __future__ import annotations

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.conversation import Conversation, moment, steps_of
from probes.gb28181.judging import begin
from probes.gb28181.queries import pages_of
from protocols.gb28181.device import read_device_info, read_device_status

INSTRUMENT = "gb-alarm-ports/1"
_INPUT, _OUTPUT = "134", "135"


def measure_alarm_ports(recording: Recording, description: Recording | None = None) -> Measurement:
    """Judge a ``gb28181:alarm`` recording, with the ONVIF ports of ``description`` beside it.

    Quantity ``gb-alarm-ports``; ``details``: ``inputs``, ``outputs`` (how often found, by way),
    ``notified``.
    """
    judgement, conversation = begin(recording, "gb-alarm-ports", INSTRUMENT)
    inputs, outputs = _listed(conversation)
    by_onvif = description is not None and description.problem is None
    facts = description.facts if description is not None and by_onvif else {}
    onvif_inputs = len(facts.get("digital_inputs") or ())
    onvif_outputs = len(facts.get("relay_outputs") or ())
    raised = next(iter(steps_of(recording, "raise")), None)
    notified = next(iter(steps_of(recording, "notified")), None)
    came = notified is not None and moment(notified) is not None
    judgement.details |= {
        "inputs": {"gb28181": inputs, "onvif": onvif_inputs if by_onvif else None},
        "outputs": {"gb28181": outputs, "onvif": onvif_outputs if by_onvif else None},
        "notified": came,
    }
    by_rig = raised is not None and raised.get("by") == "rig"
    heard = conversation.reliable or bool(conversation.messages)
    if not came and not inputs and by_onvif and not onvif_inputs:
        judgement.fault("no-input")
    elif not came and by_rig and heard:
        judgement.fault("input-dead")
    elif not came:
        judgement.doubt("input-untried")
    if not outputs and by_onvif and not onvif_outputs:
        judgement.fault("no-output")
    elif not outputs and not onvif_outputs:
        judgement.doubt("output-unknown")
    # No command of GB/T 28181 drives an output: that it follows is for a person to see.
    judgement.note("output-unread")
    return judgement.measurement(conversation)


def _listed(conversation: Conversation) -> tuple[int, int]:
    """Alarm inputs and outputs in the catalog or among the states of DeviceStatus."""
    found: set[str] = set()
    for page in pages_of(list(conversation.told("Response", "Catalog")), "2022"):
        found |= {item.device_id for item in page.items}
    for one in conversation.told("Response", "DeviceStatus"):
        if one.manscdp is not None:
            found |= {state.device for state in read_device_status(one.manscdp).alarm_states}
    for one in conversation.told("Response", "DeviceInfo"):
        if one.manscdp is not None:
            found.add(read_device_info(one.manscdp).device)
    kinds = [identifier[10:13] for identifier in found if len(identifier) == 20]
    return kinds.count(_INPUT), kinds.count(_OUTPUT)
