"""The command that holds what was read against what is known."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from lifecircle.cli.complaints import complaining
from lifecircle.cli.options import County, Quiet
from lifecircle.cli.progress import ASSESS_STEPS, show_steps

if TYPE_CHECKING:
    import pandas as pd

    from lifecircle.measuring import Reading
    from lifecircle.render.mappable import Mappable
    from lifecircle.standards import Lang

app = typer.Typer()

_STEPS: Final = (*ASSESS_STEPS[: ASSESS_STEPS.index("population") + 1], "questions")


@app.command()
def reconcile(
    config: County,
    out: Annotated[
        Path | None, typer.Option("--out", help="CSV file for the whole table. 输出文件")
    ] = None,
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Hold residents, facilities and roads against known figures. 与已知数核对."""
    with complaining(quiet=quiet, tell=not quiet):
        from lifecircle.config import read_config
        from lifecircle.render.tables.decided_words import csv_heads
        from lifecircle.render.writing import write_table
        from lifecircle.standards import read_standard
        from lifecircle.wanted import check_wanted

        county = read_config(config)
        check_wanted(county, read_standard(county.standard))
        with show_steps(county.map.lang, _STEPS, quiet=quiet) as progress:
            from lifecircle.measuring import read_county
            from lifecircle.reconciling import reconcile_known

            reading = read_county(county, progress=progress)
            progress("questions", len(_STEPS) - 1, len(_STEPS))
            found = reconcile_known(reading)
        table = _named(reading, found)
        file = None if out is None else write_table(csv_heads("reconcile", table), out)
    for line in _lines(table, county.map.lang, county.reconcile.source):
        typer.echo(line)
    if file is not None:
        typer.echo(file)


def _named(reading: Reading, found: pd.DataFrame) -> pd.DataFrame:
    """Give the table with names beside its keys, as ``assess`` writes it."""
    from lifecircle.render.tables.decided import reconciled_table

    county: Any = SimpleNamespace(
        config=reading.config,
        standard=reading.standards[0],
        units=reading.units,
    )
    return reconciled_table(cast("Mappable", county), found)


def _lines(table: pd.DataFrame, lang: Lang, source: str) -> list[str]:
    """Tell what differs, and how many figures agree or have nothing to be held against."""
    counts = table["verdict"].value_counts()
    differ = table[table["verdict"].isin(["low", "high"])]
    agree, unknown = (int(counts.get(name, 0)) for name in ("agrees", "unknown"))
    lines = [_line(row, lang) for row in differ.to_dict("records")]
    if lang == "zh":
        lines.append(f"不符 {len(differ)} 项，相符 {agree} 项，无已知数 {unknown} 项")
        return [*lines, f"官方数来源：{source}"] if source else lines
    lines.append(f"{len(differ)} differ, {agree} agree, {unknown} have no known figure")
    return [*lines, f"Source of the official figures: {source}"] if source else lines


def _line(row: dict[Any, Any], lang: Lang) -> str:
    """Tell one difference; of facilities also how the count comes about."""
    import pandas as pd

    zh = lang == "zh"
    subject, verdict, origin = (row[f"{n}_{lang}"] for n in ("subject", "verdict", "known_from"))
    place = row["scope_name"] if isinstance(row["scope_name"], str) else row["scope"]
    what = [subject, place, *([row[f"key_{lang}"]] if row["key"] else [])]
    by = "" if pd.isna(row["ratio"]) else f"{row['ratio'] - 1:+.1%}"
    measured, known = (_figure(row[name]) for name in ("measured", "known"))
    told = f"[{verdict}] {' · '.join(what)}"
    told += (
        f"：本次采用 {measured}，已知 {known}（{origin}）"
        if zh
        else f": {measured} read, {known} known ({origin})"
    )
    told = f"{told} {by}".rstrip()
    if row["subject"] != "facilities":
        return told
    ledger, far, outside, idle, other = (
        _figure(row[name]) for name in ("ledger_rows", "far", "outside", "not_in_use", "elsewhere")
    )
    if zh:
        return (
            f"{told}；{measured} = 台账 {ledger} − 步行范围外 {far} − 本范围外 {outside}"
            f" − 未在用 {idle} + 台账未列 {other}"
        )
    return (
        f"{told}; {measured} = ledger {ledger} − far {far} − outside {outside}"
        f" − not in use {idle} + not in the ledger {other}"
    )


def _figure(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")
