"""What tests of extracts share: a small OSM file, and what "bit for bit" means."""

from __future__ import annotations

import warnings

from geopandas.testing import assert_geodataframe_equal
from pandas.testing import assert_frame_equal

from lifecircle.errors import DataWarning
from lifecircle.sources.osm import read_osm


def quietly(path, **options):
    """Read without minding what the warnings say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return read_osm(path, **options)


def same_tables(one, other):
    """Hold two extracts against one another: every value, type, index and byte of geometry."""
    for name in ("nodes", "segments"):
        assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    for name in ("facilities", "residential", "buildings"):
        a, b = getattr(one, name), getattr(other, name)
        assert_geodataframe_equal(a, b)
        assert a.crs == b.crs
        assert a.geometry.to_wkb().tolist() == b.geometry.to_wkb().tolist()
    assert one.date == other.date
    return True


def square(start, lon, lat, side=0.0002):
    """Give four nodes of a square, and the references that close it."""
    corners = [(lon, lat), (lon + side, lat), (lon + side, lat + side), (lon, lat + side)]
    nodes = "".join(
        f'<node id="{start + n}" lon="{x:.7f}" lat="{y:.7f}"/>' for n, (x, y) in enumerate(corners)
    )
    return nodes, "".join(f'<nd ref="{start + n % 4}"/>' for n in range(5))


def tag(**tags):
    return "".join(f'<tag k="{key.replace("__", ":")}" v="{tags[key]}"/>' for key in tags)


def two_places():
    """Give an OSM file of two places 20 km apart, and a road that is walked between them.

    West (lon 110.00): a street 1-2-3 with a closed gate at 2, a motorway 2-3, a post office, a
    school in a building (of which only the school's way is tagged), a house. East (lon 110.20): a
    street 11-12, a bench, a house whose outline crosses itself, residential land.
    """
    west_house, west_refs = square(100, 110.0010, 26.0010)
    school, school_refs = square(110, 110.0020, 26.0020)
    land, land_refs = square(120, 110.2000, 26.0010)
    return (
        '<osm version="0.6" timestamp="2024-05-06T00:00:00Z">'
        '<node id="1" lon="110.000" lat="26"/>'
        f'<node id="2" lon="110.001" lat="26">{tag(barrier="gate", foot="no")}</node>'
        '<node id="3" lon="110.002" lat="26"/>'
        f'<node id="4" lon="110.0005" lat="26.0005">{tag(amenity="post_office", name="邮局")}'
        "</node>"
        '<node id="11" lon="110.200" lat="26"/><node id="12" lon="110.201" lat="26"/>'
        f'<node id="13" lon="110.2005" lat="26.0005">{tag(amenity="bench")}</node>'
        '<node id="14" lon="110.2005" lat="26.001"/><node id="15" lon="110.2006" lat="26.002"/>'
        f"{west_house}{school}{land}"
        f'<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/>{tag(highway="residential")}</way>'
        f'<way id="2"><nd ref="11"/><nd ref="12"/>{tag(highway="path")}</way>'
        f'<way id="3"><nd ref="2"/><nd ref="3"/>{tag(highway="motorway")}</way>'
        f'<way id="4"><nd ref="3"/><nd ref="11"/>{tag(highway="track")}</way>'
        f'<way id="5">{west_refs}{tag(building="house")}</way>'
        f'<way id="6">{school_refs}{tag(amenity="school", building="school", name="小学")}</way>'
        f'<way id="7">{land_refs}{tag(landuse="residential")}</way>'
        f'<way id="8"><nd ref="14"/><nd ref="15"/><nd ref="14"/>{tag(building="yes")}</way>'
        "</osm>"
    )
