"""Films and files that a person brings, read by the instruments that read streams."""

from __future__ import annotations

from probes.platform.download import measure_download_mark, measure_file
from probes.platform.live import measure_h264, measure_h265, measure_live
from probes.platform.sharing import measure_live_mark, measure_sharing


async def test_films_of_live_pictures(visited) -> None:
    recording = await visited("platform:live", attended=True)
    assert recording.problem is None
    for probe in (measure_h264, measure_h265):
        assert probe(recording).value == "conforms"
    # How long the picture took shows in no film; all else does.
    found = measure_live(recording)
    assert found.value is None
    assert found.details["reasons"] == []
    assert {one["code"] for one in found.details["doubts"]} == {"platform-live.delay-unknown"}
    assert recording.facts["restored"]["left"] == []


async def test_marks_on_the_screens_of_two_users(visited) -> None:
    recording = await visited("platform:viewers", "other-users-watermark", attended=True)
    found = measure_live_mark(recording)
    assert [one["code"] for one in found.details["reasons"]] == ["live-mark.other-user"]
    assert measure_sharing(recording).spoilt.code == "platform-sharing.not-tried"


async def test_a_saved_file(visited) -> None:
    recording = await visited("platform:download", attended=True)
    for probe in (measure_file, measure_download_mark):
        assert probe(recording).value == "conforms"
    notes = [one["code"] for one in measure_file(recording).details["notes"]]
    assert notes == ["download-file.resuming-untried"]
