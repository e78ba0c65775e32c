"""Extracts on disk and the cache: bit for bit what was read, never stale, never half of it."""

from __future__ import annotations

import os
import threading
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely
from extracts import quietly, same_tables, two_places
from hypothesis import given, settings
from hypothesis import strategies as st

import lifecircle.sources.osmcache as module
from lifecircle.config import read_config
from lifecircle.errors import DataWarning, InputError, MissingFileError
from lifecircle.network import WalkNetwork
from lifecircle.reading import read_extract as read_of_county
from lifecircle.sources.extractstore import read_extract, write_extract
from lifecircle.sources.osm import read_osm
from lifecircle.sources.osmcache import KEPT, file_sha256, read_cached
from lifecircle.sources.osmparts import PARTIAL, damaged, read_parts, write_parts
from lifecircle.standards import Kind, read_standard, shared_kinds

DEMO = "data/liechtenstein/liechtenstein-2013-08-03.osm.pbf"
KINDS = {key: shared_kinds()[key] for key in ("post", "school")}


@pytest.fixture(scope="module")
def demo():
    return read_osm(DEMO, kinds=shared_kinds())


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A small file that is cached all the same."""
    monkeypatch.setattr(module, "SMALL_BYTES", 0)
    path = tmp_path / "two.osm"
    path.write_text(two_places(), encoding="utf-8")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def cached(path, folder, **options):
    options = {"kinds": KINDS, **options}
    with pytest.warns(DataWarning, match="1 areas cannot be assembled"):
        return read_cached(path, cache=folder, **options)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def entries(folder):
    return sorted(path.name for path in folder.glob("*.lcx")) if folder.is_dir() else []


@pytest.fixture
def unread(monkeypatch):
    """Let reading an OSM file fail, so that only the cache can answer."""

    def refuse():
        def read(*_, **__):
            raise AssertionError("the OSM file was read again")

        monkeypatch.setattr(module, "read_osm", read)

    return refuse


# -- the file ------------------------------------------------------------------------------------


def test_an_extract_comes_back_bit_for_bit(demo, tmp_path):
    path = tmp_path / "demo.lcx"
    write_extract(demo, path, key="k", findings=["看"])
    again, findings = read_extract(path, key="k")
    assert same_tables(demo, again)
    assert again.counts == demo.counts
    assert findings == ("看",)
    one, other = (WalkNetwork.from_osm(e, crs="EPSG:2056") for e in (demo, again))
    arrays = [f.name for f in fields(one) if isinstance(getattr(one, f.name), np.ndarray)]
    assert len(arrays) > 3
    for name in arrays:
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
    assert names_in(tmp_path) == ["demo.lcx"]


def test_without_anything_but_roads_too(tmp_path):
    extract = read_osm(DEMO, dwellings=False)
    write_extract(extract, tmp_path / "x.lcx")
    again, _ = read_extract(tmp_path / "x.lcx")
    assert same_tables(extract, again)
    assert len(again.facilities) == len(again.buildings) == 0


def test_others_read_it_too(demo, tmp_path):
    write_extract(demo, tmp_path / "demo.lcx")
    with zipfile.ZipFile(tmp_path / "demo.lcx") as box:
        box.extract("facilities.parquet", tmp_path)
    schema = pq.read_schema(tmp_path / "facilities.parquet")
    assert b"geo" in schema.metadata


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    (folder / "two.osm").write_text(two_places(), encoding="utf-8")
    extract = quietly(folder / "two.osm", kinds=KINDS)
    write_extract(extract, folder / "x.lcx")
    return folder, extract, (folder / "x.lcx").read_bytes()


@settings(max_examples=150, deadline=None)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_an_error_or_harmless(whole, at, bit):
    folder, extract, content = whole
    damaged_bytes = bytearray(content)
    damaged_bytes[int(at * len(content))] ^= 1 << bit
    path = folder / "flipped.lcx"
    path.write_bytes(damaged_bytes)
    try:
        again, _ = read_extract(path)
    except InputError as error:
        assert str(path) in str(error)  # noqa: PT017
    else:
        assert same_tables(extract, again)


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_short_is_one_clear_error(whole, share):
    folder, _, content = whole
    path = folder / "cut.lcx"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match="is no OSM store of this version of lifecircle"):
        read_extract(path)


def test_foreign_files_and_other_keys_are_refused(whole, tmp_path):
    _, extract, _ = whole
    path = tmp_path / "x.lcx"
    write_extract(extract, path, key="a")
    with pytest.raises(InputError, match="another key"):
        read_extract(path, key="b")
    with zipfile.ZipFile(path, "w") as box:
        box.writestr("meta.json", '{"format": "else"}')
    with pytest.raises(InputError, match="another format"):
        read_extract(path)
    write_parts(path, {"what": "county"}, {})
    with pytest.raises(InputError, match="county of version 2"):
        read_parts(path, "extract", [])
    # An older version knew of no trait but steps.
    write_parts(path, {"what": "extract", "version": 1}, {})
    with pytest.raises(InputError, match=r"extract of version 1\) -> make it again"):
        read_extract(path)
    assert "make it again" in str(damaged(path, ValueError("x")))


def test_a_writer_that_fails_leaves_what_was_there(whole, tmp_path, monkeypatch):
    _, extract, _ = whole
    path = tmp_path / "x.lcx"
    write_extract(extract, path, key="old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lifecircle.sources.osmparts.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_extract(extract, path, key="new")
    assert read_extract(path, key="old")
    assert names_in(tmp_path) == ["x.lcx"]


# -- the cache -----------------------------------------------------------------------------------


def test_the_second_time_nothing_is_parsed(small, tmp_path, unread):
    folder = tmp_path / ".cache"
    first = cached(small, folder)
    assert len(entries(folder)) == 1
    assert same_tables(first, quietly(small, kinds=KINDS))
    unread()
    second = cached(small, folder)  # with its findings
    assert same_tables(first, second)
    assert first.counts == second.counts


@pytest.mark.parametrize(
    "other",
    [
        {"kinds": {"post": KINDS["post"]}},
        {"kinds": {"school": KINDS["school"], "post": KINDS["post"]}},  # which kind is first
        {"kinds": {**KINDS, "post": Kind(zh="邮", en="Post", osm=("amenity=bench",))}},
        {"area": shapely.box(109.9, 25.9, 110.3, 26.1)},
        {"roads": False},
    ],
)
def test_another_question_is_another_entry(small, tmp_path, other):
    folder = tmp_path / ".cache"
    cached(small, folder)
    extract = cached(small, folder, **other)
    assert len(entries(folder)) == 2
    assert same_tables(extract, quietly(small, **{"kinds": KINDS, **other}))


def test_another_content_is_another_entry_even_with_size_and_date_kept(small, tmp_path):
    folder = tmp_path / ".cache"
    assert cached(small, folder).facilities["name"].tolist() == ["邮局", "小学"]
    before = small.stat()
    small.write_text(two_places().replace("邮局", "新局"), encoding="utf-8")
    os.utime(small, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert small.stat().st_size == before.st_size
    assert cached(small, folder).facilities["name"].tolist() == ["新局", "小学"]
    assert len(entries(folder)) == 2


def test_another_code_is_another_entry(small, tmp_path, monkeypatch):
    folder = tmp_path / ".cache"
    cached(small, folder)
    monkeypatch.setattr(module, "code_digest", lambda: "newer")
    cached(small, folder)
    assert len(entries(folder)) == 2


@pytest.mark.parametrize("damage", [b"", b"x" * 100, None])
def test_a_damaged_entry_is_made_again(small, tmp_path, damage):
    folder = tmp_path / ".cache"
    first = cached(small, folder)
    (entry,) = folder.glob("*.lcx")
    content = entry.read_bytes()
    entry.write_bytes(content[: len(content) // 2] if damage is None else damage)
    assert same_tables(first, cached(small, folder))
    assert same_tables(first, read_extract(entry)[0])


def test_few_entries_stay_and_abandoned_ones_go(small, tmp_path):
    folder = tmp_path / ".cache"
    other = folder / f"county-north-{'0' * 32}.lcx"
    folder.mkdir()
    other.write_bytes(b"")
    abandoned, busy = folder / f".a{PARTIAL}", folder / f".b{PARTIAL}"
    abandoned.write_bytes(b"")
    busy.write_bytes(b"")
    os.utime(abandoned, (1_700_000_000, 1_700_000_000))
    boxes = [shapely.box(109.9, 25.9, 110.3 + n / 100, 26.1) for n in range(KEPT + 2)]
    for number, area in enumerate(boxes):
        cached(small, folder, area=area, name="county")
        for path in folder.glob("county-?*.lcx"):  # each a minute older than the next
            os.utime(path, ns=(0, path.stat().st_mtime_ns - 60_000_000_000))
        assert len(entries(folder)) == min(number + 1, KEPT) + 1
    assert other.exists()  # of another county
    assert not abandoned.exists()
    assert busy.exists()


@pytest.mark.filterwarnings("ignore:.*areas cannot be assembled")
def test_several_at_once_do_no_harm(small, tmp_path):
    folder = tmp_path / ".cache"
    expected = quietly(small, kinds=KINDS)
    found, barrier = [], threading.Barrier(4)

    def read():
        barrier.wait()
        found.append(read_cached(small, cache=folder, kinds=KINDS))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(same_tables(expected, extract) for extract in found)
    assert len(entries(folder)) == 1
    assert not list(folder.glob(f"*{PARTIAL}"))


def test_where_the_cache_cannot_be_written_nothing_is_kept(small, tmp_path):
    folder = tmp_path / "file"
    folder.write_bytes(b"")
    assert same_tables(cached(small, folder), quietly(small, kinds=KINDS))


def test_it_may_be_switched_off_and_small_files_leave_nothing(small, tmp_path, monkeypatch):
    cached(small, None)
    monkeypatch.setattr(module, "SMALL_BYTES", 2_000_000)
    cached(small, tmp_path / ".cache")
    assert names_in(tmp_path) == ["two.osm"]
    config = read_config("data/liechtenstein/county.toml")
    standard = read_standard(config.standard)
    read_of_county(config, [standard], shapely.box(9.4, 47.0, 9.7, 47.3))
    assert not (config.path.parent / ".cache").exists()


def test_the_county_file_says_whether(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "lifecircle.reading.read_cached", lambda *_, cache, **__: asked.append(cache)
    )
    text = Path("data/liechtenstein/county.toml").read_text(encoding="utf-8")
    for line in ("", "cache = false\n"):
        path = tmp_path / "county.toml"
        here = Path("data/liechtenstein").resolve()
        text_now = text.replace("[roads.osm]", f"[roads]\n{line}\n[roads.osm]")
        for name in ("liechtenstein-2013-08-03.osm.pbf", "units.geojson"):
            text_now = text_now.replace(f'"{name}"', f"'{here}/{name}'")
        path.write_text(text_now, encoding="utf-8")
        config = read_config(path)
        read_of_county(config, [read_standard(config.standard)], shapely.box(9, 47, 10, 48))
    assert asked == [tmp_path / ".cache", None]


@pytest.mark.usefixtures("small")
def test_faults_are_those_of_the_file(tmp_path):
    with pytest.raises(MissingFileError):
        read_cached(tmp_path / "none.osm.pbf", cache=tmp_path / ".cache")
    bad = tmp_path / "bad.osm.pbf"
    bad.write_bytes(b"\x00" * 100)
    with pytest.raises(InputError, match=r"bad\.osm\.pbf"):
        read_cached(bad, cache=tmp_path / ".cache")
    assert entries(tmp_path / ".cache") == []


# -- remembered digests --------------------------------------------------------------------------


def test_a_digest_is_remembered_until_the_file_is_touched(tmp_path, monkeypatch):
    folder, path = tmp_path / ".cache", tmp_path / "big"
    path.write_bytes(b"one")
    later = path.stat().st_ctime_ns + 60_000_000_000
    monkeypatch.setattr(module.time, "time_ns", lambda: later)
    one = file_sha256(path, folder)
    assert one == file_sha256(path, None)

    def refuse(*_):
        raise AssertionError("hashed again")

    with monkeypatch.context() as patch:
        patch.setattr(module.hashlib, "file_digest", refuse)
        assert file_sha256(path, folder) == one
    stat = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # as if nothing had happened
    assert file_sha256(path, folder) != one


def test_a_file_that_was_just_written_is_not_remembered(tmp_path):
    folder, path = tmp_path / ".cache", tmp_path / "big"
    path.write_bytes(b"one")
    file_sha256(path, folder)
    assert not folder.exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"x": 1}'])
def test_a_damaged_memory_is_no_memory(tmp_path, monkeypatch, text):
    folder, path = tmp_path / ".cache", tmp_path / "big"
    folder.mkdir()
    path.write_bytes(b"one")
    (folder / "sha256.json").write_text(text)
    monkeypatch.setattr(module, "_SETTLED_NS", -(10**18))
    assert file_sha256(path, folder) == file_sha256(path, folder) == file_sha256(path, None)


@pytest.mark.shared
def test_porto_is_read_faster_from_its_cache(shared, tmp_path):
    path = shared / "porto" / "porto.osm.pbf"
    first = read_cached(path, cache=tmp_path, kinds=shared_kinds())
    again = read_cached(path, cache=tmp_path, kinds=shared_kinds())
    assert same_tables(first, again)
    assert len(entries(tmp_path)) == 1
