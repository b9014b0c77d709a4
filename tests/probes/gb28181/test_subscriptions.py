"""What a conversation tells of subscriptions: dialogs, ends, and where they leave the standards."""

from __future__ import annotations

import pytest

from assessment.recording import Recording
from probes.gb28181.alarm import measure_alarm
from probes.gb28181.conversation import open_conversation
from probes.gb28181.keepalive import measure_keepalive
from probes.gb28181.subscriptions import subscription_departures, subscriptions_of
from protocols.gb28181.manscdp import build_manscdp
from protocols.sip.message import Headers, SipRequest
from tests.gb28181_recordings import DEVICE, Talk
from tests.probes.gb28181.test_registration import reasons

CALL = "subscription"


class Subscriber(Talk):
    """A talk with one subscription; the harness's tag is that of its first SUBSCRIBE."""

    ours = ""

    def subscribe(
        self,
        seconds: int,
        *,
        command: str = "Alarm",
        granted: int | None = None,
        status: int = 200,
    ) -> None:
        body = build_manscdp("Query", command, 7, DEVICE)
        heads = [("Event", "presence"), ("Expires", str(seconds))]
        request = self.request("SUBSCRIBE", outbound=True, headers=heads, body=body, call_id=CALL)
        self.ours = self.ours or (request.headers.get("From") or "").partition("tag=")[2]
        told = [("Expires", str(granted))] if granted is not None else []
        self.answer(request, status, told, outbound=False)

    def notify(
        self,
        *,
        command: str = "Alarm",
        call_id: str = CALL,
        tag: str = "",
        event: str = "presence",
        state: str = "active",
        number: int = 0,
    ) -> None:
        self._count += 1
        body = build_manscdp("Notify", command, 1, DEVICE)
        headers = Headers(
            [
                ("Via", f"SIP/2.0/UDP 127.66.0.2:5060;branch=z9hG4bKn{self._count}"),
                ("From", f"<sip:{DEVICE}@6101020000>;tag=a"),
                ("To", f"<sip:x@6101020000>;tag={tag or self.ours}"),
                ("Call-ID", call_id),
                ("CSeq", f"{number or self._count} NOTIFY"),
                ("Event", event),
                ("Subscription-State", state),
            ]
        )
        request = SipRequest("NOTIFY", f"sip:{DEVICE}@x", headers, body)
        self.say(request, outbound=False)
        self.answer(request)

    def message(self) -> None:
        self.tells("Notify", "Alarm")

    def departures(self) -> list[str]:
        conversation = open_conversation(self.recording("gb28181:alarm"))
        return sorted({one.code for one in subscription_departures(conversation)})


def judged(talk: Talk) -> list[str]:
    at = talk.at
    steps = [
        {"name": "subscribe", "at": at, "status": 200},
        {"name": "raise", "at": at, "by": "rig"},
        {"name": "notified", "at": at + 0.1, "via": "MESSAGE", "method": "2"},
    ]
    return reasons(measure_alarm(talk.recording("gb28181:alarm", steps)))


def test_what_is_told_in_the_dialog_while_it_lasts_is_right() -> None:
    talk = Subscriber()
    talk.subscribe(600, granted=600)
    talk.pass_time(2)
    talk.message()
    talk.notify()
    talk.subscribe(30, granted=30)
    (known,) = subscriptions_of(open_conversation(talk.recording("gb28181:alarm")))
    assert (known.command, len(known.notified), len(known.later)) == ("Alarm", 1, 1)
    assert known.ends == pytest.approx(talk.at + 30, abs=0.1)
    talk.pass_time(40)
    talk.message()
    talk.notify(state="terminated;reason=timeout")
    assert judged(talk) == []
    assert talk.departures() == []


def test_an_alarm_by_message_alone_is_not_by_subscription() -> None:
    talk = Subscriber()
    talk.subscribe(600, granted=600)
    talk.message()
    assert judged(talk) == ["not-by-subscription"]


def test_a_subscription_that_was_too_short_decides_nothing() -> None:
    talk = Subscriber()
    talk.subscribe(600, granted=1)
    talk.pass_time(0.8)
    talk.message()
    measured = measure_alarm(
        talk.recording(
            "gb28181:alarm",
            [{"name": "raise", "by": "rig", "at": talk.at},
             {"name": "notified", "at": talk.at, "method": "2"}],
        )
    )  # fmt: skip
    assert "gb-alarm.subscription-too-short" in [one["code"] for one in measured.details["doubts"]]


def test_faults_of_the_dialog() -> None:
    for tag, call, departs in (("other", CALL, "notify-dialog"), ("", "stray", "notify-dialog")):
        talk = Subscriber()
        talk.subscribe(600, granted=600)
        talk.message()
        talk.notify(tag=tag, call_id=call)
        assert judged(talk) == ["notify-outside-dialog"]
        assert talk.departures() == [departs]


@pytest.mark.parametrize(("status", "found"), [(481, ["refresh-refused"]), (423, [])])
def test_a_refused_refresh(status: int, found: list[str]) -> None:
    talk = Subscriber()
    talk.subscribe(600, granted=600)
    talk.message()
    talk.notify()
    talk.subscribe(2, status=status)
    assert judged(talk) == found


def test_what_comes_after_the_end() -> None:
    talk = Subscriber()
    talk.subscribe(5, granted=5)
    talk.notify()
    talk.pass_time(7)
    talk.notify()
    assert judged(talk) == ["notified-after-end"]
    assert talk.departures() == ["notify-after-end"]


def test_departures_that_decide_nothing() -> None:
    longer = Subscriber()
    longer.subscribe(5, granted=50)
    assert longer.departures() == ["subscription-expires"]
    untold = Subscriber()
    untold.subscribe(5)
    assert untold.departures() == ["subscription-expires"]
    refused = Subscriber()
    refused.subscribe(5, command="Catalog", status=489)
    assert refused.departures() == ["catalog-subscription-refused"]
    fixed = Subscriber()
    fixed.subscribe(5, command="MobilePosition", status=489)
    assert fixed.departures() == []
    silent = Subscriber()
    silent.subscribe(30, command="MobilePosition", granted=30)
    silent.pass_time(10)
    silent.tells("Notify", "Keepalive")
    assert silent.departures() == ["position-not-told"]
    odd = Subscriber()
    odd.subscribe(600, granted=600)
    odd.notify(event="dialog", number=9)
    odd.notify(number=9)
    assert odd.departures() == ["notify-event", "notify-sequence"]


@pytest.mark.parametrize(
    ("withheld", "count", "back", "found"),
    [
        (6, 3, False, ["loss-ignored"]),
        (5, 3, False, ["loss-ignored"]),
        (4, 3, False, []),
        (6, 5, False, []),
        (6, 3, True, []),
    ],
)
def test_keepalives_that_nobody_answers(
    withheld: int, count: int, back: bool, found: list[str]
) -> None:
    def recorded() -> Recording:
        talk = Talk(transport="tcp")
        begun = talk.at
        for _ in range(5):
            talk.pass_time(60)
            talk.tells("Notify", "Keepalive", {"Status": "OK"})
        watch = {
            "name": "watch", "at": begun, "ended": talk.at, "interval_s": 60.0, "source": "device",
        }  # fmt: skip
        silence = {
            "name": "silence", "at": talk.at, "count": count, "withheld": withheld,
            "registered_again": back,
        }  # fmt: skip
        return talk.recording("gb28181:keepalive", [watch, silence])

    assert reasons(measure_keepalive(recorded())) == found
