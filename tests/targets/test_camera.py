from __future__ import annotations

import os
from pathlib import Path

import pytest

from messages import LANGUAGES, text
from simulators import certificates
from targets.camera import CameraOptions, parse_camera
from targets.credentials import Secret
from targets.errors import TargetError


def test_an_onvif_address() -> None:
    camera = parse_camera("onvif://admin@10.1.2.3", secret=lambda: Secret("s3cret"))
    assert (camera.scheme, camera.host, camera.port, camera.user) == (
        "onvif", "10.1.2.3", 80, "admin",
    )  # fmt: skip
    assert camera.point == camera.name == "10.1.2.3"
    assert camera.speaks_onvif
    assert camera.device_service == "http://10.1.2.3:80/onvif/device_service"
    assert "s3cret" not in repr(camera)
    assert camera.without_password().secret() is None


@pytest.mark.parametrize(
    ("address", "uri", "user"),
    [
        ("rtsp://cam.example/live?x=1", "rtsp://cam.example:554/live?x=1", ""),
        ("rtsps://op%40site@cam:10322/a/b", "rtsps://cam:10322/a/b", "op@site"),
        ("rtsp://u@[fe80::1]/s", "rtsp://[fe80::1]:554/s", "u"),
    ],
)
def test_a_device_that_only_streams(address: str, uri: str, user: str) -> None:
    camera = parse_camera(address, point="p", name="n")
    assert (camera.stream_uri, camera.user, camera.point, camera.name) == (uri, user, "p", "n")
    assert not camera.speaks_onvif


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("http://10.0.0.1", "target.scheme"),
        ("10.0.0.1", "target.scheme"),
        ("", "target.scheme"),
        ("onvif://", "target.address"),
        ("onvif://admin@", "target.address"),
        ("onvif://a b", "target.address"),
        ("onvif://10.0.0.1:99999", "target.address"),
        ("onvif://10.0.0.1:0", "target.address"),
        ("onvif://10.0.0.300", "target.address"),
        ("onvif://[::1", "target.address"),
        ("onvif://-bad-.example", "target.address"),
        ("onvif://10.0.0.1/path", "target.onvif-path"),
        ("onvif://admin:hunter2@10.0.0.1", "target.password-in-address"),
        ("rtsp://admin:hun@ter2@10.0.0.1/x", "target.password-in-address"),
    ],
)
def test_a_wrong_address_is_named_without_its_password(address: str, key: str) -> None:
    with pytest.raises(TargetError) as caught:
        parse_camera(address)
    error = caught.value
    assert error.key == key
    for lang in LANGUAGES:
        sentence = text(error.key, lang, **error.parameters)
        assert error.key not in sentence
        assert "hunter2" not in sentence + str(error)
        assert "ter2" not in sentence + str(error)


def test_an_unreadable_ca_file(tmp_path: Path) -> None:
    with pytest.raises(TargetError) as caught:
        CameraOptions(ca_file=tmp_path / "absent.pem").tls_context()
    assert caught.value.key == "target.ca-file"
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    with pytest.raises(TargetError):
        CameraOptions(ca_file=broken).tls_context()


def test_a_ca_file_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    certificates.server_context("127.12.9.1")
    file = tmp_path / "authority.pem"
    file.write_bytes(certificates.authority_file().read_bytes())
    options = CameraOptions(ca_file=file)
    first = options.tls_context()
    assert options.tls_context() is first
    os.utime(file, ns=(1, 1))
    assert options.tls_context() is not first


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("gb28181://34020000001320000001", ""),
        ("gb28181://34020000001320000001@192.0.2.7", "192.0.2.7"),
    ],
)
def test_a_device_that_only_registers_is_known_by_its_id(address, host):
    camera = parse_camera(address)
    assert camera.device_id == camera.user == camera.point == "34020000001320000001"
    assert (camera.host, camera.only_registers, camera.speaks_onvif) == (host, True, False)


@pytest.mark.parametrize("address", ["gb28181://", "gb28181://12", "gb28181://192.0.2.1/x"])
def test_an_address_without_a_device_id_is_no_address(address):
    with pytest.raises(TargetError):
        parse_camera(address)
