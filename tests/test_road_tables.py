"""Roads from plain tables of nodes and edges."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from lifecircle.config import Dataset
from lifecircle.errors import CRSError, DataWarning, InputError, MissingFileError, TableError
from lifecircle.network import WalkNetwork
from lifecircle.sources.roadtables import read_road_tables

NODES = "node_id,x,y\n1,450000,2900000\n2,450075,2900000\n3,450075,2900100\n"
EDGES = "u,v,length_m,highway\n1,2,80,footway\n2,3,100,steps\n"


@pytest.fixture
def roads(tmp_path):
    def read(nodes=NODES, edges=EDGES, **options):
        files = {"nodes.csv": nodes, "edges.csv": edges}
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8-sig")
        return read_road_tables(*(Dataset(path=tmp_path / name) for name in files), **options)

    return read


def faults(error):
    return [str(fault).split(" -> ")[0] for fault in error.value.faults]


def test_csv_in_metres(roads):
    nodes, edges = roads()
    assert nodes.index.tolist() == ["1", "2", "3"]
    assert nodes.index.name == "node_id"
    assert nodes.loc["2"].tolist() == [450_075.0, 2_900_000.0]
    assert edges[["u", "v"]].to_numpy().tolist() == [["1", "2"], ["2", "3"]]
    assert edges["length_m"].tolist() == [80.0, 100.0]
    assert edges["steps"].tolist() == [False, True]
    network = WalkNetwork.from_tables(nodes, edges, crs="EPSG:4546")
    # 75 m/min: 80 m are 64 s; 100 m of steps at twice the seconds are 160 s.
    assert sorted(network.segment_seconds.tolist()) == pytest.approx([64.0, 160.0])


def test_csv_in_degrees_stays_in_degrees_without_a_crs(roads):
    text = "id,lon,lat\na,111,26\nb,111.001,26\n"
    nodes, edges = roads(text, "u,v\na,b\n")
    assert nodes.columns.tolist() == ["lon", "lat"]
    assert nodes.loc["b", "lon"] == 111.001
    assert edges["highway"].isna().all()
    assert "length_m" not in edges
    # On the central meridian of EPSG:4546 the easting is 500 km; 0.001 degrees are 100 m there.
    nodes, _ = roads(text, "u,v\na,b\n", crs="EPSG:4546")
    assert nodes["x"].tolist() == pytest.approx([500_000.0, 500_100.1], abs=0.1)


@pytest.mark.parametrize("crs", [None, "EPSG:4546"])
def test_parquet_and_layers_as_osmnx_saves_them(tmp_path, crs):
    points = gpd.GeoDataFrame(
        {"osmid": [7, 8]}, geometry=[shapely.Point(111, 26), shapely.Point(111.001, 26)], crs=4326
    )
    bent = shapely.LineString([(111, 26), (111.0005, 26.001), (111.001, 26)])
    lines = gpd.GeoDataFrame(
        {"u": [7], "v": [8], "key": [0], "highway": ["path"]}, geometry=[bent], crs=4326
    )
    path = tmp_path / "graph.gpkg"
    points.to_file(path, layer="nodes")
    lines.to_file(path, layer="edges")
    points.set_index("osmid").to_parquet(tmp_path / "nodes.parquet")
    lines.set_index(["u", "v", "key"]).to_parquet(tmp_path / "edges.parquet")
    for pair in (
        [Dataset(path=path, layer="nodes"), Dataset(path=path, layer="edges")],
        [Dataset(path=tmp_path / "nodes.parquet"), Dataset(path=tmp_path / "edges.parquet")],
    ):
        nodes, edges = read_road_tables(*pair, crs=crs)
        assert nodes.index.tolist() == ["7", "8"]
        assert edges.loc[1, ["u", "v", "highway"]].tolist() == ["7", "8", "path"]
        # Two legs of 50.05 m east and 110.8 m north each: 243.1 m.
        if crs is None:
            assert edges["length_m"].tolist() == pytest.approx([243.1], abs=0.2)
        else:
            network = WalkNetwork.from_tables(nodes, edges, crs=crs)
            assert network.segment_seconds.sum() == pytest.approx(243.1 / 1.25, abs=0.2)


def test_plain_parquet_with_whole_ids(tmp_path):
    pd.DataFrame({"node_id": [1, 2], "x": [5e5, 5.001e5], "y": [2.9e6, 2.9e6]}).to_parquet(
        tmp_path / "n.parquet"
    )
    pd.DataFrame({"u": [1.0], "v": [2]}).to_parquet(tmp_path / "e.parquet")
    nodes, edges = read_road_tables(
        Dataset(path=tmp_path / "n.parquet"), Dataset(path=tmp_path / "e.parquet")
    )
    assert edges["u"].tolist() == ["1"]
    assert nodes.loc["2", "x"] == 500_100.0


def test_loops_are_counted_and_told(roads):
    with pytest.warns(DataWarning, match=r"edges.csv: 1 edges run from a node to itself \(row 3\)"):
        _, edges = roads(edges="u,v\n1,2\n2,2\n2,3\n")
    assert len(edges) == 3


def test_traits_of_edges(roads):
    _, edges = roads()
    assert list(edges.columns) == ["u", "v", "length_m", "highway", "steps"]
    _, edges = roads(
        edges="u,v,highway,steps,unpaved,bridge,wheelchair_no\n"
        "1,2,steps,0,1,TRUE,是\n2,3,path,1,0,false,否\n1,3,steps,,, yes ,\n"
    )
    traits = edges[["steps", "unpaved", "bridge", "wheelchair_no"]]
    assert set(map(str, traits.dtypes)) == {"bool"}
    assert traits.to_numpy().tolist() == [
        [False, True, True, True],
        [True, False, False, False],
        [False, False, True, False],
    ]


def test_traits_of_any_type(tmp_path, roads):
    roads()
    told = {"unpaved": [True, False], "bridge": [1.0, None], "wheelchair_no": [0, 1]}
    path = tmp_path / "edges.parquet"
    pd.DataFrame({"u": ["1", "2"], "v": ["2", "3"], **told}).to_parquet(path)
    _, edges = read_road_tables(Dataset(path=tmp_path / "nodes.csv"), Dataset(path=path))
    assert edges["unpaved"].tolist() == [True, False]
    assert edges["bridge"].tolist() == [True, False]
    assert edges["wheelchair_no"].tolist() == [False, True]
    assert not edges["steps"].any()


@pytest.mark.parametrize("form", ["gpkg", "parquet"])
def test_traits_of_tables_that_osmnx_wrote(tmp_path, roads, form):
    roads()
    tagged = {
        "highway": ["track", "path", "path"],
        "surface": [None, ["sand", "asphalt"], "asphalt"],
        "bridge": [None, "viaduct", "no"],
        "tunnel": ["yes", None, None],
        "wheelchair": ["limited", None, ["yes", "no"]],
    }
    table = pd.DataFrame({"u": ["1", "2", "1"], "v": ["2", "3", "3"], **tagged})
    path = tmp_path / f"edges.{form}"
    if form == "gpkg":  # as osmnx writes text
        lines = [shapely.LineString([(111, 26), (111, 26.001)])] * 3
        table = table.map(lambda value: "" if value is None else str(value))
        gpd.GeoDataFrame(table, geometry=lines, crs=4326).to_file(path)
    else:
        lists = {name: table[name].map(lambda v: v if isinstance(v, list) else [v]) for name in
                 ("surface", "wheelchair")}  # fmt: skip
        table.assign(**lists).to_parquet(path)
    _, edges = read_road_tables(Dataset(path=tmp_path / "nodes.csv"), Dataset(path=path))
    assert edges["unpaved"].tolist() == [True, True, False]
    assert edges["bridge"].tolist() == [True, True, False]
    assert edges["wheelchair_no"].tolist() == [False, False, True]
    assert not edges["steps"].any()


def test_traits_that_are_neither_1_nor_0(roads):
    with pytest.raises(TableError) as error:
        roads(edges="u,v,unpaved,bridge\n1,2,gravel,1\n2,3,2,no\n")
    assert faults(error) == [
        "[roads] edges edges.csv: unpaved is neither 1 nor 0 in row 2 (gravel), row 3 (2)"
    ]


def test_missing_files(tmp_path, roads):
    with pytest.raises(MissingFileError, match=r"\[roads\] nodes"):
        read_road_tables(Dataset(path=tmp_path / "n.csv"), Dataset(path=tmp_path / "e.csv"))
    with pytest.raises(InputError, match=r"\[roads\] edges edges.csv: holds no row"):
        roads(edges="u,v\n")


def test_all_faults_of_both_tables_at_once(roads):
    with pytest.raises(TableError) as error:
        roads(
            "node_id,x,y\n1,450000,2900000\n1,450075,2900000\n,450075,2900100\n4,here,2900100\n",
            "u,v,length_m\n1,9,10\n4,1,-5\n1,,far\n1,4,\n",
        )
    assert faults(error) == [
        "[roads] nodes nodes.csv: x is not a number: row 5 'here'",
        "[roads] nodes nodes.csv: no node_id in row 4",
        "[roads] nodes nodes.csv: node_id repeats: row 2 (1), row 3 (1)",
        "[roads] edges edges.csv: no v in row 4",
        "[roads] edges edges.csv: length_m is not a number: row 4 'far'",
        "[roads] edges edges.csv: length_m is negative: row 3 '-5'",
        "[roads] edges edges.csv: no length_m in row 5",
        "[roads] edges edges.csv: v names nodes that are not there, 1 times: row 2 (9)",
    ]


def test_missing_columns_of_both(roads):
    with pytest.raises(TableError) as error:
        roads("name,x\na,1\n", "from,to\na,b\n")
    assert faults(error) == [
        "[roads] nodes nodes.csv: has no column node_id; its columns: name, x",
        "[roads] nodes nodes.csv: has no column lon, lat (or x, y); its columns: name, x",
        "[roads] edges edges.csv: has no column u; its columns: from, to",
        "[roads] edges edges.csv: has no column v; its columns: from, to",
    ]


def test_missing_coordinates(roads):
    with pytest.raises(TableError, match=r"no coordinates in row 3 \(2\)"):
        roads("node_id,x,y\n1,450000,2900000\n2,450000,\n", "u,v\n1,2\n")


def test_degrees_named_metres_and_metres_named_degrees(roads):
    with pytest.raises(CRSError, match="x and y look like degrees"):
        roads("node_id,x,y\n1,110.1,26.5\n2,110.2,26.5\n", "u,v\n1,2\n")
    with pytest.raises(TableError, match="lon, lat are not degrees in row 2, row 3"):
        roads("node_id,lon,lat\n1,450000,2900000\n2,450001,2900000\n", "u,v\n1,2\n")


def test_a_layer_without_crs(tmp_path):
    path = tmp_path / "nodes.shp"
    gpd.GeoDataFrame({"id": [1]}, geometry=[shapely.Point(1, 1)], crs=4326).to_file(path)
    path.with_suffix(".prj").unlink()
    (tmp_path / "edges.csv").write_text("u,v\n1,1\n")
    with pytest.raises(CRSError, match=r"nodes\.shp: has no coordinate system"):
        read_road_tables(Dataset(path=path), Dataset(path=tmp_path / "edges.csv"))


def test_an_edge_of_several_lines(tmp_path, roads):
    roads()
    broken = shapely.MultiLineString([[(110, 26), (110, 26.1)], [(110.1, 26), (110.1, 26.1)]])
    path = tmp_path / "edges.gpkg"
    gpd.GeoDataFrame({"u": [1], "v": [2]}, geometry=[broken], crs=4326).to_file(path)
    with pytest.raises(TableError, match="no single line in row 1"):
        read_road_tables(Dataset(path=tmp_path / "nodes.csv"), Dataset(path=path), crs="EPSG:4546")
