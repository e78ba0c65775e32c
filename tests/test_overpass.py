"""Downloading through osmnx, with a server that this file plays."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest
import requests
import shapely

from lifecircle.errors import DataWarning, GeometryError, InputError, OfflineError
from lifecircle.sources.osm import read_osm
from lifecircle.sources.overpass import read_overpass
from lifecircle.sources.walkrule import TRAITS
from lifecircle.standards import shared_kinds
from lifecircle.tables import FACILITIES, check

AREA = shapely.box(109.999, 25.999, 110.01, 26.01)
KINDS = {"post": shared_kinds()["post"], "park": shared_kinds()["park"]}


def node(number, lon, lat, **tags):
    extra = {"tags": tags} if tags else {}
    return {"type": "node", "id": number, "lon": lon, "lat": lat, **extra}


def way(number, *nodes, **tags):
    return {"type": "way", "id": number, "nodes": list(nodes), "tags": tags}


ROADS = [
    node(1, 110.000, 26.000),
    node(2, 110.001, 26.000, barrier="gate", foot="no"),
    node(3, 110.002, 26.000),
    node(4, 110.003, 26.000),
    way(10, 1, 2, 3, highway="residential", name='人民路 & "南"'),
    way(11, 3, 4, highway="service", access="private"),
    way(12, 1, 4, highway="primary", foot="no"),
]
PLACES = [
    node(1, 110.000, 26.000),
    node(5, 110.001, 26.001, amenity="post_office", name="<b>邮政</b>\n局"),
    node(6, 110.004, 26.004),
    node(7, 110.0045, 26.004),
    node(8, 110.0045, 26.0045),
    way(13, 6, 7, 8, 6),
    {
        "type": "relation",
        "id": 20,
        "members": [{"type": "way", "ref": 13, "role": "outer"}],
        "tags": {"type": "multipolygon", "leisure": "park"},
    },
    way(14, 6, 7, 8, 6, building="apartments"),
    way(15, 6, 7, 8, 6, landuse="residential"),
]


class Server:
    """Answers in place of Overpass, and remembers what it was asked."""

    def __init__(self, roads, places):
        self.answers = {"roads": roads, "places": places}
        self.questions = []
        self.refuses = None
        self.remark = None

    def post(self, url, data, **_):
        question = data["data"]
        self.questions.append(question)
        topic = "roads" if '"highway"!~' in question else "places"
        if self.refuses == topic:
            raise requests.exceptions.ConnectionError("no route to host")
        content = {
            "osm3s": {"timestamp_osm_base": "2025-03-04T05:06:07Z"},
            "elements": self.answers[topic],
        }
        if self.remark:
            content["remark"] = self.remark
        response = requests.Response()
        response.status_code = 200
        response.url = url
        response._content = json.dumps(content).encode()
        return response


@pytest.fixture
def server(monkeypatch):
    played = Server(ROADS, PLACES)
    monkeypatch.setattr(requests, "post", played.post)
    monkeypatch.setattr(requests, "get", lambda *_, **__: pytest.fail("asked for more than data"))
    monkeypatch.setattr(socket, "gethostbyname", lambda _: "127.0.0.1")
    return played


def test_download_is_read_by_the_same_rules(server, tmp_path):
    extract = read_overpass(AREA, kinds=KINDS, cache=tmp_path / "new" / "cache")
    segments = extract.segments[["u", "v", "way_id"]].to_numpy().tolist()
    # Way 10 is cut at the gate 2, the private way 11 is kept, way 12 is refused.
    assert segments == [[1, -2, 10], [-1, 3, 10], [3, 4, 11]]
    assert extract.counts["ways_refused"] == 1
    assert extract.counts["barriers_blocked"] == 1
    assert extract.facilities.index.tolist() == ["n5", "r20"]
    assert extract.facilities["kind"].tolist() == ["post", "park"]
    assert extract.facilities.loc["n5", "name"] == "<b>邮政</b>\n局"
    assert extract.buildings["dwelling"].to_dict() == {"w14": True}
    assert extract.residential.index.tolist() == ["w15"]
    assert extract.date == "2025-03-04"
    check(extract.facilities, FACILITIES, crs=4326)
    assert len(server.questions) == 2


def test_whole_tags_are_asked_for_and_kept(server, tmp_path):
    tagged = way(11, 3, 4, highway="track", bridge="yes", wheelchair="no")
    server.answers["roads"] = [*ROADS[:5], tagged]
    segments = read_overpass(AREA, kinds=KINDS, cache=tmp_path).segments.set_index("way_id")
    assert segments.loc[11, list(TRAITS)].tolist() == [False, True, True, True]
    assert not segments.loc[10, list(TRAITS)].any(axis=None)
    # "out;" is "out body;": all tags, where "out skel;" or "out ids;" would give none.
    assert all(question.endswith("out;") for question in server.questions)


def test_questions_are_generous(server, tmp_path):
    read_overpass(AREA, kinds=KINDS, cache=tmp_path, timeout_s=77)
    roads, places = server.questions
    assert "[timeout:77]" in roads
    assert "motorway" in roads
    assert "private" not in roads
    assert "access" not in roads
    for wanted in (
        "['amenity'='post_office']",
        "['leisure'='park']",
        "['highway'='pedestrian']",
        "['building']",
        "['landuse'='residential']",
        "['landuse'='village_green']",
    ):
        assert f"relation{wanted}" in places
    assert "shop" not in places


def test_dwellings_can_be_left_out(server, tmp_path):
    extract = read_overpass(AREA, kinds=None, cache=tmp_path, dwellings=False)
    assert "building" not in server.questions[1]
    assert extract.buildings.empty
    assert extract.facilities.empty


def test_second_reading_asks_nothing(server, tmp_path):
    first = read_overpass(AREA, kinds=KINDS, cache=tmp_path)
    server.refuses = "roads"
    again = read_overpass(AREA, kinds=KINDS, cache=tmp_path)
    assert len(server.questions) == 2
    assert again.segments.equals(first.segments)
    assert again.counts == first.counts
    (kept,) = tmp_path.iterdir()
    # The kept file serves under [roads.osm] elsewhere.
    assert read_osm(kept, area=AREA, kinds=KINDS).segments.equals(first.segments)
    with pytest.raises(OfflineError):  # another area is another file
        read_overpass(shapely.box(110, 26, 110.02, 26.02), kinds=KINDS, cache=tmp_path)


def test_no_network_says_what_to_do(server, tmp_path):
    server.refuses = "roads"
    with pytest.raises(OfflineError) as caught:
        read_overpass(AREA, kinds=KINDS, cache=tmp_path)
    for words in ("cannot be reached", "no route to host", "Geofabrik", "[roads.osm]"):
        assert words in str(caught.value)


def test_what_was_answered_is_not_asked_again(server, tmp_path):
    server.refuses = "places"
    with pytest.raises(OfflineError):
        read_overpass(AREA, kinds=KINDS, cache=tmp_path)
    server.refuses = None
    read_overpass(AREA, kinds=KINDS, cache=tmp_path)
    topics = ["roads" if '"highway"!~' in asked else "places" for asked in server.questions]
    assert topics == ["roads", "places", "places"]


def test_answer_cut_short_is_not_used(server, tmp_path):
    server.remark = "runtime error: Query timed out"
    with pytest.raises(OfflineError, match="did not answer in full within 180 s"):
        read_overpass(AREA, kinds=KINDS, cache=tmp_path)
    assert not list(tmp_path.rglob("*.gz"))


def test_nothing_there_is_an_error_and_is_not_kept(server, tmp_path):
    server.answers = {"roads": [], "places": []}
    with pytest.raises(InputError, match="no walkable way"):
        read_overpass(AREA, kinds=KINDS, cache=tmp_path)
    assert not list(tmp_path.iterdir())


def test_clipped_answer_warns(server, tmp_path):
    server.answers["roads"] = [element for element in ROADS if element["id"] != 4]
    with pytest.warns(DataWarning, match="1 ways lack 1 nodes"):
        extract = read_overpass(AREA, kinds=KINDS, cache=tmp_path)
    assert extract.counts["ways_clipped"] == 1


@pytest.mark.parametrize("refuses", [None, "places"])
def test_settings_of_osmnx_are_restored(server, tmp_path, refuses):
    from osmnx import settings

    names = [name for name in vars(settings) if not name.startswith("_")]
    before = {name: getattr(settings, name) for name in names}
    resolve = socket.getaddrinfo
    server.refuses = refuses
    if refuses:
        with pytest.raises(OfflineError):
            read_overpass(AREA, kinds=KINDS, cache=tmp_path)
    else:
        read_overpass(AREA, kinds=KINDS, cache=tmp_path)
    assert {name: getattr(settings, name) for name in names} == before
    assert socket.getaddrinfo is resolve


@pytest.mark.parametrize(
    "area",
    [shapely.Polygon(), shapely.Point(110, 26), shapely.box(5e5, 2.8e6, 6e5, 2.9e6)],
    ids=["empty", "point", "metres"],
)
def test_area_must_be_a_polygon_in_degrees(tmp_path, area):
    with pytest.raises(GeometryError, match="not a polygon in degrees"):
        read_overpass(area, kinds=KINDS, cache=tmp_path)


def test_osmnx_is_loaded_only_when_needed():
    code = "import sys, lifecircle.sources.overpass; sys.exit('osmnx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 0
