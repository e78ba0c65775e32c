"""Facilities from ledgers and layers."""

import hashlib
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from lifecircle.config import Dataset
from lifecircle.errors import DataWarning, InputError, MissingFileError, TableError
from lifecircle.sources.facilities import read_facility_file, read_ledger
from lifecircle.standards import shared_kinds
from lifecircle.tables import FACILITIES, check


def mark(folder, name, layer=""):
    return hashlib.sha256(f"{folder.name}/{name}/{layer}".encode()).hexdigest()[:6]


@pytest.fixture
def ledger(tmp_path):
    def read(text, encoding="utf-8-sig", **fields):
        path = tmp_path / "ledger.csv"
        path.write_text(text, encoding=encoding)
        return read_facility_file(Dataset(path=path, **fields), shared_kinds())

    return read


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_ledger(ledger, encoding, tmp_path):
    found = ledger(
        "facility_id,kind,name,lon,lat,capacity,hours\n"
        "p1,post,长铺邮政所,110.16,26.58,,Mo-Fr 09:00-17:00\n"
        ",医疗卫生,寨市村卫生室,110.2,26.6,6,\n"
        "s1,Sport Ground,,110.3,26.7,0,\n",
        encoding=encoding,
        source="县邮政局台账",
    )
    check(found, FACILITIES, crs=4326)
    assert found.index.tolist() == ["p1", f"ledger-{mark(tmp_path, 'ledger.csv')}/3", "s1"]
    assert found["kind"].tolist() == ["post", "clinic", "sport"]
    assert found["name"].iloc[0] == "长铺邮政所"
    assert found["name"].isna().tolist() == [False, False, True]
    assert found["source"].unique().tolist() == ["县邮政局台账"]
    assert found["capacity"].iloc[1:].tolist() == [6.0, 0.0]
    assert found["hours"].iloc[0] == "Mo-Fr 09:00-17:00"
    assert found.geometry.iloc[0].equals(shapely.Point(110.16, 26.58))


def test_names_pass_as_they_stand(ledger):
    found = ledger('kind,name,lon,lat\npost,<script>alert(1)</script>,1,2\npost," NA ",1,2\n')
    assert found["name"].tolist() == ["<script>alert(1)</script>", " NA "]
    assert found["source"].tolist() == ["ledger.csv"] * 2
    assert "capacity" not in found


def test_polygons_and_lines_become_points_within(tmp_path):
    path = tmp_path / "sites.gpkg"
    angle = shapely.Polygon([(0, 0), (3, 0), (3, 1), (1, 1), (1, 3), (0, 3)])  # centroid outside
    gates = shapely.MultiPoint([(5, 5), (6, 6)])
    shapes = [angle, shapely.LineString([(7, 7), (8, 8)]), gates]
    columns = {"kind": ["park", "park", "school"], "capacity": [1, 2, 3]}
    gpd.GeoDataFrame(columns, geometry=shapes, crs=4326).to_file(path)
    found = read_facility_file(Dataset(path=path), shared_kinds())
    assert found.geom_type.tolist() == ["Point", "Point", "MultiPoint"]
    assert shapely.contains(angle, found.geometry.iloc[0])
    assert found.index.tolist() == [
        f"sites-{mark(tmp_path, 'sites.gpkg')}/{row}" for row in (1, 2, 3)
    ]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(MissingFileError, match=r"\[facilities\] files: there is no file"):
        read_facility_file(Dataset(path=tmp_path / "none.csv"), shared_kinds())


def test_no_column_kind(ledger):
    told = r"has no column of categories \(类别, kind\); its columns: .*name.* kind = "
    with pytest.raises(TableError, match=told):
        ledger("sort,name,lon,lat\npost,a,1,2\n")


def test_all_faults_of_a_ledger_at_once(ledger):
    with pytest.raises(TableError) as error:
        ledger(
            "facility_id,kind,lon,lat,capacity\n"
            "a,post,110,26,\n"
            "a,clinic,110,26,\n"
            "b,post,110,26,-1\n"
            "c,post,,26,few\n"
            "d,,110,26,\n"
            "e,post,26,110,\n"
            "f,post,east,26,\n"
        )
    assert [str(fault).partition(": ")[2].partition(" -> ")[0] for fault in error.value.faults] == [
        "kind is empty: row 6 ''",
        "facility_id repeats: row 2 'a', row 3 'a'",
        "capacity is not a number: row 5 'few'",
        "capacity is negative: row 4 '-1'",
        "lon is no coordinate: row 8 'east'",
        "no coordinates: row 5 'empty, 26'",
        "lon and lat are swapped: row 7 '26, 110'",
    ]


def test_categories_of_no_kind_are_listed_and_left_out(ledger):
    text = "kind,lon,lat\npost,110,26\n棋牌室,110,26\n茶馆,,\n棋牌室,110,26\n"
    told = (
        r"left out: 棋牌室 \(2\), 茶馆 \(1\): row 3 '棋牌室', row 4 '茶馆', row 5 '棋牌室' -> add"
    )
    with pytest.warns(DataWarning, match=told):
        assert ledger(text)["kind"].tolist() == ["post"]


def test_faults_of_coordinates_alone(ledger):
    with pytest.raises(TableError, match="no coordinates: row 3"):
        ledger("kind,lon,lat\npost,110,26\npost,110,\n")


def test_an_id_that_falls_on_a_made_one(ledger, tmp_path):
    made = f"ledger-{mark(tmp_path, 'ledger.csv')}/3"
    with pytest.raises(TableError, match=rf"facility_id repeats: row 2 '{made}', row 3"):
        ledger(f"facility_id,kind,lon,lat\n{made},post,1,2\n,post,1,2\n")


def test_made_ids_differ_between_folders_and_endings(tmp_path):
    ids = set()
    for name in ("2023/posts.csv", "2024/posts.csv", "2024/posts.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("kind,lon,lat\npost,1,2\npost,1,2\n", encoding="utf-8")
        ids |= set(read_facility_file(Dataset(path=path), shared_kinds()).index)
    assert len(ids) == 6


def test_made_ids_differ_between_layers(tmp_path):
    path = tmp_path / "sites.gpkg"
    frame = gpd.GeoDataFrame({"kind": ["park"]}, geometry=[shapely.Point(1, 2)], crs=4326)
    ids = set()
    for layer in ("north", "south"):
        frame.to_file(path, layer=layer)
        ids |= set(read_facility_file(Dataset(path=path, layer=layer), shared_kinds()).index)
    assert len(ids) == 2


def test_made_ids_do_not_depend_on_where_the_county_lies(tmp_path):
    ids = set()
    for county in ("one", "two"):
        path = tmp_path / county / "ledgers" / "posts.csv"
        path.parent.mkdir(parents=True)
        path.write_text("kind,lon,lat\npost,1,2\n", encoding="utf-8")
        ids |= set(read_facility_file(Dataset(path=path), shared_kinds()).index)
    assert len(ids) == 1


def test_made_ids_tell_folders_of_one_name_apart_from_the_countys_own(tmp_path):
    """设施.csv of two townships, each in a folder 台账; a machine's path is in none of the ids."""
    ids = {}
    for home in (tmp_path / "one", tmp_path / "two"):
        for town in ("长铺镇", "关峡乡"):
            path = home / town / "台账" / "设施.csv"
            path.parent.mkdir(parents=True)
            path.write_text("kind,lon,lat\npost,1,2\n", encoding="utf-8")
            ledger = read_ledger(Dataset(path=path), {}, shared_kinds(), home=home)
            ids.setdefault(town, set()).update(ledger.facilities.index)
    mark = hashlib.sha256("长铺镇/台账/设施.csv/".encode()).hexdigest()[:6]
    assert ids["长铺镇"] == {f"设施-{mark}/2"}
    assert len(ids["长铺镇"] | ids["关峡乡"]) == 2


@pytest.mark.parametrize("name", ["ledger.csv", "ledger.dbf"])
def test_a_file_that_may_not_be_read(tmp_path, monkeypatch, name):
    shapes = gpd.GeoDataFrame({"kind": ["park"]}, geometry=[shapely.Point(1, 2)], crs=4326)
    shapes.to_file(tmp_path / "ledger.shp")
    (tmp_path / "ledger.cpg").unlink()
    (tmp_path / "ledger.csv").write_text("kind,lon,lat\npost,1,2\n", encoding="utf-8")
    read_bytes = Path.read_bytes

    def refuse(path):
        if path.name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    given = tmp_path / name.replace("dbf", "shp")
    with pytest.raises(InputError, match=rf"{name} \(Permission denied\) -> close it elsewhere"):
        read_facility_file(Dataset(path=given), shared_kinds())
