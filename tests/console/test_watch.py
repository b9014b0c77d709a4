import time

import pytest

from console.watch_command import REQUIREMENTS, plan_of
from tests.console import strange_site
from tests.console.conftest import recordings_in, results_of, until

pytestmark = pytest.mark.timeout(240)
NETWORK = "127.18"


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    """A watch of half a minute that is killed in the middle and gone on with."""
    out = tmp_path_factory.mktemp("watch")
    words = ("watch", "--lang", "en", "--hours", "0.01", "--out", str(out))
    first = strange_site.start(NETWORK, *words)
    folder = until(first, out, 2)
    first.kill()
    first.communicate()
    killed = recordings_in(folder)
    second = strange_site.start(NETWORK, "watch", "--lang", "en", "--resume", str(folder))
    output, _ = second.communicate(timeout=150)
    return folder, killed, second.returncode, output


def test_what_was_seen_before_the_restart_counts(watch):
    folder, killed, _, output = watch
    kept = recordings_in(folder)
    assert kept[: len(killed)] == killed, output
    kinds = [kind for kind, _ in kept]
    assert kinds[0] == "stream:sub"
    assert kinds[-1] == "clock-watch"
    assert kinds.count("clock") >= 3
    assert kinds.count("stream:sub") == kinds.count("clock-watch") == 1


def test_a_watch_shorter_than_a_day_never_passes_for_the_day(watch):
    folder, _, code, output = watch
    found = {one["id"]: one for one in results_of(folder)["requirements"] if one["asked"]}
    assert set(found) == set(REQUIREMENTS)
    assert found["4.3.3.5-d"]["verdict"] == "inconclusive", output
    assert found["4.3.3.5-d"]["reason"]["code"] == "worst-clock-error.short-watch"
    assert found["4.3.3.5-b"]["verdict"] == found["4.3.3.5-c"]["verdict"] == "pass"
    assert code == 2


def test_it_says_how_far_it_is(watch):
    output = watch[3]
    assert "1 cameras · largest offset so far about 0.0" in output
    assert "left" in output


def test_a_watch_is_gone_on_with_as_a_watch(watch):
    process = strange_site.start(NETWORK, "run", "--lang", "en", "--resume", str(watch[0]))
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 4
    assert "watch --resume" in output


def test_a_day_is_watched_every_five_minutes():
    plan = plan_of(["a", "b"], 24)
    assert (plan.duration_s, plan.every_s, plan.subjects) == (86_400, 300, ("a", "b"))
    assert abs(plan.started - time.time()) < 5
    assert plan_of(["a"], 0.1).every_s == 90
