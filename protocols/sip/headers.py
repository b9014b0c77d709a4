"""Header fields of SIP in order, without regard to case or compact form (RFC 3261 7.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_COMPACT = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
}
_LISTS = frozenset({"via", "contact", "route", "record-route", "allow", "supported"})
SINGLE = frozenset(
    {
        "From",
        "To",
        "Call-ID",
        "CSeq",
        "Max-Forwards",
        "Content-Length",
        "Content-Type",
        "Expires",
        "Date",
        "Event",
        "Subject",
    }
)
MANDATORY = ("Via", "From", "To", "Call-ID", "CSeq")
NAMES = {
    name.lower(): name
    for name in (
        *_COMPACT.values(),
        *SINGLE,
        *MANDATORY,
        *("Accept", "Allow", "Authorization", "Proxy-Authorization", "Proxy-Authenticate"),
        *("WWW-Authenticate", "Record-Route", "Route", "Require", "User-Agent", "Server"),
        *("Subscription-State", "X-GB-Ver", "Note", "Warning", "Retry-After", "Min-Expires"),
    )
} | _COMPACT
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def canonical_name(name: str) -> str:
    """The usual spelling of a header name: compact forms written out, known ones capitalised."""
    return NAMES.get(name.lower(), name)


class Headers:
    """Header fields in order of appearance; names without regard to case or compact form."""

    __slots__ = ("_fields",)

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: list[tuple[str, str]] = [
            (NAMES.get(name.lower(), name), value) for name, value in items
        ]

    @classmethod
    def of(cls, fields: list[tuple[str, str]]) -> Headers:
        """Take over a list whose names are canonical already."""
        made = cls()
        made._fields = fields
        return made

    def get(self, name: str) -> str | None:
        """The whole value of the first field called ``name``, or None."""
        wanted = NAMES.get(name.lower())
        if wanted is not None:
            for key, value in self._fields:
                if key == wanted:
                    return value
            return None
        wanted = name.lower()
        return next((value for key, value in self._fields if key.lower() == wanted), None)

    def get_all(self, name: str) -> list[str]:
        """Every value of ``name`` in order; list headers are split at their commas."""
        wanted = canonical_name(name).lower()
        values = [value for key, value in self._fields if key.lower() == wanted]
        if wanted not in _LISTS:
            return values
        return [one for value in values for one in split_list(value)]

    def add(self, name: str, value: str) -> None:
        """Append a field after all others."""
        self._fields.append((canonical_name(name), value))

    def insert_first(self, name: str, value: str) -> None:
        """Put a field before all others (a Via on its way)."""
        self._fields.insert(0, (canonical_name(name), value))

    def set(self, name: str, value: str) -> None:
        """Give ``name`` exactly one value, at the place of its first field or at the end."""
        wanted = canonical_name(name)
        found = False
        kept = []
        for key, old in self._fields:
            if key.lower() != wanted.lower():
                kept.append((key, old))
            elif not found:
                kept.append((wanted, value))
                found = True
        if not found:
            kept.append((wanted, value))
        self._fields = kept

    def replace_first(self, name: str, value: str) -> None:
        """Change the first field called ``name`` and leave further ones alone."""
        wanted = canonical_name(name).lower()
        for place, (key, _) in enumerate(self._fields):
            if key.lower() == wanted:
                self._fields[place] = (key, value)
                return

    def remove(self, name: str) -> None:
        """Take every field called ``name`` away."""
        wanted = canonical_name(name).lower()
        self._fields = [(key, value) for key, value in self._fields if key.lower() != wanted]

    def items(self) -> list[tuple[str, str]]:
        """Names and values in order."""
        return list(self._fields)

    def copy(self) -> Headers:
        """An independent copy."""
        return Headers.of(self._fields.copy())

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._fields == other._fields

    def __repr__(self) -> str:
        return f"Headers({[name for name, _ in self._fields]})"


def split_list(value: str) -> list[str]:
    """The elements of a comma separated value; quotes and angle brackets protect commas."""
    if "," not in value:
        stripped = value.strip()
        return [stripped] if stripped else []
    parts: list[str] = []
    begin = 0
    quoted = angled = escaped = False
    for place, one in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            quoted, escaped = one != '"', one == "\\"
        elif one == '"':
            quoted = True
        elif one == "<":
            angled = True
        elif one == ">":
            angled = False
        elif one == "," and not angled:
            parts.append(value[begin:place])
            begin = place + 1
    parts.append(value[begin:])
    return [part for part in (one.strip() for one in parts) if part]
