"""The record of a run: hashes that are not computed twice, and the outline of a county."""

import os

import pyproj
import pytest
import shapely

from lifecircle import record
from lifecircle.config import Dataset
from lifecircle.record import outline_record


@pytest.fixture
def read(monkeypatch):
    """The files that were read through, in turn."""
    seen = []
    real = record.file_sha256
    monkeypatch.setattr(record, "file_sha256", lambda p, c: seen.append(p) or real(p, c))
    return seen


def written(path, text, seconds_ago):
    path.write_text(text, encoding="utf-8")
    then = path.stat().st_mtime - seconds_ago
    os.utime(path, (then, then))
    return Dataset(path=path)


def test_counties_that_share_a_file_read_it_once_in_a_process(tmp_path, read, monkeypatch):
    data = written(tmp_path / "country.osm", "a", 60)
    later = record.time.time_ns() + 60_000_000_000  # its other time is that of this moment
    monkeypatch.setattr(record.time, "time_ns", lambda: later)
    told = {record._sha256(data, tmp_path / str(county)) for county in range(3)}
    assert told == {data.sha256()}
    assert len(read) == 1
    data = written(tmp_path / "country.osm", "b", 50)
    assert record._sha256(data, tmp_path) == data.sha256()
    assert len(read) == 2


def test_a_file_that_was_just_written_is_not_remembered(tmp_path, read):
    data = written(tmp_path / "new.csv", "a", 0)
    assert record._sha256(data, tmp_path) == record._sha256(data, tmp_path) == data.sha256()
    assert len(read) == 2


def test_a_folder_is_hashed_as_before(tmp_path, read):
    (tmp_path / "a.gdb").mkdir()
    data = written(tmp_path / "a.gdb" / "part", "a", 0)
    folder = Dataset(path=tmp_path / "a.gdb")
    assert record._sha256(folder, tmp_path) == folder.sha256() != data.sha256()
    assert read == []


def test_an_outline_is_simplified_by_a_part_of_its_size_only():
    crs = pyproj.CRS(4546)
    county = shapely.Point(500_000, 3_000_000).buffer(20_000, quad_segs=4_000)
    again = shapely.from_wkt(outline_record(county, crs)["outline"])
    back = shapely.transform(
        again, pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform, interleaved=False
    )
    assert shapely.hausdorff_distance(back, county) < 57_000 / 4_000 + 2.0
    assert shapely.get_num_coordinates(again) < 400
    assert outline_record(shapely.Polygon(), crs) == {"outline": "POLYGON EMPTY"}
