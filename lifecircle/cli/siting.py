"""The command of siting: where a county's next facilities go."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from lifecircle.cli.complaints import complaining
from lifecircle.cli.options import County, Quiet
from lifecircle.cli.progress import show_steps

app = typer.Typer()

SITE_STEPS: Final = (
    "area", "sources", "network", "population", "reach", "isochrones", "siting",
)  # fmt: skip


class Objective(StrEnum):
    """What sites are chosen for."""

    mclp = "mclp"
    lscp = "lscp"
    pmedian = "pmedian"
    pcenter = "pcenter"


@app.command()
def site(  # noqa: PLR0913, PLR0917 - an option each
    config: County,
    kind: Annotated[str, typer.Option("--kind", help="Kind of facility: clinic. 设施类别")],
    count: Annotated[int, typer.Option("--count", min=1, help="How many sites. 选址数")] = 5,
    objective: Annotated[
        Objective,
        typer.Option(
            "--objective",
            help="mclp: most residents newly covered; lscp: fewest sites for --share; pmedian: "
            "least walking; pcenter: shortest worst walk. 目标",
        ),
    ] = Objective.mclp,
    share: Annotated[
        float | None,
        typer.Option("--share", help="Share of residents to be covered (lscp, pcenter). 覆盖率"),
    ] = None,
    capacity: Annotated[
        float | None,
        typer.Option(
            "--capacity", help="Residents that a new site can serve at most (mclp, lscp). 容量"
        ),
    ] = None,
    candidates: Annotated[
        str,
        typer.Option(
            "--candidates",
            help="nodes (crossings near gaps), idle (idle facilities of the ledgers), or a file "
            "of points. 候选点",
        ),
    ] = "nodes",
    cutoff: Annotated[
        float,
        typer.Option("--cutoff", min=1, help="Longest walk looked at, min (pmedian, pcenter)."),
    ] = 60.0,
    penalty: Annotated[
        float, typer.Option("--penalty", min=0, help="Added for whoever reaches nothing, min.")
    ] = 15.0,
    time_limit: Annotated[
        float, typer.Option("--time-limit", min=1, help="Seconds for the search. 求解时限")
    ] = 60.0,
    standard: Annotated[
        str | None, typer.Option("--standard", help="Judge by this standard; as in the file.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the results; out/NAME/site-KIND.")
    ] = None,
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Choose sites for new facilities of a kind (设施选址), beside those there are."""
    with complaining(quiet=quiet, tell=not quiet):
        from lifecircle.config import read_config

        county = read_config(config)
        lang = county.map.lang
        with show_steps(lang, SITE_STEPS, quiet=quiet) as progress:
            from lifecircle.measuring import measure
            from lifecircle.render.writing import check_writable
            from lifecircle.siting.proposing import propose_sites
            from lifecircle.siting.writing import write_proposal

            folder = Path("out") / county.name / f"site-{kind}" if out is None else out
            check_writable(folder)
            judges = [standard] if standard else []
            measured = measure(county, judges, drawn=False, progress=progress)
            progress("siting", len(SITE_STEPS) - 1, len(SITE_STEPS))
            proposal = propose_sites(
                measured,
                kind,
                objective=objective.value,
                count=count,
                share=share,
                capacity=capacity,
                candidates=candidates,
                cutoff_minutes=cutoff,
                penalty_minutes=penalty,
                time_limit=time_limit,
            )
            files = write_proposal(proposal, folder, kinds=measured.standards[0].known)
    if not quiet:
        for file in files:
            typer.echo(file)
