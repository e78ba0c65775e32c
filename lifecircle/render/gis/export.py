"""A finished run for another GIS: File Geodatabase, shapefiles, GeoPackage, GeoParquet, COG."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast, get_args

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import rasterio.errors
import shapely

from lifecircle.errors import CRSError, Fault, InputError, OutputError
from lifecircle.render.gis.crs import export_crs
from lifecircle.render.gis.geopackage import write_geopackage
from lifecircle.render.gis.raster import raster_fields, write_rasters
from lifecircle.render.gis.readme import field_table, readme
from lifecircle.render.gis.run import FinishedRun, open_run
from lifecircle.render.gis.vector import (
    Written,
    write_geodatabase,
    write_geoparquet,
    write_shapefiles,
)
from lifecircle.render.gis.words import (
    Field,
    clean,
    describe,
    labels,
    layer_key,
    layer_name,
    word,
)
from lifecircle.render.writing import write_table
from lifecircle.standards import Lang

Format = Literal["gdb", "shp", "gpkg", "cog", "geoparquet"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
ENCODINGS: Final = ("utf-8", "gbk")

_MANIFEST: Final = "export.json"
_SUFFIX: Final = {"gdb": ".gdb", "gpkg": ".gpkg"}
_DRIVER_ERRORS: Final = (
    OSError,
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
    rasterio.errors.RasterioError,
)


@dataclass(frozen=True)
class _Wanted:
    """What an export is to be."""

    format: Format
    crs: pyproj.CRS
    encoding: str
    lang: Lang


def export_layers(
    run: str | Path,
    out: str | Path | None = None,
    *,
    format: Format = "gpkg",  # noqa: A002 - as the command line calls it
    crs: str | None = None,
    encoding: str = "utf-8",
    layers: Sequence[str] = (),
    lang: Lang = "zh",
) -> list[Path]:
    """Write the layers of a finished run for another GIS; nothing is computed again.

    Parameters
    ----------
    run
        Folder that `lifecircle.render.writing.write_outputs` wrote, or the county's TOML file,
        whose results lie in ``out/NAME``.
    out
        The file (gpkg), the folder that ends in ``.gdb``, or the folder of the files (shp, cog,
        geoparquet). By default in the folder ``gis`` of the run.
    format
        ``"gdb"`` File Geodatabase, ``"shp"`` shapefiles, ``"gpkg"`` GeoPackage with QGIS styles,
        ``"cog"`` scores and minutes as Cloud Optimised GeoTIFFs, ``"geoparquet"``.
    crs
        As for `lifecircle.render.gis.crs.export_crs`; the run's own metric CRS by default.
    encoding
        Of the text in shapefiles: ``"utf-8"``, or ``"gbk"`` for old programs.
    layers
        Which layers, by key or name (``"units"``, ``"评价单元"``); for rasters which of them
        (``"score"``, ``"minutes"``, ``"minutes_post"``, ``"邮政"``). All by default.
    lang
        Language of names and texts, ``"zh"`` or ``"en"``. Fields, and the files of shapefiles,
        GeoParquet and rasters, are called the same in both.

    Returns
    -------
    list of Path
        What was written, a text (说明 or README) with sources, licences and the meaning of every
        field among it.

    Raises
    ------
    InputError
        The run is not there, incomplete, or of an earlier version; a layer is not known.
    CRSError
        The coordinate system is not known, or none of China's zones covers the data.
    OutputError
        It cannot be written, or what is there was not written by an earlier export. What was there
        is untouched.

    Warns
    -----
    DataWarning
        The data reach beyond the coordinate system's area; texts were cut, or hold characters that
        GBK lacks.

    Notes
    -----
    Everything is written under another name first and then put in place as a whole.

    Examples
    --------
    >>> export_layers("out/suining", "suining.gdb", format="gdb", crs="cgcs2000-gk-cm")
    ... # doctest: +SKIP
    [PosixPath('suining.gdb'), PosixPath('suining.gdb_说明.txt')]
    """
    _check_words(format, encoding, lang)
    done = open_run(run)
    wanted = _Wanted(format, export_crs(crs, done.crs, done.bounds()), encoding.casefold(), lang)
    target = done.folder / "gis" / _usual_name(done, format) if out is None else Path(out)
    _check_target(target, done, wanted)
    try:
        with _beside(target) as place:
            if format == "cog":
                written = _write_rasters(done, place / "whole", wanted, layers)
            else:
                written = _write_layers(done, place / "whole", wanted, layers)
            return _put_in_place(done, place, target, wanted, written)
    except _DRIVER_ERRORS as error:
        if isinstance(error, OutputError | InputError):
            raise
        raise OutputError(
            f"{target}: cannot be written: {error} -> close it in other programs, and check that "
            "the folder is writable and the disk has room"
        ) from error


def _check_words(given: str, encoding: str, lang: str) -> None:
    faults = [
        Fault(what, f"{value!r} is not known", f"take one of {', '.join(known)}")
        for what, value, known in (
            ("format", given, FORMATS),
            ("encoding", encoding.casefold(), ENCODINGS),
            ("lang", lang, get_args(Lang)),
        )
        if value not in known
    ]
    if faults:
        raise InputError(faults)


def _usual_name(run: FinishedRun, format: Format) -> str:  # noqa: A002
    return f"{run.folder.resolve().name}{_SUFFIX.get(format, f'_{format}')}"


# --- what is written ---------------------------------------------------------------------------


def _write_layers(
    run: FinishedRun, path: Path, wanted: _Wanted, chosen: Sequence[str]
) -> list[Written]:
    keys = _chosen(chosen, run)
    layers = {key: _carried(run.layer(key), key, wanted.crs) for key in keys}
    merged = _together(layers)
    if wanted.format == "gpkg":
        file = path.with_suffix(".gpkg")
        counts = write_geopackage(file, merged, run.names, lang=wanted.lang)
        file.rename(path)
        return _listed(merged, run, counts, wanted.lang)
    if wanted.format == "gdb":
        folder = path.with_suffix(".gdb")
        written = write_geodatabase(folder, merged, run.names, lang=wanted.lang)
        folder.rename(path)
        return written
    path.mkdir()
    if wanted.format == "geoparquet":
        return write_geoparquet(path, merged, run.names, lang=wanted.lang)
    written = write_shapefiles(path, merged, run.names, lang=wanted.lang, encoding=wanted.encoding)
    name = f"{word('dictionary_file', wanted.lang)}.csv"
    write_table(field_table(written, wanted.lang), path / name)
    return written


def _write_rasters(
    run: FinishedRun, path: Path, wanted: _Wanted, chosen: Sequence[str]
) -> list[Written]:
    cells = run.cells()
    fields = raster_fields(cells, run.names)
    picked = _chosen_rasters(chosen, fields, run)
    path.mkdir()
    return write_rasters(path, cells, picked, wanted.crs, lang=wanted.lang)


def _listed(
    layers: dict[str, gpd.GeoDataFrame], run: FinishedRun, counts: dict[str, int], lang: Lang
) -> list[Written]:
    written = []
    for key, frame in layers.items():
        names = [str(name) for name in frame.columns if name != frame.geometry.name]
        fields = {field.field: field for field in describe(key, names, run.names)}
        for own in (key, f"{key}_points"):
            name = layer_name(own, lang)
            if name in counts:
                written.append(Written(name, name, (counts[name],), fields))
    return written


def _carried(frame: gpd.GeoDataFrame, key: str, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    if frame.crs == crs:
        return frame
    there = frame.to_crs(crs)
    if not np.isfinite(shapely.get_coordinates(there.geometry.to_numpy())).all():
        raise CRSError(
            Fault(key, f"has no place in {crs.name}", "take a coordinate system of its region")
        )
    return there


def _together(layers: dict[str, gpd.GeoDataFrame]) -> dict[str, gpd.GeoDataFrame]:
    """Give layers that lie in two tables, areas and points, as one each: writers cut them again."""
    import pandas as pd

    merged: dict[str, gpd.GeoDataFrame] = {}
    for key, frame in layers.items():
        base = key.removesuffix("_points")
        parts = [merged[base], frame] if base in merged else [frame]
        merged[base] = frame if len(parts) == 1 else pd.concat(parts, ignore_index=True)
    return merged


# --- what was asked for --------------------------------------------------------------------------


def _words(chosen: Sequence[str]) -> list[str]:
    """Split lists as people write them: units,gaps or 单元、缺口."""
    split = (
        part for text in chosen for part in text.replace("，", ",").replace("、", ",").split(",")
    )
    return [part.strip() for part in split if part.strip()]


def _chosen(chosen: Sequence[str], run: FinishedRun) -> list[str]:
    words = _words(chosen)
    keys = {text: layer_key(text) for text in words}
    unknown = [text for text, key in keys.items() if key not in run.tables]
    if unknown:
        known = ", ".join(f"{key} ({layer_name(key, 'zh')})" for key in run.tables)
        raise InputError(
            Fault("layers", f"{', '.join(map(repr, unknown))} is no layer", f"take of {known}")
        )
    picked = {key for key in keys.values() if key is not None}
    picked |= {f"{key}_points" for key in picked} & set(run.tables)
    return [key for key in run.tables if not words or key in picked]


def _chosen_rasters(
    chosen: Sequence[str], fields: dict[str, Field], run: FinishedRun
) -> dict[str, Field]:
    words = _words(chosen)
    called: dict[str, set[str]] = {}
    for what, pattern in (("circle", "score"), ("kind", "minutes")):
        for lang in get_args(Lang):
            for key, label in labels(run.names, what, cast("Lang", lang)).items():
                name = f"{pattern}_{key}"
                for text in (pattern, f"{pattern}s", name, key, label):
                    called.setdefault(text.casefold(), set()).add(name)
    unknown = [text for text in words if not called.get(text.casefold(), set()) & set(fields)]
    if unknown or not fields:
        raise InputError(
            Fault(
                "layers",
                f"{', '.join(map(repr, unknown)) or 'the run'} has no raster",
                f"take of score, minutes, {', '.join(fields)}",
            )
        )
    picked = set().union(*(called[text.casefold()] for text in words))
    return {name: field for name, field in fields.items() if not words or name in picked}


# --- putting it in place -------------------------------------------------------------------------


def _check_target(target: Path, run: FinishedRun, wanted: _Wanted) -> None:
    """Raise unless the target may be written, or replaced: only what an export wrote is."""
    suffix = _SUFFIX.get(wanted.format, "")
    if suffix and target.suffix.casefold() != suffix:
        raise OutputError(f"{target}: {wanted.format} must end in {suffix} -> add it to --out")
    if not suffix and target.suffix.casefold() in (".shp", ".tif", ".tiff", ".parquet", ".gdb"):
        raise OutputError(
            f"{target}: {wanted.format} writes several files -> give --out a folder's name"
        )
    resolved, source = target.resolve(), run.folder.resolve()
    if resolved in (source, source / "layers.gpkg") or resolved in source.parents:
        raise OutputError(f"{target}: is the run itself -> give another --out")
    if (target.exists() or target.is_symlink()) and not _is_ours(target, wanted.format):
        raise OutputError(
            f"{target}: is there already, and no earlier export of this format wrote all of it, "
            "so it is not replaced -> give another --out, or remove it"
        )


def _is_ours(target: Path, format: Format) -> bool:  # noqa: A002
    """Tell whether an earlier export wrote all that is there; an empty folder counts."""
    if format in _SUFFIX:
        if target.is_dir() != (format == "gdb"):
            return False
        try:
            there = {layer_key(str(name)) for name, _ in pyogrio.list_layers(target)}
        except pyogrio.errors.DataSourceError:
            return False
        return {"fields", "names"} <= there and None not in there - _extra(target, format)
    if not target.is_dir():
        return False
    found = {file.name for file in target.iterdir()}
    try:
        listed = json.loads((target / _MANIFEST).read_text(encoding="utf-8"))["files"]
        # Programs lay their indexes and styles beside a file, under the same name.
        stems = {str(name).split(".", maxsplit=1)[0] for name in [*listed, _MANIFEST]}
    except (OSError, ValueError, KeyError, TypeError):
        return not found
    return {name.split(".", maxsplit=1)[0] for name in found} <= stems


def _extra(target: Path, format: Format) -> set[None]:  # noqa: A002
    """Allow the table of styles, which is no layer."""
    if format != "gpkg":
        return set()
    unknown = [n for n, _ in pyogrio.list_layers(target) if layer_key(str(n)) is None]
    return {None} if unknown == ["layer_styles"] else set()


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Make a folder beside the target, so that moving there is a rename; remove it after."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=".exporting-", dir=target.parent))
    except OSError as error:
        raise OutputError(
            f"{target.parent}: cannot be written to: {error} -> give an --out that you may write to"
        ) from error
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _put_in_place(
    run: FinishedRun, place: Path, target: Path, wanted: _Wanted, written: list[Written]
) -> list[Path]:
    whole = place / "whole"
    text = readme(
        run,
        written,
        format=wanted.format,
        crs=wanted.crs,
        encoding=wanted.encoding,
        lang=wanted.lang,
    )
    named = word("readme_file", wanted.lang)
    if wanted.format in _SUFFIX:
        beside = target.with_name(f"{target.name}_{named}.txt")
        _write_text(place / "text", text)
        _swap(whole, target, place / "before")
        (place / "text").replace(beside)
        return [target, beside]
    _write_text(whole / f"{named}.txt", text)
    files = sorted(file.name for file in whole.iterdir())
    told = {"format": wanted.format, "crs": wanted.crs.to_string(), "files": files}
    _write_text(whole / _MANIFEST, json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    _swap(whole, target, place / "before")
    return [target / name for name in _shown(files)]


def _shown(files: Iterable[str]) -> list[str]:
    """Leave the parts of a shapefile out, and styles."""
    hidden = (".dbf", ".shx", ".prj", ".cpg", ".qml", ".sbn", ".sbx")
    return [name for name in files if not name.endswith(hidden)]


def _write_text(path: Path, text: str) -> None:
    # With a byte-order mark, as Windows' editor needs it for Chinese.
    bom = "" if path.suffix == ".json" else "\ufeff"
    path.write_text(bom + clean(text), encoding="utf-8", newline="\r\n")


def _swap(new: Path, target: Path, before: Path) -> None:
    """Put a file or folder in the place of another; on failure what was there is there again."""
    there = target.exists()
    if there:
        target.rename(before)
    try:
        new.rename(target)
    except OSError:
        if there:
            before.rename(target)
        raise
