"""The ``platform`` section of a site file: read whole, its mistakes named with their lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from targets.inventory import read_inventory
from targets.site_file import SiteFileError, read_site

SECTION = """\
cameras:
  - {id: "61010200001320000001", uri: "onvif://admin@192.0.2.1"}
platform:
  addresses: [192.0.2.9]
  id: "61010200002000000001"
  name: 运营平台
  uri: https://platform.example:8443
  user: inspector
  device_ports: [5060, 5061]
  concurrent_viewers: 20
  retention_days: 30
  modes: [docking, pc, mobile]
  cameras: ["61010200001310000001"]
"""


def read(tmp_path: Path, content: str):
    file = tmp_path / "site.yaml"
    file.write_text(content, encoding="utf-8")
    return read_site(file, read_inventory)


def test_the_platform_becomes_a_point_that_is_no_camera(tmp_path: Path) -> None:
    site = read(tmp_path, SECTION)
    (point,) = site.platforms
    assert point.id == "61010200002000000001"
    assert point.is_platform
    assert not point.registers_as_platform
    assert point not in site.cameras
    access = point.platform
    assert access is not None
    assert (access.uri, access.user) == ("https://platform.example:8443", "inspector")
    assert access.modes == ("docking", "pc", "mobile")
    assert (access.concurrent_viewers, access.retention_days) == (20, 30)
    assert access.device_id == point.id
    assert site.platform_addresses == ("192.0.2.9",)


def test_a_section_without_an_address_only_tells_of_the_platform(tmp_path: Path) -> None:
    plain = SECTION.split('  id: "6101020000200')[0]
    assert read(tmp_path, plain).platforms == ()


def test_a_person_needs_no_address(tmp_path: Path) -> None:
    site = read(tmp_path, SECTION.replace("  uri: https://platform.example:8443\n",
                                          "  adapter: attended\n"))  # fmt: skip
    assert site.platforms[0].platform is not None
    assert site.platforms[0].platform.adapter == "attended"


def test_a_platform_that_registers_is_known_by_its_id(tmp_path: Path) -> None:
    site = read(tmp_path, SECTION.replace("  uri: https", "  adapter: gb28181\n  uri: https"))
    assert site.platforms[0].registers_as_platform


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("https://platform.example:8443", "http://platform.example", 7, "https"),
        ("https://platform", "https://user:secret@platform", 7, "TANTOU_PASSWORD"),
        ("user: inspector", "password: geheim", 8, "TANTOU_PASSWORD"),
        ("[5060, 5061]", "[99999]", 9, "99999"),
        ("[docking, pc, mobile]", "[fax]", 12, "docking"),
        ('["61010200001310000001"]', "[7]", 13, "20"),
        ("name: 运营平台", "adapter: telepathy", 6, "attended"),
    ],
)
def test_each_mistake_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    with pytest.raises(SiteFileError) as caught:
        read(tmp_path, SECTION.replace(old, new))
    worded = [mistake.worded("en") for mistake in caught.value.mistakes]
    assert any(f"site.yaml:{line}: " in one and said in one for one in worded), worded
    assert not any("secret" in one or "geheim" in one for one in worded)
