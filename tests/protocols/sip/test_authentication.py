"""Digest in SIP: the published vector, both qualities of protection, masks."""

from __future__ import annotations

import random

import pytest

from protocols.errors import ProtocolError
from protocols.http_digest import Credentials, digest_response
from protocols.sip.authentication import (
    authorise,
    challenge_response,
    check_authorization,
    mask_credentials,
)
from protocols.sip.message import Headers, SipRequest, SipResponse

URI = "sip:34010000002000000001@192.168.230.53:5060"
USER = "34010000001310000001"


def register(uri: str = URI) -> SipRequest:
    headers = Headers(
        [
            ("Via", "SIP/2.0/UDP 192.168.230.54:5060;rport;branch=z9hG4bK1"),
            ("From", f"<sip:{USER}@3401000000>;tag=1"),
            ("To", f"<sip:{USER}@3401000000>"),
            ("Call-ID", "1@192.168.230.54"),
            ("CSeq", "1 REGISTER"),
        ]
    )
    return SipRequest("REGISTER", uri, headers)


def test_the_published_vector():
    """Captured from a device of 2018 and recomputed: domain facts, section 3."""
    credentials = Credentials(USER, "3401000000", "9450c474d1150064", URI, "")
    assert (
        digest_response(credentials, "12345678", "REGISTER") == "1dae2e01c1b83b2a156dd94d86ff9c08"
    )
    challenged = challenge_response(register(), "3401000000", "9450c474d1150064")
    asked = authorise(register(), challenged, USER, "12345678", rng=random.Random(1))
    assert "1dae2e01c1b83b2a156dd94d86ff9c08" in (asked.headers.get("Authorization") or "")
    assert asked.headers.get("CSeq") == "2 REGISTER"
    assert asked.headers.get("Call-ID") == "1@192.168.230.54"
    assert asked.headers.get("Via") is None


@pytest.mark.parametrize("algorithm", ["", "MD5", "SHA-256"])
@pytest.mark.parametrize("qop", ["", "auth"])
def test_both_sides_agree(algorithm, qop):
    challenged = challenge_response(register(), "3401000000", "abc", algorithm=algorithm, qop=qop)
    asked = authorise(register(), challenged, USER, "secret", rng=random.Random(1))
    good = check_authorization(asked, "secret", realm="3401000000", nonce="abc")
    assert good.accepted
    assert good.uri_matches
    assert (good.user, good.realm, good.algorithm, good.qop) == (USER, "3401000000", algorithm, qop)
    assert not check_authorization(asked, "other", realm="3401000000", nonce="abc").correct
    old = check_authorization(asked, "secret", realm="3401000000", nonce="new")
    assert old.correct
    assert not old.nonce_matches
    assert not old.accepted
    assert not check_authorization(asked, "secret", realm="other", nonce="abc").accepted


def test_nothing_proven_without_or_with_broken_credentials():
    assert not check_authorization(register(), "secret", realm="r", nonce="n").present
    request = register()
    request.headers.set("Authorization", "Basic YWRtaW46YWRtaW4=")
    assert not check_authorization(request, "secret", realm="r", nonce="n").present
    request.headers.set(
        "Authorization",
        'Digest username="u", realm="r", nonce="n", uri="x", response="0", algorithm=SHA-512',
    )
    check = check_authorization(request, "secret", realm="r", nonce="n")
    assert (check.present, check.correct) == (True, False)


def test_an_unanswerable_challenge_is_refused():
    with pytest.raises(ProtocolError):
        authorise(register(), SipResponse(401), USER, "secret", rng=random.Random(1))


def test_the_proof_is_masked_and_nothing_else():
    challenged = challenge_response(register(), "3401000000", "abc")
    data = authorise(register(), challenged, USER, "secret", rng=random.Random(1)).to_bytes()
    masked = mask_credentials(data)
    assert len(masked) == len(data)
    assert b'response="' + b"0" * 32 in masked
    assert masked.replace(b"0" * 32, b"") != data
    assert mask_credentials(register().to_bytes()) == register().to_bytes()
