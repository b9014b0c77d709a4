"""A site's own profile of limits: read with the site, kept with the run, mistakes named at once."""

from pathlib import Path

import pytest

from console.preparation import BadInputError, RunOptions, prepare
from console.stored_run import keep_papers, site_document, site_of
from standard.quality_profile import ANALYSIS, load_profile

SITE = """name: test
cameras:
  - {id: "61010200001320000001", uri: "onvif://admin@127.0.0.1"}
picture_quality: {analysis: own.yaml}
"""


def site_file(folder: Path, content: str) -> Path:
    (folder / "own.yaml").write_text(content, "utf-8")
    (folder / "site.yaml").write_text(SITE, "utf-8")
    return folder / "site.yaml"


def test_a_run_keeps_the_profile_under_its_name(tmp_path: Path) -> None:
    file = site_file(tmp_path, ANALYSIS.read_text("utf-8").replace("at_most: 2.4", "at_most: 1"))
    prepared = prepare(RunOptions(site=file), "en")
    run = tmp_path / "run"
    run.mkdir()
    kept = keep_papers(prepared.site, run)
    (tmp_path / "own.yaml").unlink()
    again = site_of(site_document(kept, run), run)
    assert again.picture_profile is not None
    assert again.picture_profile.is_relative_to(run)
    assert again.gb37300_profile is None
    profile = load_profile(again.picture_profile)
    assert (profile.file, profile.limits["picture-blur"].accept.value) == ("own.yaml", 1.0)


@pytest.mark.parametrize(("lang", "said"), [("zh", "应为数字"), ("en", "must be a number")])
def test_a_mistake_in_it_stops_the_run_with_its_line(tmp_path: Path, lang: str, said: str) -> None:
    content = ANALYSIS.read_text("utf-8").replace("at_most: 2.4", "at_most: much")
    line = content.splitlines().index("    at_most: much") + 1
    with pytest.raises(BadInputError, match=f"own.yaml:{line}: .*{said}"):
        prepare(RunOptions(site=site_file(tmp_path, content)), lang)
