"""What a run keeps of itself so that it can go on, or be judged again, on any machine."""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from assessment.declaration import declaration_of
from assessment.evidence import load_evidence
from assessment.region import Ring
from assessment.sampling import Plan
from simulators import certificates
from simulators.site_plan import SitePlan
from standard.catalogue import catalogue
from targets.site import (
    Certificate,
    Exclusion,
    Gb28181Listen,
    PlatformAccess,
    Point,
    PowerRig,
    Site,
    Wire,
)

#: Papers of the site are kept in this folder of the run, under these names.
PAPERS = "papers"
_FILES = {
    "evidence": "evidence",
    "waivers": "waivers.yaml",
    "certificate_authority": "authority.pem",
    # Under the name that the user knows it by, for a reason may name it.
    "picture_profile": "picture-quality/",
    "gb37300_profile": "gb37300/",
}


def keep_papers(site: Site, folder: Path) -> Site:
    """Copy the site's papers into the run's folder; the site with the copies in their place.

    Raises:
        OSError: a paper cannot be read, or the folder not be written.
    """
    kept: dict[str, Any] = {}
    for name, file_name in _FILES.items():
        source: Path | None = getattr(site, name)
        if source is None:
            continue
        target = folder / PAPERS / file_name
        if file_name.endswith("/"):
            target /= source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if name == "evidence":
            _copy_evidence(source, target)
        else:
            shutil.copyfile(source, target)
        kept[name] = target
    return replace(site, **kept)


def replace_evidence(site: Site, evidence: Path, folder: Path) -> Site:
    """The site with ``evidence``, a copy of which takes the place of what the run had.

    Raises:
        OSError: it cannot be read, or the run's folder not be written.
        FaultyFileError: its records have mistakes; nothing was changed.
    """
    target = folder / PAPERS / _FILES["evidence"]
    fresh, old = target.with_name("evidence-new"), target.with_name("evidence-old")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.parent.mkdir(parents=True, exist_ok=True)
    _copy_evidence(evidence, fresh)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return replace(site, evidence=target)


def replace_profile(site: Site, profile: Path, folder: Path) -> Site:
    """The site with ``profile`` as that of GB 37300, a copy of which is kept with the run.

    Raises:
        OSError: it cannot be read, or the run's folder not be written.
    """
    target = folder / PAPERS / _FILES["gb37300_profile"] / profile.name
    target.parent.mkdir(parents=True, exist_ok=True)
    if profile.resolve() != target.resolve():
        fresh = target.with_name(target.name + ".new")
        shutil.copyfile(profile, fresh)
        fresh.replace(target)
    return replace(site, gb37300_profile=target)


def _copy_evidence(source: Path, target: Path) -> None:
    """Copy the records and the files that they name; a folder may hold much besides."""
    records = load_evidence(source, catalogue(), datetime.date.today())
    named = [one.file.source for one in records if one.file is not None]
    root = source.resolve()
    target.mkdir(parents=True)
    for path in [*(one.resolve() for one in source.rglob("*.yaml")), *named]:
        assert isinstance(path, Path)
        copy = target / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def site_document(site: Site, folder: Path) -> dict[str, Any]:
    """The declared site as JSON; paths within the run's folder are relative to it."""
    document: dict[str, Any] = json.loads(json.dumps(asdict(site), default=str))
    for name in _FILES:
        document[name] = _kept_path(getattr(site, name), folder)
    if site.wire is not None:
        document["wire"]["files"] = [_kept_path(path, folder) for path in site.wire.files]
    return document


def site_of(document: Mapping[str, Any], folder: Path) -> Site:
    """The site that ``site_document`` wrote, with its papers where ``folder`` is now.

    Raises:
        ValueError: it is not one.
    """
    try:
        wire, values = document["wire"], dict(document)
        listen = document.get("gb28181")
        values |= {name: _found_path(document.get(name), folder) for name in _FILES}
        values |= {
            "points": tuple(_point(one) for one in document["points"]),
            "platform_addresses": tuple(document["platform_addresses"]),
            "time_servers": tuple(document["time_servers"]),
            "sampling": Plan(**document["sampling"]),
            "exclusions": tuple(Exclusion(**one) for one in document["exclusions"]),
            "wire": None if wire is None else _wire(wire, folder),
            "police_networks": tuple(document.get("police_networks", ())),
            "region": _rings(document.get("region", ())),
            "power": _power(document.get("power")),
            "declarations": tuple(map(declaration_of, document.get("declarations", ()))),
            "gb28181": None if listen is None else Gb28181Listen(**listen),
        }
        known = {field.name for field in fields(Site)}
        return Site(**{name: value for name, value in values.items() if name in known})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a declared site: {type(error).__name__}") from error


def plan_document(plan: SitePlan) -> dict[str, Any]:
    """The simulated site as JSON without the passwords of its devices."""
    document: dict[str, Any] = json.loads(plan.to_json())
    for camera in document["cameras"]:
        del camera["password"]
        for passing in ("password", "ca_file"):  # as on a real device's own page
            (camera["gb28181"] or {}).pop(passing, None)
    for platform in document["platforms"]:
        del platform["password"]
        platform["gb28181"].pop("ca_file", None)
    return document


def plan_of(document: Mapping[str, Any]) -> SitePlan:
    """The simulated site that ``plan_document`` wrote; its devices have their usual passwords.

    Raises:
        ValueError: it is not one.
    """
    cameras = document.get("cameras")
    for camera in cameras if isinstance(cameras, list) else ():
        if isinstance(camera, dict) and camera.get("gb28181"):
            camera["gb28181"]["ca_file"] = str(certificates.authority_file())
    return SitePlan.from_json(json.dumps(document))


def day_of(meta: Mapping[str, Any]) -> datetime.date:
    """The day on which the run began, by the calendar of this machine.

    Raises:
        ValueError: the run does not say.
    """
    return datetime.datetime.fromisoformat(str(meta.get("started"))).astimezone().date()


def _point(document: Mapping[str, Any]) -> Point:
    certificate = document["certificate"]
    if certificate is not None:
        file = certificate["file"]
        certificate = Certificate(**{**certificate, "file": Path(file) if file else None})
    platform = document.get("platform")
    return Point(
        **{
            **document,
            "certificate": certificate,
            "platform": None if platform is None else _platform(platform),
        }
    )


def _platform(document: Mapping[str, Any]) -> PlatformAccess:
    authority = document["certificate_authority"]
    lists = {name: tuple(document[name]) for name in ("cameras", "device_ports", "modes")}
    found = Path(authority) if authority else None
    return PlatformAccess(**{**document, **lists, "certificate_authority": found})


def _power(document: Mapping[str, Any] | None) -> PowerRig | None:
    return None if document is None else PowerRig(**document)


def _rings(document: Sequence[Sequence[Sequence[float]]]) -> tuple[Ring, ...]:
    return tuple(tuple((east, north) for east, north in ring) for ring in document)


def _wire(document: Mapping[str, Any], folder: Path) -> Wire:
    files = tuple(path for name in document["files"] if (path := _found_path(name, folder)))
    own = tuple(document["own_addresses"])
    return Wire(**{**document, "files": files, "own_addresses": own})


def _kept_path(path: Path | None, folder: Path) -> str | None:
    if path is None:
        return None
    whole, root = path.resolve(), folder.resolve()
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else str(whole)


def _found_path(kept: str | None, folder: Path) -> Path | None:
    return None if kept is None else folder / kept
