"""Errors and findings: told on the error stream, and the exit code 1."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from lifecircle.errors import DataWarning, InputError, LifecircleError


@contextmanager
def complaining(*, quiet: bool, tell: bool = False) -> Iterator[None]:
    """Turn an error into its message and exit code 1, after the findings that led to it.

    With `tell`, findings are told where all went well, too.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        try:
            yield
        except LifecircleError as error:
            if not quiet:
                _echo_findings(caught)
            _complain(error)
            raise typer.Exit(1) from error
        if tell:
            _echo_findings(caught)


def _echo_findings(caught: list[warnings.WarningMessage]) -> None:
    found = (str(item.message) for item in caught if item.category is DataWarning)
    for finding in dict.fromkeys(found):
        typer.echo(f"warning: {finding}", err=True)


def _complain(error: LifecircleError) -> None:
    """Tell an error in English, and below it in Chinese what is wrong with the user's files."""
    for line in str(error).splitlines():
        typer.echo(f"error: {line}", err=True)
    if isinstance(error, InputError):
        from lifecircle.render.faults import fault_lines

        for line in fault_lines(error.faults, lang="zh")[:-1]:
            typer.echo(line, err=True)
