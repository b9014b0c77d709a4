"""What an upper platform sees: regions, business groups, virtual organisations, channels (annex O).

The topmost shared organisation is a business group (215), those below it are virtual
organisations (216), cameras are leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from protocols.gb28181.catalog import CatalogItem
from protocols.gb28181.identifiers import is_region
from reference_platform.behaviours import defect

TREE_FLATTENED = defect(
    "cascade-tree-flattened",
    "The upper platform gets a flat list of cameras, without business groups and organisations.",
    "wvp-GB28181-pro#1255, #1899, #1127",
)
MAKER = "Tantou"


@dataclass(frozen=True)
class Node:
    """An organisation as it stands in the tree here."""

    id: str
    parent: str | None
    name: str
    region: str


@dataclass(frozen=True)
class Leaf:
    """A channel that may be shared."""

    id: str
    device: str
    organisation: str
    name: str
    online: bool
    ptz_type: int
    longitude: float | None
    latitude: float | None


@dataclass(frozen=True)
class Share:
    """What one upper platform gets.

    Attributes:
        items: the whole catalogue, the platform itself first.
        channels: the leaves by id.
        above: identifiers that stand above each item, for queries of a part.
    """

    items: tuple[CatalogItem, ...]
    channels: Mapping[str, Leaf]
    above: Mapping[str, tuple[str, ...]]

    def part(self, asked: str, own: str) -> tuple[CatalogItem, ...]:
        """What a query by ``asked`` returns (9.5.3.1): everything, a branch, or one item."""
        if asked in (own, own[:10]) or (is_region(asked) and own.startswith(asked)):
            return self.items
        return tuple(
            one
            for one in self.items
            if one.device_id == asked or asked in self.above.get(one.device_id, ())
        )


def share_of(
    own: str,
    name: str,
    nodes: Sequence[Node],
    leaves: Sequence[Leaf],
    organisations: Sequence[str],
    channels: Sequence[str],
    numbers: Mapping[str, int],
    *,
    flat: bool = False,
) -> Share:
    """The share of an upper platform.

    Args:
        own: identifier under which this platform registers there.
        name: of this platform.
        nodes, leaves: everything there is.
        organisations: shared with all below them.
        channels: shared one by one.
        numbers: serial number of each organisation.
        flat: leave the tree out.
    """
    known = {one.id: one for one in nodes}
    shared = _below(nodes, set(organisations))
    chosen = {one.id: one for one in leaves if one.organisation in shared or one.id in channels}
    region = own[:6]
    items = [_system(own, name, region)]
    above: dict[str, tuple[str, ...]] = {}
    if flat:
        for leaf in chosen.values():
            items.append(_camera(leaf, own, "", "", region))
            above[leaf.id] = (own,)
        return Share(tuple(items), chosen, above)
    places = _places(known, shared | {one.organisation for one in chosen.values()}, shared)
    codes = {one: _code(own, "216" if places[one] else "215", numbers[one]) for one in places}
    regions: dict[str, str] = {}
    for one in places:
        if known[one].region:
            regions.setdefault(known[one].region, known[one].name)
    items += [CatalogItem(code, name=words) for code, words in sorted(regions.items())]
    for one, line in places.items():
        item = CatalogItem(codes[one], name=known[one].name, parent_id=own)
        if line:
            parent = codes[line[0]] if len(line) > 1 else ""
            item = replace(item, parent_id=parent, business_group_id=codes[line[-1]])
        items.append(item)
        above[codes[one]] = (*(codes[higher] for higher in line), own)
    for leaf in chosen.values():
        line = (leaf.organisation, *places[leaf.organisation])
        code = _region(known, leaf.organisation) or region
        group = codes[line[-1]]
        items.append(_camera(leaf, f"{own}/{codes[line[0]]}", group, code, region))
        above[leaf.id] = (*(codes[higher] for higher in line), code, own)
    return Share(tuple(items), chosen, above)


def _below(nodes: Sequence[Node], tops: set[str]) -> set[str]:
    """The organisations and all below them."""
    found = {one.id for one in nodes if one.id in tops}
    children: dict[str, list[str]] = {}
    for one in nodes:
        if one.parent is not None:
            children.setdefault(one.parent, []).append(one.id)
    waiting = list(found)
    while waiting:
        for child in children.get(waiting.pop(), []):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def _places(
    known: Mapping[str, Node], wanted: set[str], shared: set[str]
) -> dict[str, tuple[str, ...]]:
    """Organisations of the tree, parents first, each with the shared ones above it.

    One that is there for single channels only is a business group of its own.
    """
    found: dict[str, tuple[str, ...]] = {}
    for one in wanted:
        line: list[str] = []
        node = known.get(one)
        while node is not None and node.parent in shared and len(line) < len(known):
            line.append(node.parent)
            node = known.get(node.parent)
        if one in known:
            found[one] = tuple(line)
    return dict(sorted(found.items(), key=lambda pair: (len(pair[1]), pair[0])))


def _code(own: str, kind: str, number: int) -> str:
    """An identifier of ours: region, industry and network of the platform, a serial number."""
    return f"{own[:10]}{kind}{own[13]}{number % 1_000_000:06d}"


def _region(known: Mapping[str, Node], organisation: str) -> str:
    """The region of an organisation, or of the nearest above it."""
    node = known.get(organisation)
    for _ in range(len(known)):
        if node is None or node.region:
            break
        node = known.get(node.parent or "")
    return node.region if node is not None else ""


def _system(own: str, name: str, region: str) -> CatalogItem:
    return CatalogItem(
        own,
        name=name,
        manufacturer=MAKER,
        model="platform",
        owner=MAKER,
        civil_code=region,
        address=name,
        parental=1,
        register_way=1,
        secrecy=0,
        status="ON",
    )


def _camera(leaf: Leaf, parent: str, group: str, civil_code: str, region: str) -> CatalogItem:
    return CatalogItem(
        leaf.id,
        name=leaf.name,
        manufacturer=MAKER,
        model="camera",
        owner=MAKER,
        civil_code=civil_code or region,
        address=leaf.name,
        parental=0,
        parent_id=parent,
        safety_way=0,
        register_way=1,
        secrecy=0,
        status="ON" if leaf.online else "OFF",
        longitude=leaf.longitude,
        latitude=leaf.latitude,
        ptz_type=leaf.ptz_type or None,
        info_business_group_id=group,
    )
