"""One large OSM file becomes one store per county, and a store gives what the file gives."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
import zipfile
from concurrent.futures import BrokenExecutor
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pytest
import shapely
from extracts import quietly, same_tables, square, tag, two_places
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.config import load_config, read_config
from lifecircle.county import assess
from lifecircle.errors import DataWarning, InputError, MissingFileError, OutputError
from lifecircle.ingest import ingest, longest_walk_m
from lifecircle.sources import osmpass, osmspill
from lifecircle.sources.osm import read_osm
from lifecircle.sources.osmblobs import blobs_of, split_pbf
from lifecircle.sources.osmparts import write_parts
from lifecircle.sources.osmspill import Cover
from lifecircle.sources.osmstore import county_meta, kept_rules
from lifecircle.sources.walkrule import TRAITS
from lifecircle.standards import Kind, shared_kinds

DEMO = Path("data/liechtenstein/liechtenstein-2013-08-03.osm.pbf")
UNITS = Path("data/liechtenstein/units.geojson")
WEST, EAST = shapely.box(109.99, 25.99, 110.01, 26.01), shapely.box(110.19, 25.99, 110.21, 26.01)
SEA = shapely.box(120.0, 26.0, 120.1, 26.1)


def boundaries(folder, name="counties.geojson", **counties):
    path = folder / name
    table = {"adcode": list(counties), "name": [f"县{key}" for key in counties]}
    gpd.GeoDataFrame(table, geometry=list(counties.values()), crs=4326).to_file(path)
    return path


@pytest.fixture
def two(tmp_path):
    path = tmp_path / "two.osm"
    path.write_text(two_places(), encoding="utf-8")
    return path


def made(two, counties=None, **options):
    folder = two.parent
    counties = counties or boundaries(folder, west=WEST, east=EAST)
    return ingest(two, counties, folder / "store", **options)


def store_area(path):
    return shapely.from_wkb(county_meta(path)["area"])


def holds(folder, **options):
    """Give the ways, facilities and buildings of both stores, by hand to check."""
    found = {}
    for county in ("west", "east"):
        extract = quietly(folder / f"{county}.lcx", **options)
        found[county] = (
            sorted(extract.segments["way_id"].unique().tolist()),
            extract.facilities.index.tolist(),
            extract.buildings.index.tolist(),
            extract.residential.index.tolist(),
        )
    return found


# -- by hand -------------------------------------------------------------------------------------


def test_each_county_has_what_lies_in_it(two):
    done = made(two)
    assert done.written == 2
    assert done.faults == ()
    kinds = {key: shared_kinds()[key] for key in ("post", "school")}
    # The track, way 4, runs through both; the motorway, way 3, is walked by nobody.
    assert holds(two.parent / "store", kinds=kinds) == {
        "west": ([1, 4], ["n4", "w6"], ["w5", "w6"], []),
        "east": ([2, 4], [], [], ["w7"]),
    }
    west = read_osm(two.parent / "store" / "west.lcx", kinds=kinds)
    assert west.counts["ways_read"] == 3
    assert west.counts["ways_refused"] == 1
    assert west.counts["barriers_blocked"] == 1  # the gate at node 2 cuts way 1
    assert sorted(west.segments["u"].tolist()) == [-1, 1, 3]
    assert west.buildings["dwelling"].to_dict() == {"w5": True, "w6": False}
    assert west.date == "2024-05-06"
    ways = west.segments.groupby("way_id")[list(TRAITS)].any()
    assert ways.loc[1].tolist() == [False, False, False, False]
    assert ways.loc[4].tolist() == [False, True, False, False]
    with pytest.warns(DataWarning, match="1 areas cannot be assembled .*: w8"):
        east = read_osm(two.parent / "store" / "east.lcx")
    assert east.counts["areas_broken"] == 1


def test_the_manifest_says_what_is_there(two):
    done = made(two)
    told = json.loads(done.manifest.read_text(encoding="utf-8"))
    assert told["source"]["name"] == "two.osm"
    assert len(told["source"]["sha256"]) == 64
    assert told["buffer_m"] == 4000.0
    assert [(c["county_id"], c["name"], c["file"]) for c in told["counties"]] == [
        ("east", "县east", "east.lcx"),
        ("west", "县west", "west.lcx"),
    ]
    assert [(c["ways"], c["buildings"], c["status"]) for c in told["counties"]] == [
        (2, 0, "whole"),
        (3, 2, "whole"),
    ]
    stores = sorted(path.name for path in done.manifest.parent.iterdir())
    assert stores == ["east.lcx", "manifest.json", "west.lcx"]


def test_the_manifest_lists_the_stores_of_earlier_runs_too(two):
    made(two, boundaries(two.parent, west=WEST, sea=SEA))
    done = made(two, boundaries(two.parent, east=EAST, west=WEST), buffer_km=5)
    (two.parent / "store" / "damaged.lcx").write_bytes(b"x")
    assert done.counties.index.tolist() == ["east", "west"]
    told = json.loads(done.manifest.read_text(encoding="utf-8"))
    assert [entry["buffer_m"] for entry in told["ingests"]] == [5000.0, 4000.0]
    assert [(c["county_id"], c["status"], c["ingest"]) for c in told["counties"]] == [
        ("east", "whole", 0),
        ("sea", "empty", 1),
        ("west", "whole", 0),
    ]


def test_the_buffer_is_the_longest_walk():
    assert longest_walk_m() == 30 * 75 + 1000


@pytest.mark.parametrize(("buffer_km", "ways"), [(0.0, [1, 4]), (40.0, [1, 2, 4])])
def test_the_buffer_reaches_over_the_border(two, buffer_km, ways):
    made(two, buffer_km=buffer_km)
    assert holds(two.parent / "store")["west"][0] == ways


def test_a_county_s_own_tag_rules_are_served(two):
    made(two)
    store = two.parent / "store" / "east.lcx"
    own = {"seat": Kind(zh="座", en="Seat", osm=("amenity=bench & backrest=yes", "amenity=bench"))}
    assert quietly(store, kinds=own).facilities.index.tolist() == ["n13"]
    schools = {"s": Kind(zh="校", en="School", osm=("building=school",))}
    west = two.parent / "store" / "west.lcx"
    assert read_osm(west, kinds=schools).facilities.index.tolist() == ["w6"]


def test_rules_that_the_store_cannot_serve_are_named(two):
    made(two)
    store = two.parent / "store" / "west.lcx"
    own = {"home": Kind(zh="家", en="Home", osm=("building=house", "amenity=*"))}
    with pytest.raises(
        InputError, match=r"of building=house, which kind home .*--tags building"
    ) as caught:
        read_osm(store, kinds=own)
    assert len(caught.value.faults) == 1
    assert made(two, tags=["building"]).written == 2
    assert read_osm(store, kinds=own).facilities.index.tolist() == ["n4", "w5", "w6"]


def test_every_shared_kind_is_served(two):
    made(two)
    read_osm(two.parent / "store" / "west.lcx", kinds=shared_kinds())
    assert "amenity=*" in kept_rules()


def test_a_store_is_refused_for_more_than_it_holds(two):
    made(two)
    store = two.parent / "store" / "west.lcx"
    read_osm(store, area=WEST)
    with pytest.raises(InputError, match="does not reach as far as the county's walks"):
        read_osm(store, area=WEST.buffer(0.1))
    with pytest.raises(InputError, match="is the store of another place"):
        read_osm(store, area=SEA)


def test_an_area_of_several_ways_goes_where_it_lies(tmp_path):
    """A park and a square of relations; their rings are where they are, whatever else is read."""
    park, refs = square(1, 110.0, 26.0)
    path = tmp_path / "areas.osm"
    members = '<member type="way" ref="1" role="outer"/>'
    path.write_text(
        f'<osm version="0.6">{park}<way id="1">{refs}</way>'
        f'<way id="2"><nd ref="1"/><nd ref="3"/>{tag(highway="path")}</way>'
        f'<relation id="7">{members}{tag(type="multipolygon", leisure="park")}</relation>'
        f'<relation id="8">{members}{tag(type="multipolygon", highway="pedestrian")}</relation>'
        f'<relation id="9">{members}<member type="way" ref="77" role="outer"/>'
        f"{tag(type='multipolygon', building='yes')}</relation></osm>",
        encoding="utf-8",
    )
    done = ingest(path, boundaries(tmp_path, west=WEST), tmp_path / "store")
    store = tmp_path / "store" / "west.lcx"
    kinds = {"park": shared_kinds()["park"]}
    extract = read_osm(store, kinds=kinds, area=WEST)
    assert extract.facilities.index.tolist() == ["r7"]
    assert sorted(extract.segments["way_id"].unique().tolist()) == [-8, 2]
    assert same_tables(extract, quietly(path, kinds=kinds, area=WEST))
    assert same_tables(extract, quietly(path, kinds={**kinds, **shared_kinds()}, area=WEST)) or done


# -- laws ----------------------------------------------------------------------------------------

degrees = st.tuples(
    st.floats(100, 101), st.floats(30, 31), st.floats(1e-4, 0.4), st.floats(1e-4, 0.4)
)


@settings(max_examples=60, deadline=None)
@given(boxes=st.lists(degrees, min_size=1, max_size=4), seed=st.integers(0, 2**32 - 1))
def test_every_point_of_an_area_is_the_county_s(boxes, seed):
    areas = [shapely.box(x, y, x + w, y + h) for x, y, w, h in boxes]
    cover, random = Cover(areas), np.random.default_rng(seed)
    x = random.integers(1_000_000_000, 1_014_000_000, 300)
    y = random.integers(300_000_000, 314_000_000, 300)
    x[:100], y[:100] = x[:100] // 200_000 * 200_000, y[:100] // 200_000 * 200_000  # on edges
    owner, county = cover.owned(np.arange(300), x, y)
    pairs = set(zip(owner.tolist(), county.tolist(), strict=True))
    assert len(pairs) == len(owner)
    for number, area in enumerate(areas):
        inside = np.flatnonzero(shapely.contains_xy(area, x / 1e7, y / 1e7))
        assert {(n, number) for n in inside.tolist()} <= pairs
    shapes = shapely.box(x / 1e7, y / 1e7, x / 1e7 + 0.05, y / 1e7 + 0.01)
    owner, county = cover.boxed(shapely.bounds(shapes))
    pairs = set(zip(owner.tolist(), county.tolist(), strict=True))
    for number, area in enumerate(areas):
        touching = np.flatnonzero(shapely.intersects(area, shapes))
        assert {(n, number) for n in touching.tolist()} <= pairs


# -- real data -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return ingest(DEMO, UNITS, folder / "store"), folder / "store"


def check_against(source, done, folder, areas=1):
    """Hold each store against the file, cut to the store's area and to less."""
    for county, row in done.counties.iterrows():
        area = store_area(folder / row["file"])
        for asked in [area, area.buffer(-0.02)][:areas]:
            try:
                expected = quietly(source, area=asked, kinds=shared_kinds())
            except InputError as error:
                told = str(error).partition(": ")[2]
                with pytest.raises(InputError) as caught:
                    quietly(folder / row["file"], area=asked, kinds=shared_kinds())
                assert str(caught.value).partition(": ")[2] == told, county
                continue
            found = quietly(folder / row["file"], area=asked, kinds=shared_kinds())
            assert same_tables(expected, found)
            for name in ("ways_clipped", "nodes_missing", "barriers_blocked", "areas_walked"):
                assert expected.counts[name] == found.counts[name]


def test_the_demo_s_municipalities_are_bit_for_bit_those_of_the_file(demo):
    done, folder = demo
    assert len(done.counties) == 11
    assert (
        done.counties["name"] == gpd.read_file(UNITS).sort_values("unit_id")["name"].to_list()
    ).all()
    check_against(DEMO, done, folder, areas=2)


def test_small_batches_make_the_same_stores(demo, tmp_path, monkeypatch):
    monkeypatch.setattr(osmspill, "_BATCH_NODES", 500)
    monkeypatch.setattr(osmspill, "_BATCH_PLACES", 50)
    monkeypatch.setattr(osmspill, "MEMORY_BYTES", 0)  # places of nodes on disk
    monkeypatch.setattr(osmpass, "split_pbf", lambda *_, **__: None)  # read as a whole
    done = ingest(DEMO, UNITS, tmp_path / "store")
    for file in done.counties["file"]:
        one, other = (
            quietly(f / file, kinds=shared_kinds()) for f in (tmp_path / "store", demo[1])
        )
        assert same_tables(one, other)
        assert one.counts == other.counts


@pytest.mark.parametrize("workers", [1, 2])
def test_traits_are_the_same_from_any_number_of_processes(two, monkeypatch, workers):
    text = two.read_text(encoding="utf-8")
    for way, tags in (
        ('highway" v="residential"/>', {"bridge": "yes", "wheelchair": "no"}),
        ('highway" v="path"/>', {"surface": "mud", "tunnel": "yes"}),
    ):
        more = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        assert text.count(way) == 1
        text = text.replace(way, way + more)
    two.write_text(text, encoding="utf-8")
    monkeypatch.setattr(osmpass, "PART_BYTES", 1)
    monkeypatch.setattr(osmpass, "_EACH", 1)
    counties = boundaries(two.parent, west=WEST, east=EAST)
    ingest(pbf(two), counties, two.parent / "store", workers=workers)
    whole = quietly(two).segments
    for county, ways in (("west", [1, 4]), ("east", [2, 4])):
        segments = quietly(two.parent / "store" / f"{county}.lcx").segments
        of_ways = whole["way_id"].isin(ways)
        for name in TRAITS:
            assert segments[name].tolist() == whole.loc[of_ways, name].tolist()
    found = whole.groupby("way_id")[list(TRAITS)].any()
    assert found.to_numpy().tolist() == [
        [False, False, True, True],
        [False, True, True, False],
        [False, True, False, False],
    ]


def test_a_store_of_an_older_version_is_refused_and_made_anew(two):
    done = made(two)
    path = two.parent / "store" / "west.lcx"
    fresh = path.read_bytes()
    assert fresh.count(b'"version": 2') == 1
    with zipfile.ZipFile(path) as box:
        parts = {name: box.read(name) for name in box.namelist()}
    meta = json.loads(parts.pop("meta.json"))
    write_parts(path, {**meta, "version": 1}, parts)
    with pytest.raises(InputError, match=r"county of version 1\) -> make it again"):
        read_osm(path)
    assert done.written == 2
    assert made(two).written == 1
    assert path.read_bytes() == fresh


@pytest.mark.parametrize("workers", [1, 2])
def test_parts_and_processes_make_the_same_stores(demo, tmp_path, monkeypatch, workers):
    monkeypatch.setattr(osmpass, "PART_BYTES", 1)  # each blob is a part
    monkeypatch.setattr(osmpass, "_EACH", 1)
    told = []
    done = ingest(
        DEMO, UNITS, tmp_path / "store", workers=workers, progress=lambda *step: told.append(step)
    )
    parts = [(number, of) for step, number, of in told if step == "pass"]
    assert len(parts) == 12
    assert parts[1:] == [(n, 11) for n in range(1, 12)]
    for file in done.counties["file"]:
        assert (tmp_path / "store" / file).read_bytes() == (demo[1] / file).read_bytes()


def pbf(two, name="two.osm.pbf"):
    """Write the two places as PBF, which lets ways have a blob of their own."""
    path = two.parent / name
    writer = osmium.SimpleWriter(str(path))
    osmium.apply(str(two), writer)
    writer.close()
    return path


def test_a_pbf_file_s_parts_are_found_by_type(two):
    path = pbf(two)
    parts = split_pbf(path, 1, trusted=False)
    assert split_pbf(path, 1, trusted=True) == parts
    assert (len(parts.nodes), len(parts.ways), len(parts.relations)) == (1, 1, 0)
    ways = osmium.FileProcessor(parts.open(*parts.ways))
    assert [way.id for way in ways] == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("damage", ["cut", "twice", "text", "bits"])
def test_a_file_that_has_no_parts_is_read_as_a_whole(two, damage):
    path = pbf(two)
    content = path.read_bytes()
    spoilt = {
        "cut": content[:-5],
        "twice": content + blobs_of(content),  # nodes after ways
        "text": two.read_bytes(),
        "bits": content[:-40] + b"\x00" * 40,
    }
    path.write_bytes(spoilt[damage])
    assert split_pbf(path, 1, trusted=False) is None
    with pytest.raises(InputError, match=r"two\.osm\.pbf: (cannot be read as OSM|is not sorted)"):
        made(path)


@pytest.mark.parametrize("order", [(2, 1), (1, 1)])
def test_nodes_out_of_order_are_refused(tmp_path, order):
    path = tmp_path / "mixed.osm.pbf"
    writer = osmium.SimpleWriter(str(path))
    for node in order:
        writer.add_node(osmium.osm.mutable.Node(id=node, location=(110.0, 26.0)))
    writer.add_way(osmium.osm.mutable.Way(id=1, nodes=[1, 2], tags={"highway": "path"}))
    writer.close()
    with pytest.raises(InputError, match=r"is not sorted by type and id.*osmium sort"):
        ingest(path, boundaries(tmp_path, west=WEST), tmp_path / "store")


def test_a_process_that_is_ended_is_told(two, monkeypatch):
    def broken(_):
        raise BrokenExecutor("a process in the pool was terminated abruptly")

    monkeypatch.setattr(osmpass, "_pool", broken)
    with pytest.raises(OutputError, match=r"perhaps for want of memory .*--workers 1"):
        made(pbf(two))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "sides"),
    [
        ("porto/porto", 2),
        ("monaco/monaco", 2),
        ("las_palmas/las_palmas_20230221", 2),
    ],
)
def test_other_places_cut_into_a_grid_too(shared, tmp_path, name, sides):
    source = shared / f"{name}.osm.pbf"
    nodes = quietly(source, dwellings=False).nodes
    lon, lat = (np.linspace(nodes[at].min(), nodes[at].max(), sides + 1) for at in ("lon", "lat"))
    grid = {
        f"c{i}{j}": shapely.box(lon[i], lat[j], lon[i + 1], lat[j + 1])
        for i in range(sides)
        for j in range(sides)
    }
    done = ingest(source, boundaries(tmp_path, **grid), tmp_path / "store", buffer_km=1)
    check_against(source, done, tmp_path / "store")


def test_a_county_is_assessed_from_its_store_as_from_the_file(tmp_path):
    whole = gpd.read_file(UNITS).union_all()
    ingest(DEMO, boundaries(tmp_path, liechtenstein=whole), tmp_path / "store")
    text = Path("data/liechtenstein/county.toml").read_text(encoding="utf-8")
    text = text.replace(f'"{DEMO.name}"', f"'{tmp_path / 'store'}'")
    text = text.replace(f'"{UNITS.name}"', f"'{UNITS.resolve()}'")
    (tmp_path / "county.toml").write_text(text, encoding="utf-8")
    config = read_config(tmp_path / "county.toml")
    assert config.roads.osm.path == tmp_path / "store" / "liechtenstein.lcx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        stored, filed = assess(config), assess(read_config("data/liechtenstein/county.toml"))
    for name in ("access", "coverage", "scores", "unit_scores", "scorecard"):
        assert_frame_equal(getattr(stored, name), getattr(filed, name), check_exact=True)
    for name in ("facilities", "cells", "isochrones", "gaps", "streets"):
        a, b = (getattr(done, name) for done in (stored, filed))
        assert a.geometry.to_wkb().tolist() == b.geometry.to_wkb().tolist()
    assert stored.run["population"] == filed.run["population"]
    assert not (tmp_path / ".cache").exists()


def test_a_folder_without_the_county_s_store_is_a_missing_file(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "county.toml").write_text(
        'name = "nowhere"\nzh = "某"\nen = "N"\n[roads]\nosm = { path = "store" }\n'
        '[boundary]\nadcode = "430527"\n[population]\nraster = { path = "county.toml" }\n',
        encoding="utf-8",
    )
    _, missing = load_config(tmp_path / "county.toml")
    assert "430527.lcx, which is not there" in str(missing[0])
    (tmp_path / "store" / "nowhere.lcx").write_bytes(b"")
    assert load_config(tmp_path / "county.toml")[1] == []


# -- interrupted, damaged, wrong -----------------------------------------------------------------


def stopping(at, number=0):
    """Give a progress that is interrupted, as by Ctrl-C, at a step."""

    def progress(step, done, _):
        if step == at and done >= number:
            raise KeyboardInterrupt

    return progress


def test_it_goes_on_where_it_stopped(demo, tmp_path):
    folder = tmp_path / "store"
    with pytest.raises(KeyboardInterrupt):
        ingest(DEMO, UNITS, folder, progress=stopping("counties", 4))
    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["counties"]
    assert [county["status"] for county in told] == ["whole"] * 4 + ["lacking"] * 7
    steps = []
    done = ingest(DEMO, UNITS, folder, progress=lambda step, *_: steps.append(step))
    assert done.written == 7
    assert "pass" not in steps  # what the pass found was there still
    assert ingest(DEMO, UNITS, folder).written == 0
    for file in [*done.counties["file"]]:
        assert (folder / file).read_bytes() == (demo[1] / file).read_bytes()
    assert not list(folder.glob(".*"))


def test_one_store_that_lacks_is_made_alone(demo, tmp_path):
    folder = tmp_path / "store"
    ingest(DEMO, UNITS, folder)
    (folder / "7003.lcx").unlink()
    (folder / "7005.lcx").write_bytes((folder / "7005.lcx").read_bytes()[:-100])
    assert ingest(DEMO, UNITS, folder).written == 2
    for file in ("7003.lcx", "7005.lcx"):
        assert (folder / file).read_bytes() == (demo[1] / file).read_bytes()


def test_other_sources_areas_and_rules_are_other_stores(two):
    assert made(two).written == 2
    assert made(two).written == 0
    assert made(two, buffer_km=5).written == 2
    assert made(two, buffer_km=5, tags=["barrier"]).written == 2
    two.write_text(two_places().replace("邮局", "新局"), encoding="utf-8")
    assert made(two, buffer_km=5, tags=["barrier"]).written == 2


@pytest.mark.parametrize("number", [0, 1, 2, 3])  # before; after nodes, ways, relations
def test_an_interrupted_pass_leaves_nothing_behind(two, number):
    path = pbf(two)
    with pytest.raises(KeyboardInterrupt):
        made(path, progress=stopping("pass", number))
    assert sorted(p.name for p in (two.parent / "store").iterdir()) == ["manifest.json"]
    assert made(path).written == 2


def test_a_kill_in_any_pass_is_mended_by_the_next_run(two):
    """A process that is killed cleans nothing up."""
    path, store = pbf(two), two.parent / "store"
    counties = boundaries(two.parent, west=WEST, east=EAST)
    script = (
        "import os, sys; from lifecircle.ingest import ingest; step, number = {!r}, {}\n"
        "def progress(*at):\n"
        "    if at[0] == step and at[1] >= number: os._exit(9)\n"
        "ingest(sys.argv[1], sys.argv[2], sys.argv[3], progress=progress)"
    )
    for step, number in (("pass", 1), ("pass", 2), ("pass", 3), ("counties", 1)):
        command = [sys.executable, "-c", script.format(step, number)]
        killed = subprocess.run([*command, path, counties, store], check=False)
        assert killed.returncode == 9
        assert list(store.glob(".spill-*"))
    assert made(path, counties).written == 1  # the other was whole when the last was killed
    assert sorted(p.name for p in store.iterdir()) == ["east.lcx", "manifest.json", "west.lcx"]


def test_what_killed_runs_left_is_removed(two):
    store = two.parent / "store"
    (store / ".spill-0123.4194305.partial").mkdir(parents=True)  # above every process id
    made(two)
    assert not list(store.glob(".*"))


def test_a_file_cut_short_is_named_and_finished_stores_stay(tmp_path, demo):
    source, folder = tmp_path / "cut.osm.pbf", tmp_path / "store"
    source.write_bytes(DEMO.read_bytes())
    ingest(source, UNITS, folder)
    before = {path.name: path.read_bytes() for path in folder.glob("*.lcx")}
    source.write_bytes(DEMO.read_bytes()[:300_000])
    with pytest.raises(InputError, match=r"cut\.osm\.pbf: cannot be read as OSM data"):
        ingest(source, UNITS, folder)
    assert {path.name: path.read_bytes() for path in folder.glob("*.lcx")} == before
    assert not list(folder.glob(".*"))
    assert len(before) == 11
    assert demo[0].written == 11


def test_a_file_that_changes_under_the_pass_is_refused(two):
    def change(step, *_):
        if step == "pass":
            two.write_text(two_places() + " ", encoding="utf-8")

    with pytest.raises(InputError, match="was changed while it was read"):
        made(two, progress=change)
    assert not list((two.parent / "store").glob("*.lcx"))


def test_ways_before_their_nodes_are_refused(tmp_path):
    path = tmp_path / "mixed.osm"
    path.write_text(
        f'<osm version="0.6"><way id="1"><nd ref="1"/><nd ref="2"/>{tag(highway="path")}</way>'
        '<node id="1" lon="110.0" lat="26"/><node id="2" lon="110.001" lat="26"/></osm>',
        encoding="utf-8",
    )
    with pytest.raises(InputError, match=r"is not sorted by type and id.*osmium sort"):
        ingest(path, boundaries(tmp_path, west=WEST), tmp_path / "store")


def test_a_full_disk_is_told(two, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lifecircle.ingest.write_county", full)
    with pytest.raises(OutputError, match=r"No space left on device.*make room"):
        made(two)


def test_files_that_are_not_there_are_named(two):
    with pytest.raises(MissingFileError, match=r"none\.pbf"):
        ingest(two.parent / "none.pbf", UNITS, two.parent / "store")
    with pytest.raises(InputError, match=r"none\.geojson"):
        made(two, two.parent / "none.geojson")
    with pytest.raises(InputError, match="--buffer-km"):
        made(two, buffer_km=-1)


def test_wrong_counties_are_named_and_cost_no_other(two):
    flat = shapely.Polygon([(110, 26), (111, 27), (112, 28)])
    path = boundaries(two.parent, **{"west": WEST, "flat": flat, "../east": EAST, "sea": SEA})
    done = made(two, path)
    assert done.counties["status"].to_dict() == {"sea": "empty", "west": "whole"}
    told = [str(fault) for fault in done.faults]
    assert len(told) == 3
    assert "id is empty or cannot be the name of a file: row 3 '../east'" in told[0]
    assert "no area: row 2 'flat'" in told[1]
    assert "sea.lcx: holds no walkable way" in told[2]
    assert [fault.severity for fault in done.faults] == ["error", "error", "warning"]
    assert made(two, path).written == 0  # an empty county is not looked for again
    assert sorted(p.name for p in two.parent.glob("*.lcx")) == []


def test_columns_are_found_or_asked_for(two):
    table = gpd.GeoDataFrame({"区划码": [430527.0, 430528.0]}, geometry=[WEST, EAST], crs=4326)
    path = two.parent / "c.gpkg"
    table.to_file(path)
    with pytest.raises(
        InputError, match=r"no column of ids that is recognised.*--id one of: 区划码"
    ):
        made(two, path)
    with pytest.raises(InputError, match="has no column x"):
        made(two, path, columns=("x", None))
    assert made(two, path, columns=("区划码", None)).counties.index.tolist() == ["430527", "430528"]
    table.assign(gb=["156430527", "156430527"]).to_file(path)  # Tianditu's code; two parts
    assert made(two, path).counties.index.tolist() == ["430527"]
    assert holds_all_of(two.parent / "store" / "430527.lcx") == [1, 2, 4]


def holds_all_of(store):
    return sorted(quietly(store).segments["way_id"].unique().tolist())


# -- the command ---------------------------------------------------------------------------------


def test_the_command_says_what_it_did(two):
    counties = boundaries(two.parent, west=WEST, sea=SEA)
    asked = ["ingest", str(two), "--counties", str(counties), "--out", str(two.parent / "s")]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    assert "2 of 2 stores written" in result.output
    assert "manifest.json" in result.stdout
    assert "sea.lcx" in result.output
    again = CliRunner().invoke(app, [*asked, "-q"])
    assert again.output.strip().endswith("manifest.json")


def test_the_command_fails_where_a_county_does(two):
    counties = boundaries(two.parent, **{"west": WEST, "a/b": EAST})
    asked = ["ingest", str(two), "--counties", str(counties), "--out", str(two.parent / "s")]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 1
    assert "a/b" in result.output
    assert (two.parent / "s" / "west.lcx").is_file()
    gone = CliRunner().invoke(app, ["ingest", "none.pbf", *asked[2:]])
    assert gone.exit_code == 1
    assert "there is no such file" in gone.output
