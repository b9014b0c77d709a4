"""A ladder diagram of a conversation, as SVG and as text: who said what to whom, and when.

Only names of messages, never their content. Bounded: a long conversation shows its beginning
and its end.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from probes.gb28181.conversation import Conversation, Said
from probes.gb28181.deviations import name_of

_MOST = 120
_ROW, _LEFT, _RIGHT, _WIDTH = 18, 130, 530, 660


def _chosen(conversation: Conversation) -> list[Said | int]:
    """The messages shown; a number stands for as many that are left out."""
    messages = conversation.messages
    if len(messages) <= _MOST:
        return list(messages)
    half = _MOST // 2
    return [*messages[:half], len(messages) - 2 * half, *messages[-half:]]


def ladder_text(conversation: Conversation, peer: str = "device") -> str:
    """One line a message: seconds since the first, direction, transport, name."""
    if not conversation.messages:
        return ""
    first = conversation.messages[0].at
    lines = [f"t0 = {first:.3f} (POSIX)   {peer} --> harness, harness <-- read right to left"]
    for one in _chosen(conversation):
        if isinstance(one, int):
            lines.append(f"  ... {one} more ...")
        else:
            arrow = "<--" if one.outbound else "-->"
            lines.append(f"{one.at - first:10.3f} {arrow} {one.transport} {name_of(one.message)}")
    return "\n".join(lines) + "\n"


def ladder_svg(conversation: Conversation, peer: str = "device") -> str:
    """The same as a picture; ``peer`` stands left, the harness right."""
    rows = _chosen(conversation)
    height = 50 + _ROW * len(rows)
    first = conversation.messages[0].at if conversation.messages else 0.0
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" font-family="sans-serif" font-size="11">',
        '<defs><marker id="head" markerWidth="8" markerHeight="8" refX="7" refY="3" '
        'orient="auto"><path d="M0,0 L7,3 L0,6 z"/></marker></defs>',
        f'<text x="{_LEFT}" y="16" text-anchor="middle">{peer}</text>',
        f'<text x="{_RIGHT}" y="16" text-anchor="middle">harness</text>',
    ]
    for x in (_LEFT, _RIGHT):
        parts.append(f'<line x1="{x}" y1="22" x2="{x}" y2="{height - 6}" stroke="#999"/>')
    middle = (_LEFT + _RIGHT) // 2
    for index, one in enumerate(rows):
        y = 46 + _ROW * index
        if isinstance(one, int):
            parts.append(f'<text x="{middle}" y="{y}" text-anchor="middle">… {one} …</text>')
            continue
        start, end = (_RIGHT, _LEFT) if one.outbound else (_LEFT, _RIGHT)
        parts.append(
            f'<line x1="{start}" y1="{y}" x2="{end}" y2="{y}" stroke="#333" '
            'marker-end="url(#head)"/>'
        )
        label = escape(name_of(one.message))
        parts.append(f'<text x="{middle}" y="{y - 3}" text-anchor="middle">{label}</text>')
        parts.append(f'<text x="4" y="{y}">{one.at - first:.3f} s</text>')
        parts.append(f'<text x="{_RIGHT + 10}" y="{y}" fill="#777">{escape(one.transport)}</text>')
    parts.append("</svg>")
    return "\n".join(parts)
