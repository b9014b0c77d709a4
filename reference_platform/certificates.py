"""The platform's own certificate authority and certificate, made on the first start.

``tls/authority.pem`` is what browsers and devices are given once to trust; the certificate under
it is made anew when it nears its end or when the platform's addresses change.
"""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from reference_platform.behaviours import defect
from reference_platform.errors import StartFailure
from reference_platform.settings import PlatformSettings

EXPIRED_CERTIFICATE = defect("expired-certificate", "The HTTPS certificate ended last month.")
WRONG_HOST_CERTIFICATE = defect(
    "wrong-host-certificate", "The HTTPS certificate names another address."
)
TLS10_ACCEPTED = defect("tls10-accepted", "HTTPS accepts TLS 1.0 and 1.1.")
WEAK_CIPHER = defect("weak-cipher", "HTTPS accepts suites without encryption or without identity.")

FORWARD_SECRET = "ECDHE+AESGCM:ECDHE+CHACHA20"
_DAY = datetime.timedelta(days=1)
_LEAF_DAYS = 397  # no more is accepted by browsers
_RENEWED_BEFORE = 30 * _DAY
_OTHER_HOST = "192.0.2.1"  # RFC 5737


@dataclass(frozen=True)
class CertificateFiles:
    """PEM files. ``authority`` is ``None`` for a certificate that the operator brought."""

    certificate: Path
    key: Path
    authority: Path | None


def certificate_files(settings: PlatformSettings) -> CertificateFiles:
    """The operator's files, or our own, made or renewed where needed. Blocks.

    Raises:
        StartFailure: ``certificate.incomplete`` when only one of the two was given.
    """
    if settings.certificate is not None and settings.key is not None:
        return CertificateFiles(settings.certificate, settings.key, None)
    if settings.certificate is not None or settings.key is not None:
        raise StartFailure("certificate.incomplete")
    folder = settings.data / "tls"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = CertificateFiles(
        folder / "certificate.pem", folder / "key.pem", folder / "authority.pem"
    )
    names = _names(settings)
    if not _still_good(files, names):
        _make(
            files, folder / "authority-key.pem", names, EXPIRED_CERTIFICATE in settings.behaviours
        )
    return files


def server_context(settings: PlatformSettings, files: CertificateFiles) -> ssl.SSLContext:
    """TLS 1.2 or newer with forward-secret, authenticated suites (RFC 9325).

    Raises:
        StartFailure: ``certificate.broken`` when the files cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(FORWARD_SECRET)
    if TLS10_ACCEPTED in settings.behaviours:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    if WEAK_CIPHER in settings.behaviours:
        context.set_ciphers("ALL:eNULL:@SECLEVEL=0")
    try:
        context.load_cert_chain(files.certificate, files.key)
    except (OSError, ssl.SSLError) as error:
        raise StartFailure("certificate.broken", file=str(files.certificate)) from error
    return context


def _names(settings: PlatformSettings) -> list[str]:
    """What the platform is called by: its addresses and its host's name."""
    if WRONG_HOST_CERTIFICATE in settings.behaviours:
        return [_OTHER_HOST]
    if settings.address not in ("", "0.0.0.0"):
        return [settings.address]
    host = socket.gethostname()
    found = {"127.0.0.1", "localhost", host}
    with suppress(OSError):
        found |= {str(each[4][0]) for each in socket.getaddrinfo(host, None, socket.AF_INET)}
    return sorted(found)


def _still_good(files: CertificateFiles, names: list[str]) -> bool:
    if not (files.certificate.exists() and files.key.exists()):
        return False
    try:
        leaf = x509.load_pem_x509_certificates(files.certificate.read_bytes())[0]
        held = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, IndexError, x509.ExtensionNotFound):
        return False
    wanted = x509.SubjectAlternativeName(_general_names(names))
    ends = leaf.not_valid_after_utc - _RENEWED_BEFORE
    return held == wanted and ends > datetime.datetime.now(datetime.UTC)


def _make(files: CertificateFiles, authority_key: Path, names: list[str], expired: bool) -> None:
    assert files.authority is not None
    now = datetime.datetime.now(datetime.UTC)
    if not (authority_key.exists() and files.authority.exists()):
        key = ec.generate_private_key(ec.SECP256R1())
        _write(authority_key, _key_bytes(key), secret=True)
        _write(files.authority, _authority(key, now), secret=False)
    loaded = serialization.load_pem_private_key(authority_key.read_bytes(), None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise StartFailure("certificate.broken", file=str(authority_key))
    authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    start, end = now - _DAY, now + _LEAF_DAYS * _DAY
    if expired:
        start, end = now - _LEAF_DAYS * _DAY, now - 30 * _DAY
    public = leaf_key.public_key()
    leaf = (
        _builder(_subject(names[0]), authority.subject, public, start, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.SubjectAlternativeName(_general_names(names)), critical=False)
        .add_extension(
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            ),
            critical=False,
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(loaded.public_key()), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(loaded, hashes.SHA256())
    )
    _write(files.key, _key_bytes(leaf_key), secret=True)
    _write(files.certificate, _pem(leaf) + _pem(authority), secret=False)


def _authority(key: ec.EllipticCurvePrivateKey, now: datetime.datetime) -> bytes:
    name = _subject(f"Video platform authority {x509.random_serial_number():x}"[:60])
    public = key.public_key()
    certificate = (
        _builder(name, name, public, now - _DAY, now + 3650 * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
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


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_names(names: list[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _subject(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes, *, secret: bool) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    mode = 0o600 if secret else 0o644
    part.touch(mode=mode)
    part.chmod(mode)
    part.write_bytes(content)
    part.replace(path)
