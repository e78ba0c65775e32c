"""Reading everything that a county names and computing nothing: all its faults in one go."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
from shapely.geometry.base import BaseGeometry

from lifecircle.config import CountyConfig, Dataset, load_config
from lifecircle.crs import metric_crs
from lifecircle.errors import DataWarning, Fault, InputError, LifecircleError
from lifecircle.inventory import (
    LedgerPairs,
    datum_questions,
    distinct,
    ledger_files,
    undeclared_datums,
)
from lifecircle.matching import duplicates
from lifecircle.network import WalkNetwork
from lifecircle.reading import read_extract, walk_area, walk_network, with_boundary_file
from lifecircle.runlog import Progress
from lifecircle.sources.boundary import read_boundary
from lifecircle.sources.communities import columns_read
from lifecircle.sources.elevation import read_elevation
from lifecircle.sources.facilities import ReadLedger, read_ledger
from lifecircle.sources.naming import units_named
from lifecircle.sources.raster import read_population
from lifecircle.sources.units import scan_units
from lifecircle.standards import Standard, read_standard
from lifecircle.tables import first
from lifecircle.wanted import wanted_faults

STEPS = ("area", "ledgers", "roads", "population", "questions")
"""What `check_county` goes through, in order."""


@dataclass(frozen=True)
class Check:
    """What was found wrong or doubtful in a county's inputs; made by `check_county`.

    Parameters
    ----------
    faults
        Errors and warnings in the order in which they were found.
    ledgers
        One row per ledger: ``file``, ``of`` (``"facilities"`` or ``"units"``: what communities
        report), ``rows`` taken, and ``columns``, how its columns were read.
    unmapped
        Category words that are no known kind: ``file``, ``word``, ``count``.
    """

    faults: tuple[Fault, ...]
    ledgers: pd.DataFrame
    unmapped: pd.DataFrame

    @property
    def errors(self) -> int:
        """How many faults stop a run."""
        return sum(fault.severity == "error" for fault in self.faults)

    def __repr__(self) -> str:
        return f"<Check: {self.errors} errors, {len(self.faults) - self.errors} warnings>"

    def _repr_html_(self) -> str:
        from lifecircle.render.showing_faults import check_html  # for notebooks alone

        return check_html(self.faults, self.ledgers, self.unmapped, "zh")


def check_county(path: str | Path, *, progress: Progress | None = None) -> Check:
    """Read every input of a county and list all that is wrong with them.

    Parameters
    ----------
    path
        The county's TOML file.
    progress
        Told of each of `STEPS` as it begins.

    Returns
    -------
    Check
        Nothing is raised for a faulty input: it is listed, and what depends on it is not read.

    Examples
    --------
    >>> check_county("data/liechtenstein/county.toml").errors
    0
    """
    faults: list[Fault] = []

    def begin(step: str) -> None:
        if progress is not None:
            progress(step, STEPS.index(step), len(STEPS))

    begin("area")
    config, standard = _asked(Path(path), faults)
    if config is None or standard is None:
        return _checked(faults, (), [])
    boundary, units = _area(config, faults)
    begin("ledgers")
    ledgers = _ledgers(config, standard, boundary, faults)
    begin("roads")
    network, mapped = _roads(config, standard, boundary, faults)
    begin("population")
    raster = config.population.raster
    if raster is not None and boundary is not None and raster.path.is_file():
        with _collecting(faults, "[population] raster"):
            read_population(raster.path, boundary, pyproj.CRS(4326))
    begin("questions")
    for found in _questions(standard, ledgers, units, network, mapped):
        with _collecting(faults, "[facilities] files"):
            faults.extend(found)
    return _checked(faults, ledgers, _reported(config))


def _checked(
    faults: Sequence[Fault], ledgers: LedgerPairs, reported: Sequence[Mapping[str, object]]
) -> Check:
    told = [
        _ledger_line(_called(ledger), "facilities", len(ledger.facilities), ledger.columns)
        for _, ledger in ledgers
    ]
    unmapped = [
        {"file": _called(ledger), "word": word, "count": int(count)}
        for _, ledger in ledgers
        for word, count in ledger.unmapped.items()
    ]
    return Check(
        tuple(dict.fromkeys(faults)),
        pd.DataFrame([*told, *reported], columns=["file", "of", "rows", "columns"]),
        pd.DataFrame(unmapped, columns=["file", "word", "count"]),
    )


def _ledger_line(file: str, of: str, rows: int, columns: Mapping[str, str]) -> dict[str, object]:
    told = ", ".join(f"{field} = {name}" for field, name in columns.items())
    return {"file": file, "of": of, "rows": rows, "columns": told}


def _called(ledger: ReadLedger) -> str:
    return ledger.label.removeprefix("[facilities] files ")


def _reported(config: CountyConfig) -> list[dict[str, object]]:
    """Say how the communities' ledgers were read; their faults are told with the units'."""
    lines = []
    for file in () if config.units is None else config.units.ledgers:
        with _collecting([], file.path.name):
            columns, rows = columns_read(file)
            lines.append(_ledger_line(file.path.name, "units", rows, columns))
    return lines


@contextmanager
def _collecting(faults: list[Fault], where: str) -> Iterator[None]:
    """Turn errors and data warnings into faults; other warnings are passed on."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        try:
            yield
        except InputError as error:
            faults.extend(error.faults)
        except LifecircleError as error:  # a missing library, no network
            text = str(error)
            what, _, remedy = text.partition(" -> " if " -> " in text else ": ")
            faults.append(Fault(where, what, remedy or "see the message"))
    for item in caught:
        if isinstance(item.message, DataWarning):
            finding = item.message
            faults.append(finding.fault or _from_text(str(finding), where))
        else:
            warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)


def _from_text(message: str, where: str) -> Fault:
    what, _, remedy = message.partition("; ")
    return Fault(where, what, remedy or "look at it, and go on if it is meant", severity="warning")


def _asked(path: Path, faults: list[Fault]) -> tuple[CountyConfig | None, Standard | None]:
    config = standard = None
    with _collecting(faults, str(path)):
        config, missing = load_config(path)
        faults.extend(missing)
        with _collecting(faults, f"{path}: [boundary]"):
            config = with_boundary_file(config)
        with _collecting(faults, f"{path}: [standard]"):
            standard = read_standard(config.standard)
            faults.extend(wanted_faults(config, standard))
    return config, standard


def _area(
    config: CountyConfig, faults: list[Fault]
) -> tuple[BaseGeometry | None, gpd.GeoDataFrame | None]:
    """Give the county's boundary in lon/lat and its units, each where it can be read."""
    boundary = units = None
    if config.units is not None and config.units.file.path.exists():
        there = tuple(file for file in config.units.ledgers if file.path.exists())
        with _collecting(faults, "[units]"):
            # Ledgers that are not there are listed among the missing already.
            units, found = scan_units(config.units.model_copy(update={"ledgers": there}))
            faults.extend(found)
    if config.boundary is not None:
        with _collecting(faults, "[boundary]"):
            boundary = read_boundary(config.boundary)
    elif units is not None:
        boundary = units.union_all()
    return boundary, units


def _ledgers(
    config: CountyConfig,
    standard: Standard,
    boundary: BaseGeometry | None,
    faults: list[Fault],
) -> LedgerPairs:
    ledgers: list[tuple[Dataset, ReadLedger]] = []
    bounds = None
    if boundary is not None:  # neighbours' places within a walk belong to a ledger too
        bounds = walk_area(boundary, metric_crs(boundary), config, [standard]).bounds
    files, repeated = ledger_files(config)
    faults.extend(repeated)
    for file, called in files:
        if not file.path.exists():
            continue  # it is listed among the missing already
        with _collecting(faults, called):
            ledger = read_ledger(
                file,
                config.facilities.words,
                standard.known,
                area_bounds=bounds,
                home=config.path.parent,
                called=called,
            )
            faults.extend(ledger.faults)
            ledgers.append((file, ledger))
    return ledgers


def _roads(
    config: CountyConfig,
    standard: Standard,
    boundary: BaseGeometry | None,
    faults: list[Fault],
) -> tuple[WalkNetwork | None, frozenset[str]]:
    """Read the roads, which also show whether the ledgers' datum fits, and OSM's kinds."""
    files = [getattr(config.roads, name) for name in ("osm", "graphml", "nodes", "edges")]
    if boundary is None or any(file is not None and not file.path.is_file() for file in files):
        return None, frozenset()
    with _collecting(faults, "[roads]"):
        crs = metric_crs(boundary)
        extract = read_extract(config, [standard], walk_area(boundary, crs, config, [standard]))
        mapped: frozenset[str] = frozenset()
        if extract is not None and config.facilities.osm is True:
            mapped = frozenset(extract.facilities["kind"].unique())
        network = walk_network(config, extract, crs)
        if config.elevation is not None and config.elevation.path.is_file():
            with _collecting(faults, "[elevation]"):
                read_elevation(config.elevation.path, boundary, crs)
        return network, mapped
    return None, frozenset()


def _questions(
    standard: Standard,
    ledgers: LedgerPairs,
    units: gpd.GeoDataFrame | None,
    network: WalkNetwork | None,
    mapped: frozenset[str],
) -> Iterator[Iterator[Fault]]:
    """Ask what only shows when the inputs are held against one another."""
    yield undeclared_datums(ledgers)
    if network is not None:
        yield datum_questions(ledgers, network)
    for _, ledger in ledgers:
        if units is not None and "unit_id" in ledger.facilities.columns:
            yield _unknown_units(ledger, units)
    yield _twice(ledgers, standard, network)
    yield _lacking(ledgers, standard, mapped, judged=network is not None)


def _lacking(
    ledgers: LedgerPairs, standard: Standard, mapped: frozenset[str], *, judged: bool
) -> Iterator[Fault]:
    required = {r.kind for r in standard.requirements}
    kinds = mapped.union(*(ledger.facilities["kind"].unique() for _, ledger in ledgers))
    lacking = sorted(required.difference(*(standard.serves(kind) for kind in kinds)))
    if lacking and (judged or any(len(ledger.facilities) for _, ledger in ledgers)):
        names = first([standard.kinds[kind].zh for kind in lacking], 30)
        counted = "circles and scores count them as not reached, the scorecard as unknown"
        what = f"no facility is known of: {names}; {counted}"
        remedy = "add them to a ledger, or name them under [standard.exclude] with the reason"
        yield Fault("[facilities]", what, remedy, severity="warning")


def _unknown_units(ledger: ReadLedger, units: gpd.GeoDataFrame) -> Iterator[Fault]:
    filed = ledger.facilities["unit_id"]
    unknown = filed.notna() & units_named(filed, units).isna()
    if unknown.any():
        yield Fault(
            ledger.label,
            "the unit is not among the county's units",
            "use the ids or names of the units file, or leave the cell empty",
            severity="warning",
            sheet=ledger.sheet,
            column=ledger.columns.get("unit_id", "unit_id"),
            rows=tuple(int(row) for row in ledger.rows[unknown.to_numpy()]),
            values=tuple(filed[unknown].astype(str)),
        )


def _twice(
    ledgers: LedgerPairs, standard: Standard, network: WalkNetwork | None
) -> Iterator[Fault]:
    """Name each row that looks like one further up, or in a file before; file by file."""
    read = [ledger for _, ledger in ledgers if len(ledger.facilities)]
    if not read:
        return
    parts = distinct([ledger.facilities for ledger in read])
    every = gpd.GeoDataFrame(pd.concat(parts), crs=4326)
    every = every.to_crs(every.estimate_utm_crs() if network is None else network.crs)
    family = {kind: standard.wider(kind) for kind in standard.known}
    pairs = duplicates(every, family=family)
    pairs = pairs.sort_values("distance_m", kind="stable").drop_duplicates("other_id")
    size = [len(part) for part in parts]
    file = pd.Series(np.repeat(range(len(read)), size), index=every.index)
    rows = pd.Series(np.concatenate([ledger.rows for ledger in read]), index=every.index)
    for number, ledger in enumerate(read):
        own = pairs[(file[pairs["other_id"]] == number).to_numpy()]
        if own.empty:
            continue
        own = own.assign(row=rows[own["other_id"]].to_numpy()).sort_values("row")
        cells = zip(own["other_name"], own["distance_m"], own["facility_id"], strict=True)
        yield Fault(
            ledger.label,
            "looks like a facility that is listed already",
            "leave one of the two rows, unless they are two facilities",
            severity="warning",
            sheet=ledger.sheet,
            column=ledger.columns.get("name", ""),
            rows=tuple(int(row) for row in own["row"]),
            values=tuple(
                f"{name} ({metres:.0f} m from row {rows[twin]} of {_called(read[file[twin]])})"
                for name, metres, twin in cells
            ),
        )
