"""What a TLS cipher suite protects, read from its number (IANA TLS Cipher Suites registry).

Weaknesses: RFC 9325 section 4.1 (NULL, export, RC4, single DES), RFC 7465 (RC4), RFC 9325 and
CVE-2016-2183 (64-bit blocks), anonymous key exchange (RFC 9325 section 4.1), RFC 9150
(integrity only). TLCP suites: GB/T 38636-2020 section 6.4.5.2.1. RFC 8998: SM suites of TLS 1.3.
"""

from __future__ import annotations

from typing import Literal

Weakness = Literal["null", "export", "anonymous", "rc4", "des", "64-bit-block"]


def _numbers(text: str) -> frozenset[int]:
    found: set[int] = set()
    for item in text.split():
        first, _, last = item.partition("-")
        found.update(range(int(first, 16), int(last or first, 16) + 1))
    return frozenset(found)


# Ordered from the worst: a suite may have several weaknesses, the first is told.
_WEAK: dict[Weakness, frozenset[int]] = {
    "null": _numbers(
        "0000-0002 001C 002C-002E 003B 0047 0082-0083 00B0-00B1 00B4-00B5 00B8-00B9 "
        "C001 C006 C00B C010 C015 C039-C03B C0B4-C0B5"
    ),
    "export": _numbers("0003 0006 0008 000B 000E 0011 0014 0017 0019 0026-002B 0060-0065"),
    "anonymous": _numbers(
        "0017-001B 0034 003A 0046 006C-006D 0089 009B 00A6-00A7 00BF 00C5 C015-C019 "
        "C046-C047 C05A-C05B C084-C085"
    ),
    "rc4": _numbers(
        "0003-0005 0017-0018 0020 0024 0028 002B 0064 0066 008A 008E 0092 C002 C007 C00C C011 "
        "C016 C033"
    ),
    "des": _numbers("0008-0009 000B-000C 000E-000F 0011-0012 0014-0015 0019-001A 001E 0022"),
    "64-bit-block": _numbers(
        "0006-0007 000A 000D 0010 0013 0016 001B 001F 0021 0023 0025 0029-002A 008B 008F 0093 "
        "C003 C008 C00D C012 C017 C01A-C01C C034"
    ),
}
_STRONG = _numbers(
    # AES, Camellia, SEED, ARIA, AES-CCM, ChaCha20 with TLS up to 1.2
    "002F-003A 003C-0046 0067-006D 0084-0089 008C-008D 0090-0091 0094-00AF 00B2-00B3 00B6-00B7 "
    "00BA-00C5 C004-C005 C009-C00A C00E-C00F C013-C014 C018-C019 C01D-C032 C035-C038 C03C-C0AF "
    "CCA8-CCAE D001-D003 D005 "
    # TLS 1.3, with RFC 8998
    "1301-1305 00C6-00C7 "
    # TLCP: SM4 in CBC and GCM
    "E011 E013 E015 E017 E019 E01C E051 E053 E055 E057 E059 E05A"
)
_NAMES = {
    0x0001: "TLS_RSA_WITH_NULL_MD5",
    0x0002: "TLS_RSA_WITH_NULL_SHA",
    0x003B: "TLS_RSA_WITH_NULL_SHA256",
    0x0004: "TLS_RSA_WITH_RC4_128_MD5",
    0x0005: "TLS_RSA_WITH_RC4_128_SHA",
    0x000A: "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    0x002F: "TLS_RSA_WITH_AES_128_CBC_SHA",
    0x0035: "TLS_RSA_WITH_AES_256_CBC_SHA",
    0x003C: "TLS_RSA_WITH_AES_128_CBC_SHA256",
    0x003D: "TLS_RSA_WITH_AES_256_CBC_SHA256",
    0x009C: "TLS_RSA_WITH_AES_128_GCM_SHA256",
    0x009D: "TLS_RSA_WITH_AES_256_GCM_SHA384",
    0x00C6: "TLS_SM4_GCM_SM3",
    0x00C7: "TLS_SM4_CCM_SM3",
    0x1301: "TLS_AES_128_GCM_SHA256",
    0x1302: "TLS_AES_256_GCM_SHA384",
    0x1303: "TLS_CHACHA20_POLY1305_SHA256",
    0x1304: "TLS_AES_128_CCM_SHA256",
    0x1305: "TLS_AES_128_CCM_8_SHA256",
    0xC006: "TLS_ECDHE_ECDSA_WITH_NULL_SHA",
    0xC010: "TLS_ECDHE_RSA_WITH_NULL_SHA",
    0xC015: "TLS_ECDH_anon_WITH_NULL_SHA",
    0xC018: "TLS_ECDH_anon_WITH_AES_128_CBC_SHA",
    0xC019: "TLS_ECDH_anon_WITH_AES_256_CBC_SHA",
    0xC009: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    0xC00A: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    0xC013: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    0xC014: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    0xC023: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    0xC024: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
    0xC027: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    0xC028: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
    0xC02B: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    0xC02C: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    0xC02F: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    0xC030: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    0xCCA8: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    0xCCA9: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    0xE011: "ECDHE_SM4_CBC_SM3",
    0xE013: "ECC_SM4_CBC_SM3",
    0xE051: "ECDHE_SM4_GCM_SM3",
    0xE053: "ECC_SM4_GCM_SM3",
}


def suite_name(number: int) -> str:
    """The registered name where this table has it, else the number in hexadecimal."""
    return _NAMES.get(number, f"0x{number:04X}")


def suite_weakness(number: int) -> Weakness | None:
    """The worst weakness of a suite; ``None`` for a sound or an unknown one."""
    return next((weakness for weakness, suites in _WEAK.items() if number in suites), None)


def is_known_suite(number: int) -> bool:
    """Whether the strength of a suite is known here."""
    return number in _STRONG or suite_weakness(number) is not None


def mac_size(number: int) -> int:
    """Bytes of the authentication code at the end of each record of a NULL-cipher suite."""
    if number in (0x0000,):
        return 0
    if number == 0x0001:
        return 16
    if number in (0x003B, 0x00B0, 0x00B4, 0x00B8, 0xC03A, 0xC0B4):
        return 32
    return 48 if number in (0x00B1, 0x00B5, 0x00B9, 0xC03B, 0xC0B5) else 20


def weak_suites() -> tuple[int, ...]:
    """Every suite with a known weakness, in order of its number."""
    return tuple(sorted(set().union(*_WEAK.values()) - {0x0000}))
