from __future__ import annotations

from protocols.xml_reading import children, read_xml
from targets.credentials import Secret
from targets.transcript import Transcript, mask_addresses


def test_credentials_are_masked_wherever_they_stand() -> None:
    transcript = Transcript([Secret("hunter2")])
    transcript.add(
        "request",
        b"<E><Security><UsernameToken><Password>abc</Password></UsernameToken></Security>"
        b'<Uri a="hunter2">rtsp://admin:other@10.0.0.1/x</Uri>tail hunter2</E>',
        at=1.5,
        label="http://admin:hunter2@10.0.0.1/",
    )
    transcript.add("response", b"plain hunter2 \x00 http://u:p@h/", at=2.0, status=500)
    written = transcript.to_bytes()
    for secret in (b"hunter2", b"abc", b":other@", b":p@"):
        assert secret not in written
    root = read_xml(written)
    assert root[0].get("at") == "1.500000"
    assert root[1].get("status") == "500"


def test_long_messages_are_left_out_but_counted() -> None:
    transcript = Transcript()
    for _ in range(30):
        transcript.add("response", b"<a>" + b"x" * 200_000 + b"</a>", at=0.0)
    transcript.add("response", b"y" * 300_000, at=0.0)
    written = transcript.to_bytes()
    assert len(written) < 5 << 20
    root = read_xml(written, maximum_bytes=5 << 20)
    assert len(list(children(root, "response"))) == 31
    assert root[30].get("left-out") == "300000"


def test_addresses_without_a_password_stay() -> None:
    assert mask_addresses("http://a@h/ rtsp://h:554/x") == "http://a@h/ rtsp://h:554/x"
