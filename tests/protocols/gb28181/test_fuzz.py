"""Every parser on a few hundred mutants; ``benchmarks/fuzz_parsers.py`` runs millions."""

import json

import pytest

from benchmarks.fuzz_parsers import by_random
from benchmarks.fuzz_targets import TARGETS
from protocols.errors import ProtocolError


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_understood(name):
    target = TARGETS[name]
    understood = 0
    for seed in target.seeds():
        try:
            target.run(seed)
        except ProtocolError:
            continue
        understood += 1
    assert understood >= 1


@pytest.mark.parametrize("name", TARGETS)
def test_mutants_are_read_or_refused(name):
    told = json.loads(by_random(name, 300, seed=1).line())
    assert told["inputs"] == 300
    assert told["failures"] == {}
