"""The probes without pictures take any recording that a store may hand them."""

import datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from assessment.recording import Recording
from probes.ingress_protection import measure_ingress_protection
from probes.online import measure_online_rate, measure_online_share
from probes.weak_password import measure_password_properties, measure_weak_password

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("answers", "authenticates", "picture", "at", "detail", "service", "outcome"),
                    *("candidate", "model", "firmware", "onvif", "rtsp", "telnet", "length"),
                ]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
FACTS = st.dictionaries(
    st.sampled_from(
        [
            *("device", "scopes", "polls", "expected", "declared_online", "attempts", "ports"),
            *("anonymous", "stopped_early", "declared"),
        ]
    ),
    ANYTHING,
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(facts=FACTS, claim=st.text(max_size=12))
@example(facts={"attempts": [{"outcome": []}]}, claim="")
def test_no_content_of_a_recording_raises(facts, claim) -> None:
    recording = Recording("any", "p1", NOW, NOW, facts=facts)
    found = [
        measure_ingress_protection(recording, claim=claim, today=NOW.date()),
        measure_online_share(recording),
        measure_online_rate([recording], ["p1", "p2"]),
        measure_weak_password(recording),
        *measure_password_properties(recording),
    ]
    for measurement in found:
        assert measurement.value is not None or measurement.spoilt is not None
