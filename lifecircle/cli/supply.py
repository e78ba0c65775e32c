"""The command that measures supply: how much of a service there is for the residents."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lifecircle.cli.complaints import complaining
from lifecircle.cli.options import County, Quiet
from lifecircle.cli.progress import ASSESS_STEPS, show_steps

if TYPE_CHECKING:
    from lifecircle.catchment import Supply
    from lifecircle.measuring import Measurement

app = typer.Typer()

_STEPS: Final = (*ASSESS_STEPS[: ASSESS_STEPS.index("indicators")], "writing")


class Method(StrEnum):
    """How catchments are weighted; see `lifecircle.catchment`."""

    two = "2sfca"
    enhanced = "e2sfca"
    three = "3sfca"


@app.command()
def supply(
    config: County,
    kind: Annotated[str, typer.Option("--kind", help="Key of a required kind: clinic. 设施类别")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the three tables. 输出目录")],
    method: Annotated[
        Method,
        typer.Option("--method", help="All in reach alike, near ones more, or chosen among. 方法"),
    ] = Method.two,
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.1, help="Longest walk. 步行时间（分钟）")
    ] = 15.0,
    capacity: Annotated[
        str | None,
        typer.Option("--capacity", help="Column of what each offers; else each counts 1. 容量字段"),
    ] = None,
    demand: Annotated[
        str, typer.Option("--demand", help="persons, or a group of the units: elderly. 需求人群")
    ] = "persons",
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Measure how much of a service there is per 1,000 residents, and how evenly. 服务供给水平."""
    with complaining(quiet=quiet, tell=not quiet):
        from lifecircle.config import read_config
        from lifecircle.render.writing import check_writable

        county = read_config(config)
        check_writable(out)
        with show_steps(county.map.lang, _STEPS, quiet=quiet) as progress:
            from lifecircle import catchment
            from lifecircle.measuring import measure
            from lifecircle.render.supplying import write_supply

            measured = measure(county, drawn=False, progress=progress)
            cells = measured.cells
            if demand not in cells.columns:
                cells = catchment.with_group(cells, measured.units, demand)
            found = catchment.supply(
                measured.network,
                measured.facilities,
                cells,
                kind=kind,
                minutes=minutes,
                method=method.value,
                capacity=capacity,
                demand=demand,
                networks=measured.networks,
            )
            progress("writing", len(_STEPS) - 1, len(_STEPS))
            files = write_supply(
                found,
                out,
                units=measured.units,
                cells=cells,
                facilities=measured.facilities,
                kind=measured.standards[0].known[kind],
                county_zh=county.zh,
            )
        if not quiet:
            _tell(found, measured, chinese=county.map.lang == "zh")
    for file in files:
        typer.echo(file)


def _tell(found: Supply, measured: Measurement, *, chinese: bool) -> None:
    from lifecircle.catchment import supply_by_unit

    county = supply_by_unit(found.cells, measured.units).iloc[0]
    name = measured.standards[0].known[found.kind].label("zh" if chinese else "en")
    asked = f"{found.method.upper()}, {found.minutes:g} min"
    lacking = (
        f"{county['unreached']:,.0f} / {county['demand']:,.0f} ({county['unreached_share']:.1%})"
    )
    text = (
        f"{name}（{asked}）：每千人 {county['supply']:.3f}；范围内无设施 {lacking} 人；"
        f"基尼系数 {county['gini']:.3f}"
        if chinese
        else f"{name} ({asked}): {county['supply']:.3f} per 1,000; none in reach of {lacking}; "
        f"Gini {county['gini']:.3f}"
    )
    typer.echo(text, err=True)
