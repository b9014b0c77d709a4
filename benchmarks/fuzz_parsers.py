"""Fuzz every parser of GB/T 28181: SIP, MANSCDP, SDP, program streams, RTP over TCP, SRTP.

With atheris (``pip install atheris``) the inputs follow coverage; without it, or with ``--engine
random``, a seeded random mutator makes them. Counted are inputs, refusals by ``ProtocolError``,
anything else that is raised, and inputs that take longer than a second. The result is one JSON
line a parser on the standard output, and exit status 1 when anything but ``ProtocolError`` came.

Run: python benchmarks/fuzz_parsers.py --inputs 100000 [--parser gb28181.manscdp] [--engine random]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import re
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

SLOW_S = 1.0
_MOST_FAILURES = 20


class Tally:
    """Counts of one parser."""

    def __init__(self, name: str, engine: str, run: Any, refusal: type[Exception]) -> None:
        self.name, self.engine, self._run, self._refusal = name, engine, run, refusal
        self.inputs = self.refused = self.slow = self.failed = 0
        self.slowest_s = 0.0
        self.failures: dict[str, str] = {}
        self.begun = time.monotonic()

    def one(self, data: bytes) -> None:
        """Give ``data`` to the parser."""
        self.inputs += 1
        begun = time.perf_counter()
        try:
            self._run(data)
        except self._refusal:
            self.refused += 1
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            self.failed += 1
            last = traceback.extract_tb(error.__traceback__)[-1]
            key = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
            if key not in self.failures and len(self.failures) < _MOST_FAILURES:
                self.failures[key] = data[:4096].hex()
        took = time.perf_counter() - begun
        self.slowest_s = max(self.slowest_s, took)
        self.slow += took > SLOW_S

    def line(self) -> str:
        """The counts as JSON."""
        told = {
            "parser": self.name,
            "engine": self.engine,
            "inputs": self.inputs,
            "refused": self.refused,
            "other exceptions": self.failed,
            "slow": self.slow,
            "slowest_s": round(self.slowest_s, 3),
            "seconds": round(time.monotonic() - self.begun, 1),
            "failures": self.failures,
        }
        return json.dumps(told)


def by_random(name: str, inputs: int, seed: int) -> Tally:
    """Fuzz with the random mutator; what it makes of an input may become one itself."""
    from benchmarks.fuzz_targets import TARGETS, mutate
    from protocols.errors import ProtocolError

    target = TARGETS[name]
    rng = random.Random(f"{seed} {name}")
    pool = target.seeds()
    kept = len(pool)
    tally = Tally(name, "random", target.run, ProtocolError)
    for data in list(pool):
        tally.one(data)
    while tally.inputs < inputs:
        base, other = (pool[int(rng.random() * len(pool))] for _ in range(2))
        data = mutate(base, other, target.words, rng)
        refused = tally.refused
        tally.one(data)
        # Understood mutants are mutated further, a bounded number of them at a time.
        if tally.refused == refused and len(data) < 4096 and rng.random() < 0.02:
            if len(pool) < kept + 200:
                pool.append(data)
            else:
                pool[kept + int(rng.random() * 200)] = data
    return tally


def inside_atheris(name: str, inputs: int, seed: int, corpus: Path, told: Path) -> None:
    """Fuzz with atheris in this process; it ends the process."""
    import atheris

    with atheris.instrument_imports(include=["protocols"]):
        from benchmarks.fuzz_targets import TARGETS
        from protocols.errors import ProtocolError

    target = TARGETS[name]
    for number, data in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(data)
    words = corpus.parent / "words"
    escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in target.words)
    words.write_text("".join(f'"{word}"\n' for word in escaped))
    tally = Tally(name, f"atheris {_version('atheris')}", target.run, ProtocolError)

    def one(data: bytes) -> None:
        tally.one(data)
        if tally.inputs % 1000 == 0 or tally.inputs >= inputs:
            told.write_text(tally.line())

    options = [f"-runs={inputs}", f"-seed={seed}", "-max_len=8192", "-timeout=60"]
    options += [f"-dict={words}", "-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=0"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one)
    atheris.Fuzz()


def by_atheris(name: str, inputs: int, seed: int) -> str:
    """Fuzz with atheris in a process of its own; the JSON line."""
    with tempfile.TemporaryDirectory() as folder:
        corpus, told = Path(folder) / "corpus", Path(folder) / "told"
        corpus.mkdir()
        command = [sys.executable, str(Path(__file__)), "--parser", name, "--seed", str(seed)]
        command += ["--inputs", str(inputs), "--inside", str(corpus), str(told)]
        ended = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
        if not told.exists():
            raise SystemExit(f"{name}: atheris gave nothing\n{ended.stderr[-2000:]}")
        line = told.read_text()
        if ended.returncode:
            reason = re.sub(r"\s+", " ", ended.stderr[-300:])
            line = json.dumps({**json.loads(line), "ended": ended.returncode, "reason": reason})
        return line


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)


def main() -> int:
    """Run from the command line."""
    from benchmarks.fuzz_targets import TARGETS

    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--inputs", type=int, default=100_000, help="for each parser")
    arguments.add_argument("--parser", choices=sorted(TARGETS), action="append")
    arguments.add_argument("--engine", choices=["auto", "atheris", "random"], default="auto")
    arguments.add_argument("--seed", type=int, default=28181)
    given = arguments.parse_args()
    atheris = given.engine != "random" and importlib.util.find_spec("atheris") is not None
    if given.engine == "atheris" and not atheris:
        arguments.error("atheris cannot be imported")
    bad = False
    for name in given.parser or TARGETS:
        if atheris:
            line = by_atheris(name, given.inputs, given.seed)
        else:
            line = by_random(name, given.inputs, given.seed).line()
        print(line, flush=True)
        told = json.loads(line)
        bad |= bool(told["other exceptions"] or told.get("ended"))
    return int(bad)


if __name__ == "__main__":
    if "--inside" in sys.argv:
        values = dict(zip(sys.argv[1:7:2], sys.argv[2:8:2], strict=True))
        place = sys.argv.index("--inside")
        inside_atheris(
            values["--parser"],
            int(values["--inputs"]),
            int(values["--seed"]),
            Path(sys.argv[place + 1]),
            Path(sys.argv[place + 2]),
        )
    sys.exit(main())
