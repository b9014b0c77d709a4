"""Where a site may lie."""

import pytest

from assessment.region import box, region_of

XIAN = (108.94, 34.26)


@pytest.mark.parametrize(
    ("identifiers", "source", "inside"),
    [
        (["61010200001320000001"], "61", True),
        (["31010200001320000001"], "31", False),
        (["61010200001320000001", "31010200001320000001"], "china", True),
        (["99010200001320000001"], "china", True),
        ([], "china", True),
    ],
)
def test_the_province_is_that_of_the_ids(identifiers, source, inside) -> None:
    region = region_of(identifiers)
    assert region.source == source
    assert region.holds(*XIAN) is inside


def test_nothing_outside_the_country_is_inside() -> None:
    region = region_of([])
    assert not region.holds(34.26, 108.94)
    assert not region.holds(0.0, 0.0)


def test_a_declared_area_may_be_hollow_at_a_corner() -> None:
    corner = ((0.0, 0.0), (4.0, 0.0), (4.0, 2.0), (2.0, 2.0), (2.0, 4.0), (0.0, 4.0))
    region = region_of(["61010200001320000001"], (corner, box(10, 10, 11, 11)))
    assert region.source == "declared"
    assert region.holds(1.0, 3.0)
    assert not region.holds(3.0, 3.0)
    assert region.holds(10.5, 10.5)
