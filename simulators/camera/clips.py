"""Clips encoded once and kept: in memory, and in a cache folder shared by processes."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import cache, lru_cache
from pathlib import Path

from simulators.camera import encoders, overlay, parameter_sets, picture_faults, scenes, street
from simulators.camera.encoders import AccessUnit, Clip, ClipSpec
from simulators.camera.state import CameraState
from simulators.camera.stream_plan import stream_plan

__all__ = ["AccessUnit", "Clip", "ClipSpec", "encode", "set_cache_folder", "snapshot", "warm"]

_MAGIC = b"TTCLIP1\n"
_KEPT_BYTES = 256_000_000


class _Memory:
    """The clips in use, the least recently used given up beyond the bound."""

    def __init__(self) -> None:
        self.folder = Path(__file__).resolve().parents[2] / ".cache"
        self._lock = threading.Lock()
        self._clips: OrderedDict[ClipSpec, Clip] = OrderedDict()
        self._making: dict[ClipSpec, threading.Lock] = {}

    def get(self, spec: ClipSpec) -> Clip:
        with self._lock:
            if spec in self._clips:
                self._clips.move_to_end(spec)
                return self._clips[spec]
            making = self._making.setdefault(spec, threading.Lock())
        with making:
            with self._lock:
                if spec in self._clips:
                    return self._clips[spec]
            clip = self._load_or_make(spec)
            with self._lock:
                self._clips[spec] = clip
                self._making.pop(spec, None)
                self._shrink()
        return clip

    def _shrink(self) -> None:
        while len(self._clips) > 1 and sum(map(_size, self._clips.values())) > _KEPT_BYTES:
            self._clips.popitem(last=False)

    def _load_or_make(self, spec: ClipSpec) -> Clip:
        path = self.folder / f"{_key(spec)}.clip"
        try:
            return _read(path.read_bytes())
        except (OSError, ValueError):
            clip = encoders.encode_clip(spec)
        write_whole(path, _written(clip))
        return clip


def encode(spec: ClipSpec) -> Clip:
    """The clip of ``spec``, from memory, the cache folder or the encoder. Safe in threads."""
    return _MEMORY.get(spec)


def set_cache_folder(folder: Path) -> None:
    """Keep clips in ``folder`` from now on (``.cache`` beside the program by default)."""
    _MEMORY.folder = folder


def warm(specs: Iterable[ClipSpec], workers: int = 2) -> None:
    """Make the clips beforehand, ``workers`` at a time."""
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(encode, dict.fromkeys(specs)):
            pass


def snapshot(state: CameraState, footage: str = "") -> bytes:
    """What the camera sees now as JPEG, in the size of its main stream."""
    spec = stream_plan(state, "main", light_age=state.light_age, footage=footage)
    return _photograph(replace(spec, codec="JPEG", quality=90, damage=""))


@lru_cache(maxsize=16)
def _photograph(spec: ClipSpec) -> bytes:
    return encoders.jpeg(spec, encoders.picture(spec, 0))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that other processes see either whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _size(clip: Clip) -> int:
    return sum(len(unit.data) for unit in clip.access_units)


@cache
def _program_version() -> str:
    """Changes with the code that makes the pictures, so that an old cache is not believed."""
    digest = hashlib.sha256()
    for module in (encoders, overlay, parameter_sets, scenes, street):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()


def _key(spec: ClipSpec) -> str:
    described = json.dumps([_program_version(), asdict(spec)], sort_keys=True)
    if spec.fault:
        described += hashlib.sha256(Path(str(picture_faults.__file__)).read_bytes()).hexdigest()
    if spec.footage:
        described += hashlib.sha256(Path(spec.footage).read_bytes()).hexdigest()
    return hashlib.sha256(described.encode()).hexdigest()[:40]


def _written(clip: Clip) -> bytes:
    header = {
        "fps": clip.fps,
        "codec": clip.codec,
        "width": clip.width,
        "height": clip.height,
        "seconds": clip.seconds,
        "units": [[len(unit.data), unit.key, unit.shown] for unit in clip.access_units],
    }
    body = b"".join(unit.data for unit in clip.access_units)
    described = json.dumps(header).encode() + b"\n"
    return _MAGIC + hashlib.sha256(described + body).hexdigest().encode() + b"\n" + described + body


def _read(content: bytes) -> Clip:
    """A clip from its file. ValueError: not one, or damaged."""
    start = len(_MAGIC) + 65
    if content[: len(_MAGIC)] != _MAGIC:
        raise ValueError("not a clip")
    if hashlib.sha256(content[start:]).hexdigest().encode() != content[len(_MAGIC) : start - 1]:
        raise ValueError("damaged clip")
    described, _, body = content[start:].partition(b"\n")
    header = json.loads(described)
    units = []
    position = 0
    for length, key, shown in header["units"]:
        units.append(AccessUnit(body[position : position + length], key, shown))
        position += length
    return Clip(
        units,
        header["fps"],
        header["codec"],
        header["width"],
        header["height"],
        header["seconds"],
    )


_MEMORY = _Memory()
