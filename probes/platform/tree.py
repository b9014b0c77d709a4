"""The organisation tree (4.3.3.6-a1): five levels made, changed, kept over a restart, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.reading import done, mapping, mappings, refused, step, steps

INSTRUMENT = "platform-tree/1"
QUANTITY = "platform-tree"
_KIND = "organisations"
#: How deep the tree must go: the check of 4.3.3.6-a1.
LEVELS = 5


def measure_tree(recording: Recording) -> Measurement:
    """Judge the organisations of a ``platform:management`` recording.

    Quantity ``platform-tree``; ``details``: ``levels`` made, ``restarted`` by whom.
    """
    judgement = Judgement(recording, QUANTITY, INSTRUMENT)
    made = [one for one in steps(recording, "create", kind=_KIND) if done(one)]
    judgement.details["levels"] = len(made)
    if not steps(recording, "create", kind=_KIND):
        judgement.doubt("not-tried")
        return judgement.measurement()
    if len(made) < LEVELS:
        judgement.fault("not-deep-enough", levels=len(made), wanted=LEVELS)
    else:
        _shape(judgement, made)
        _changed(judgement)
        _kept(judgement, made)
        _deleted(judgement, made)
    return judgement.measurement(problem_first=False)


def _own(recording: Recording, name: str) -> dict[str, Mapping[str, Any]] | None:
    """The organisations of the visit in a listing by id, ``None`` when it was not listed."""
    found = step(recording, name)
    if not done(found):
        return None
    return {str(one.get("id")): one for one in mappings(mapping(found).get("own"))}


def _shape(judgement: Judgement, made: list[Mapping[str, Any]]) -> None:
    """Every level lies below the one before."""
    tree = _own(judgement.recording, "read-tree")
    if tree is None:
        judgement.doubt("not-listed")
        return
    ids = [str(one.get("id")) for one in made]
    for level, identifier in enumerate(ids, start=1):
        if identifier not in tree:
            judgement.fault("level-missing", level=level)
        elif level > 1 and str(tree[identifier].get("parent", ids[level - 2])) != ids[level - 2]:
            judgement.fault("wrong-parent", level=level)


def _changed(judgement: Judgement) -> None:
    change = step(judgement.recording, "change", kind=_KIND)
    if not done(change):
        judgement.fault("change-refused", state=mapping(change).get("state", "-"))
        return
    wanted = mapping(mapping(change).get("wanted"))
    found = step(judgement.recording, "read", kind=_KIND, of=str(mapping(change).get("of")))
    shown = mapping(mapping(found).get("found"))
    if done(found) and shown.get("name", wanted.get("name")) != wanted.get("name"):
        judgement.fault("change-not-kept")


def _kept(judgement: Judgement, made: list[Mapping[str, Any]]) -> None:
    """What was made and changed is still there after a restart."""
    recording = judgement.recording
    restart = step(recording, "restart")
    by = mapping(restart).get("by", "none")
    judgement.details["restarted"] = by
    if by == "none" or "ended" not in mapping(restart):
        judgement.doubt("not-restarted")
        return
    tree = _own(recording, "read-again-tree")
    if tree is None:
        judgement.doubt("not-listed")
        return
    missing = [one for one in made if str(one.get("id")) not in tree]
    change = mapping(step(recording, "change", kind=_KIND))
    again = mapping(step(recording, "read-again", kind=_KIND, of=str(change.get("of"))))
    wanted = mapping(change.get("wanted")).get("name")
    if missing:
        judgement.fault("lost-at-restart", levels=len(missing))
    elif done(again) and mapping(again.get("found")).get("name", wanted) != wanted:
        judgement.fault("lost-at-restart", levels=1)


def _deleted(judgement: Judgement, made: list[Mapping[str, Any]]) -> None:
    """A parent is not deleted from above its children, or they go with it."""
    recording = judgement.recording
    removal = step(recording, "remove", kind=_KIND, of="level-3")
    after = _own(recording, "tree-after-parent")
    if removal is None or after is None:
        judgement.doubt("deletion-not-tried")
        return
    ids = [str(one.get("id")) for one in made]
    gone = ids[2] not in after
    orphans = [one for one in ids[3:] if one in after]
    tenant = done(step(recording, "log-in", of="tenant"))
    if gone and (orphans or tenant):
        judgement.fault("orphan", children=len(orphans) or len(ids) - 3)
    elif refused(removal) and gone:
        judgement.fault("deleted-though-refused")
    left = _own(recording, "tree-after-all")
    if left:
        judgement.fault("cannot-be-deleted", levels=len(left))
