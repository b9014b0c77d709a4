"""TLS identities of the simulated devices, made at run time: no key is ever kept in a repository.

One certificate authority and one device key per process; a leaf certificate per address, in a
temporary folder that is removed at exit.
"""

from __future__ import annotations

import atexit
import datetime
import functools
import ipaddress
import shutil
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simulators.behaviours import defect

EXPIRED = defect("certificate-expired", "The TLS certificate ended a year ago.")
WRONG_HOST = defect("certificate-wrong-host", "The TLS certificate names another address.")

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class _Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    device_key: ec.EllipticCurvePrivateKey
    folder: Path


def authority_file() -> Path:
    """The PEM file of this process's own authority, for clients that shall trust it."""
    return _authority().folder / "authority.pem"


def behaviour_defect(behaviours: set[str]) -> str:
    """The ``defect`` of ``server_context`` that a set of switched-on behaviours asks for."""
    return "expired" if EXPIRED in behaviours else "wrong-host" if WRONG_HOST in behaviours else ""


@functools.cache
def server_context(address: str, *, defect: str = "") -> ssl.SSLContext:
    """A TLS server context (TLS 1.2 or newer) with a leaf certificate for ``address``.

    Args:
        address: the IP address in the certificate's subject alternative name.
        defect: "" for a sound one, ``expired`` (ended a year ago) or ``wrong-host`` (for
            192.0.2.1, an address of RFC 5737).

    Raises:
        ValueError: ``address`` is no IP address, or the defect is unknown.
    """
    if defect not in ("", "expired", "wrong-host"):
        raise ValueError(f"unknown certificate defect {defect!r}")
    authority = _authority()
    named = "192.0.2.1" if defect == "wrong-host" else address
    path = authority.folder / f"{address.replace(':', '-')}-{defect or 'sound'}.pem"
    leaf = _leaf(authority, named, expired=defect == "expired")
    path.write_bytes(_private_bytes(authority.device_key) + leaf + _pem(authority.certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(path)
    return context


@functools.cache
def _authority() -> _Authority:
    folder = Path(tempfile.mkdtemp(prefix="tantou-certificates-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    name = _name("Tantou simulated devices")
    certificate = (
        _builder(name, name, key.public_key(), now - _DAY, now + 3650 * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_authority_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "authority.pem").write_bytes(_pem(certificate))
    return _Authority(key, certificate, ec.generate_private_key(ec.SECP256R1()), folder)


def _leaf(authority: _Authority, address: str, *, expired: bool) -> bytes:
    now = datetime.datetime.now(datetime.UTC)
    start, end = (now - 730 * _DAY, now - 365 * _DAY) if expired else (now - _DAY, now + 365 * _DAY)
    public = authority.device_key.public_key()
    certificate = (
        _builder(_name(address), authority.certificate.subject, public, start, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]),
            critical=False,
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return _pem(certificate)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    start: datetime.datetime,
    end: datetime.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


def _authority_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
