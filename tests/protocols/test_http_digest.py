import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.http_digest import (
    Challenge,
    Credentials,
    DigestGuard,
    authorization,
    basic_authorization,
    digest_response,
    parse_authorization,
    parse_basic,
    parse_challenges,
    strongest,
)

RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616(algorithm, response):
    (challenge,) = parse_challenges(RFC_7616.format(algorithm))
    header = authorization(
        challenge,
        "Mufasa",
        "Circle of Life",
        "GET",
        "/dir/index.html",
        client_nonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert parse_authorization(header).response == response
    assert parse_authorization(header).nonce_count == "00000001"


def test_the_example_of_rfc_2617():
    credentials = Credentials(
        "Mufasa",
        "testrealm@host.com",
        "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "/dir/index.html",
        "",
        qop="auth",
        nonce_count="00000001",
        client_nonce="0a4f113b",
    )
    response = digest_response(credentials, "Circle Of Life", "GET")
    assert response == "6629fae49393a05397450978507c4ef1"


def test_the_corrected_example_of_rfc_2069():
    (challenge,) = parse_challenges(
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    )
    header = authorization(challenge, "Mufasa", "CircleOfLife", "GET", "/dir/index.html")
    credentials = parse_authorization(header)
    assert credentials.response == "1949323746fe6a43ef61f9606e7febea"
    assert credentials.qop == credentials.client_nonce == ""


def test_several_challenges_in_one_header_and_the_strongest():
    value = (
        'Basic realm="a, b=c", Digest realm="r\\"x", nonce=n1, algorithm=SHA-256, Digest nonce="n"'
    )
    basic, sha, md5 = parse_challenges(value)
    assert (basic.scheme, basic.realm) == ("Basic", "a, b=c")
    assert (sha.realm, sha.nonce) == ('r"x', "n1")
    assert strongest([basic, md5, sha]) is sha
    assert strongest([basic, Challenge("Digest", "r", "n", "BLAKE9")]) is None


def test_the_guard_accepts_the_right_password_only():
    guard = DigestGuard("camera", ("SHA-256", "MD5"))
    for challenge in guard.challenges(1000.0):
        (parsed,) = parse_challenges(challenge.build())
        right = authorization(parsed, "admin", "p", "DESCRIBE", "rtsp://h/")
        wrong = authorization(parsed, "admin", "q", "DESCRIBE", "rtsp://h/")
        assert guard.verify(right, "DESCRIBE", "p", 1001.0) == "ok"
        assert guard.verify(right, "PLAY", "p", 1001.0) == "refused"
        assert guard.verify(wrong, "DESCRIBE", "p", 1001.0) == "refused"
        assert guard.verify(right, "DESCRIBE", "p", 2000.0) == "stale"


def test_the_guard_refuses_foreign_nonces_algorithms_and_noise():
    guard = DigestGuard("camera")
    foreign = Challenge("Digest", "camera", "3e8-" + "0" * 24)
    assert guard.verify(authorization(foreign, "a", "p", "GET", "/"), "GET", "p", 0) == "refused"
    (challenge,) = DigestGuard("camera", ("SHA-256",)).challenges(0)
    assert guard.verify(authorization(challenge, "a", "p", "GET", "/"), "GET", "p", 0) == "refused"
    assert guard.verify("Digest", "GET", "p", 0) == "refused"


def test_session_algorithms_round_trip():
    challenge = Challenge("Digest", "r", "n", "MD5-sess", ("auth",))
    credentials = parse_authorization(authorization(challenge, "u", "p", "GET", "/"))
    assert credentials.response == digest_response(credentials, "p", "GET")


def test_basic_round_trip_and_refusal():
    assert parse_basic(basic_authorization("u", "p:q")) == ("u", "p:q")
    with pytest.raises(ProtocolError):
        parse_basic("Basic %%%")


@given(st.text(max_size=120))
def test_random_headers_raise_only_protocol_errors(text):
    for value in (text, "Digest " + text, 'Digest nonce="' + text):
        for parse in (parse_challenges, parse_authorization, parse_basic):
            with contextlib.suppress(ProtocolError):
                parse(value)
        assert DigestGuard("r").verify(value, "GET", "p", 0.0) == "refused"
