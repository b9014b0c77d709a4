import json
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from hardware_rigs.ssh_switch import profiles
from messages import catalogue as wordings
from targets.inventory import read_inventory
from targets.power_section import SWITCH_PROFILES
from targets.site_file import SiteFileError, read_site

GOOD = """\
name: 示范小区
cameras:
  - id: "61010200001320000001"
    name: 东门
    uri: onvif://admin@192.168.1.64
    indoor: 是
    access: ethernet
    longitude: 108.95
    latitude: 34.27
    declared: {ip_code: IP66, model: SIM-2M}
    certificate: {code: IP66, model: SIM-2M, laboratory_mark: CNAS, valid_until: "2030-01-01"}
platform: {addresses: [192.168.1.10], online_rate: 0.97}
sampling: {plan: share, share: 0.2, minimum: 3}
wire: {interface: eth0, seconds: 30}
rulings: {R-001: or}
not_applicable:
  - {requirement: 4.3.1-l, reason: 合同未要求报警接口}
"""


def write(tmp_path: Path, content: str) -> Path:
    file = tmp_path / "site.yaml"
    file.write_text(content, encoding="utf-8")
    return file


def mistakes(tmp_path: Path, content: str) -> list[str]:
    with pytest.raises(SiteFileError) as caught:
        read_site(write(tmp_path, content), read_inventory)
    return [mistake.worded("en") for mistake in caught.value.mistakes]


def test_a_good_site_file_is_read_whole(tmp_path: Path) -> None:
    site = read_site(write(tmp_path, GOOD), read_inventory)
    point = site.points[0]
    assert (point.name, point.indoor, point.longitude) == ("东门", True, 108.95)
    assert point.certificate is not None
    assert point.certificate.laboratory_mark == "CNAS"
    assert site.sampling.minimum == 3
    assert site.exclusions[0].reason == "合同未要求报警接口"
    assert site.platform_reports == {"online_rate": 0.97}


def test_every_mistake_is_named_with_its_line_before_anything_runs(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        GOOD.replace('"61010200001320000001"', "6101020000132000001")
        .replace("longitude: 108.95", "longitude: 208.95")
        .replace("access: ethernet", "access: pigeon")
        .replace("sampling:", "smapling:"),
    )
    assert [line.split(": ")[0] for line in found] == [
        "site.yaml:13",
        "site.yaml:3",
        "site.yaml:7",
        "site.yaml:8",
    ]
    assert "20 digits" in found[1]
    assert "pigeon" in found[2]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "empty"),
        ("cameras: [", "not well-formed YAML"),
        ("- a\n- b\n", "must be written as"),
        ("name: nobody\n", "no camera"),
        ("cameras: 5\n", "must be a list"),
    ],
)
def test_a_broken_file_is_one_clear_error(tmp_path: Path, content: str, expected: str) -> None:
    assert any(expected in line for line in mistakes(tmp_path, content))


def test_a_password_in_an_address_is_refused_and_never_shown(tmp_path: Path) -> None:
    found = mistakes(tmp_path, GOOD.replace("admin@", "admin:hunter2@"))
    assert any("password" in line for line in found)
    assert not any("hunter2" in line for line in found)
    found = mistakes(tmp_path, GOOD.replace("onvif://admin@", "ftp://admin:hunter2@"))
    assert not any("hunter2" in line for line in found)
    found = mistakes(tmp_path, GOOD.replace("    uri:", "    password: hunter2\n    uri:", 1))
    assert len(found) == 1
    assert "keyring" in found[0]
    assert not any("hunter2" in line for line in found)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match="cannot be read"):
        read_site(tmp_path / "absent.yaml", read_inventory)
    (tmp_path / "latin.yaml").write_bytes("name: é\n".encode("latin-1"))
    with pytest.raises(SiteFileError, match="not UTF-8"):
        read_site(tmp_path / "latin.yaml", read_inventory)


def spreadsheet(tmp_path: Path, rows: list[list[object]]) -> Path:
    workbook = openpyxl.Workbook()
    assert workbook.active is not None
    for row in rows:
        workbook.active.append(row)
    file = tmp_path / "points.xlsx"
    workbook.save(file)
    return file


HEADINGS = ["国标编码", "点位名称", "设备地址", "场景类型", "室内外", "接入方式", "经度", "纬度"]
ROW = [
    "61010200001320000002",
    "西门",
    "onvif://admin@10.0.0.2",
    "乡村广场",
    "室外",
    "有线",
    108.9,
    34.2,
]


def test_an_inventory_in_a_spreadsheet_is_read_by_its_headings(tmp_path: Path) -> None:
    points, found = read_inventory(
        spreadsheet(tmp_path, [["2026年点位清单"], HEADINGS, ROW])  # type: ignore[list-item]
    )
    assert found == []
    assert points[0].scene == "rural-square"
    assert points[0].access == "ethernet"
    assert points[0].latitude == 34.2


def test_an_inventory_in_gb18030_csv_is_read(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    lines = [",".join(HEADINGS), ",".join(str(cell) for cell in ROW)]
    file.write_bytes("\n".join(lines).encode("gb18030"))
    points, found = read_inventory(file)
    assert (found, points[0].name) == ([], "西门")


def test_ids_that_became_numbers_are_named_and_never_repaired(tmp_path: Path) -> None:
    row = [6.10102000013200e19, *ROW[1:]]
    _, found = read_inventory(spreadsheet(tmp_path, [HEADINGS, row]))  # type: ignore[list-item]
    assert [(one.line, one.key) for one in found] == [(2, "inventory.id-became-number")]


def csv_file(tmp_path: Path, *lines: bytes) -> Path:
    file = tmp_path / "points.csv"
    file.write_bytes(b"\n".join(lines))
    return file


def changed(**cells: object) -> list[object]:
    places = {"id": 0, "longitude": 6, "latitude": 7}
    row: list[object] = [*ROW]
    for name, value in cells.items():
        row[places[name]] = value
    return row


@pytest.mark.parametrize(
    ("row", "key"),
    [
        (changed(id=61010200001320000002), "inventory.id-became-number"),
        (changed(id="6.10102E+19"), "inventory.id-became-number"),
        (changed(longitude=34.2, latitude=108.9), "inventory.coordinates-swapped"),
        (changed(longitude="108,9"), "inventory.decimal-comma"),
        (changed(longitude="108°54′"), "site.not-a-number"),
        (changed(latitude="nan"), "site.out-of-range"),
        (changed(latitude=91), "site.out-of-range"),
    ],
)
def test_what_a_spreadsheet_spoilt_is_named_by_its_row(tmp_path: Path, row, key: str) -> None:
    points, found = read_inventory(spreadsheet(tmp_path, [HEADINGS, row]))
    assert [(one.line, one.key) for one in found] == [(2, key)]
    assert key in wordings()
    assert points[0].longitude != 34.2


@pytest.mark.parametrize(("first", "second"), [("utf-8", "gb18030"), ("gb18030", "utf-8")])
def test_a_csv_of_two_encodings_is_refused_and_not_garbled(tmp_path, first, second) -> None:
    head, row = ",".join(HEADINGS), ",".join(str(cell) for cell in ROW)
    points, found = read_inventory(csv_file(tmp_path, head.encode(first), row.encode(second)))
    assert points == []
    assert [one.key for one in found] == ["inventory.mixed-encodings"]


def test_a_csv_in_utf_16_is_read(tmp_path: Path) -> None:
    text = "\n".join([",".join(HEADINGS), ",".join(str(cell) for cell in ROW)])
    points, found = read_inventory(csv_file(tmp_path, text.encode("utf-16")))
    assert (found, points[0].name, points[0].scene) == ([], "西门", "rural-square")


def test_a_heading_of_two_merged_rows_is_read_whole(tmp_path: Path) -> None:
    upper = [*HEADINGS[:6], "经纬度", None]
    lower = [*[None] * 6, "经度", "纬度"]
    file = spreadsheet(tmp_path, [["点位清单"], upper, lower, ROW])
    workbook = openpyxl.load_workbook(file)
    assert workbook.active is not None
    for cells in ("G2:H2", *(f"{column}2:{column}3" for column in "ABCDEF")):
        workbook.active.merge_cells(cells)
    workbook.save(file)
    points, found = read_inventory(file)
    assert found == []
    assert [(one.id, one.longitude, one.latitude) for one in points] == [(ROW[0], 108.9, 34.2)]


def test_an_inventory_without_headings_or_of_another_kind_is_one_clear_error(
    tmp_path: Path,
) -> None:
    _, found = read_inventory(spreadsheet(tmp_path, [["a", "b"]]))
    assert [one.key for one in found] == ["inventory.no-heading"]
    fake = tmp_path / "fake.xlsx"
    fake.write_text("this is no spreadsheet")
    _, found = read_inventory(fake)
    assert [one.key for one in found] == ["inventory.unreadable"]


def test_a_site_file_and_its_inventory_share_one_list_of_mistakes(tmp_path: Path) -> None:
    spreadsheet(tmp_path, [HEADINGS, ["12", *ROW[1:]]])  # type: ignore[list-item]
    found = mistakes(tmp_path, "inventory: points.xlsx\nsampling: {plan: some}\n")
    assert any(line.startswith("points.xlsx:2") for line in found)
    assert any(line.startswith("site.yaml:2") for line in found)


def test_where_devices_register_is_read_or_refused(tmp_path: Path) -> None:
    where = "gb28181: {address: 192.0.2.4, tls_port: 5061}\npolice_networks: [10.1.0.1/16]\n"
    site = read_site(write(tmp_path, GOOD + where), read_inventory)
    assert site.gb28181 is not None
    assert (site.gb28181.port, site.gb28181.tls_port) == (5060, 5061)
    assert site.gb28181.own_realm == "6101020000"
    assert site.police_networks == ("10.1.0.0/16",)
    wrong = "gb28181: {address: here, server_id: 1}\npolice_networks: [somewhere]\n"
    assert len(mistakes(tmp_path, GOOD + wrong)) == 3


def test_a_region_is_a_box_or_the_polygons_of_a_file(tmp_path: Path) -> None:
    boxed = read_site(
        write(tmp_path, GOOD + "region: {west: 108, south: 34, east: 109, north: 35}\n"),
        read_inventory,
    )
    assert boxed.region == (((108, 34), (109, 34), (109, 35), (108, 35)),)
    area = {"type": "Polygon", "coordinates": [[[108, 34], [109, 34], [109, 35], [108, 34]]]}
    collection = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": area}]}
    (tmp_path / "area.json").write_text(json.dumps(collection), encoding="utf-8")
    site = read_site(write(tmp_path, GOOD + "region: area.json\n"), read_inventory)
    assert site.region == (((108, 34), (109, 34), (109, 35), (108, 34)),)


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("{west: 108, south: 34, east: 109}", "region needs west"),
        ("{west: 109, south: 34, east: 108, north: 35}", "region needs west"),
        ("{west: 109, south: 34, east: 200, north: 35}", "expected -180"),
        ("site.yaml", "no GeoJSON"),
        ("nowhere.json", "does not exist"),
    ],
)
def test_a_region_that_is_none_is_named(tmp_path: Path, region: str, expected: str) -> None:
    found = mistakes(tmp_path, GOOD + f"region: {region}\n")
    assert any(expected in line for line in found)


DECLARED = GOOD.replace(
    "    indoor: 是\n", "    indoor: 是\n    declaration: camera.yaml\n"
).replace("rulings:", "declarations: [others.yaml]\nrulings:")


def declare(tmp_path: Path, own: str, others: str = "models: [OTHER]\n") -> None:
    (tmp_path / "camera.yaml").write_text(own, encoding="utf-8")
    (tmp_path / "others.yaml").write_text(others, encoding="utf-8")


def test_declarations_are_read_with_the_site(tmp_path: Path) -> None:
    declare(tmp_path, "models: [SIM-2M]\nsupply: {poe: yes}\n")
    site = read_site(write(tmp_path, DECLARED), read_inventory)
    (point,) = site.points
    declared = site.declaration(point)
    assert declared is not None
    assert declared.stated("supply.poe")
    assert site.declaration(replace(point, declaration="", declared={}), "other").file == (
        "others.yaml"
    )


def test_a_declaration_of_another_model_is_named(tmp_path: Path) -> None:
    declare(tmp_path, "models: [SIM-9]\n")
    assert mistakes(tmp_path, DECLARED) == [
        "site.yaml:7: point 61010200001320000001 is a SIM-2M, "
        "but the declaration named for it covers SIM-9"
    ]


def test_mistakes_of_declarations_are_named_with_their_own_lines(tmp_path: Path) -> None:
    declare(tmp_path, "models: [SIM-2M]\nsupply: {poo: yes}\n", "models: [A]\nform: 7\n")
    assert mistakes(tmp_path, DECLARED) == [
        "others.yaml:2: 'form' must be one of bullet, speed-dome, dome, other; found '7'",
        "camera.yaml:2: unknown field 'poo'; expected: poe",
    ]


def test_an_absent_declaration_is_a_mistake_of_the_site_file(tmp_path: Path) -> None:
    found = mistakes(tmp_path, DECLARED)
    assert [one.partition(": ")[0] for one in sorted(found)] == ["site.yaml:16", "site.yaml:7"]


SWITCH = GOOD + (
    "power:\n"
    "  switch: ssh://admin@192.168.1.2:2222\n"
    "  profile: huawei-vrp\n"
    '  ports: {"61010200001320000001": GigabitEthernet0/0/3}\n'
    "  return_seconds: 90\n"
)


def test_a_switch_that_feeds_cameras_is_read(tmp_path: Path) -> None:
    rig = read_site(write(tmp_path, SWITCH), read_inventory).power
    assert rig is not None
    assert rig.ports == {"61010200001320000001": "GigabitEthernet0/0/3"}
    assert (rig.profile, rig.return_seconds) == ("huawei-vrp", 90)
    assert set(SWITCH_PROFILES) == set(profiles())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("switch: ssh://admin@", "switch: ssh://admin:secret@", "ssh://USER@HOST[:PORT] without"),
        ("switch: ssh", "http: http://10.0.0.1\n  switch: ssh", "either http or switch"),
        ("profile: huawei-vrp", "profile: netgear", "choose from: cisco-ios"),
        ("  profile: huawei-vrp\n", "", "choose from: cisco-ios"),
        ("  ports:", "  portz:", "portz"),
        ("/3}", '/3, "2": GigabitEthernet0/0/3}', "given to two points"),
        ("return_seconds: 90", "return_seconds: 1", "return_seconds"),
    ],
)
def test_a_mistake_about_the_supply_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    found = mistakes(tmp_path, SWITCH.replace(old, new))
    assert any(said in one for one in found), found


def test_a_marker_has_a_size_and_a_distance(tmp_path: Path) -> None:
    with_marker = GOOD.replace(
        "    name: 东门\n", "    name: 东门\n    marker: {width: 0.6, distance: 12}\n"
    )
    assert with_marker != GOOD
    point = read_site(write(tmp_path, with_marker), read_inventory).points[0]
    assert point.marker is not None
    assert (point.marker.width, point.marker.distance) == (0.6, 12)
    wrong = with_marker.replace("{width: 0.6, distance: 12}", "{width: 0.6}")
    assert any("marker needs width" in one for one in mistakes(tmp_path, wrong))
