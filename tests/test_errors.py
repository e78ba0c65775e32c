"""Errors cross the borders of processes: what a worker raises arrives as it was."""

import copy
import pickle

import pytest

from lifecircle import errors
from lifecircle.errors import DataWarning, Fault, InputError, LifecircleError

FAULTS = (
    Fault("units.csv", "residents < 0", "give 0 or more", rows=(3, 9), values=("-5", "-1")),
    Fault("台账.xlsx", "no name", "name it", "warning", sheet="设施", column="名称"),
)


def kinds(base):
    return [base, *(kind for child in base.__subclasses__() for kind in kinds(child))]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", [k for k in kinds(InputError) if k.__module__ == errors.__name__])
def test_an_error_of_input_keeps_its_faults(kind, protocol):
    error = kind(FAULTS)
    error.add_note("while reading")
    again = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 - made here
    assert type(again) is kind
    assert again.faults == FAULTS
    assert str(again) == str(error) == "\n".join(map(str, FAULTS))
    assert again.args == error.args
    assert again.__notes__ == ["while reading"]
    assert copy.copy(again).faults == FAULTS


@pytest.mark.parametrize(
    "kind", [k for k in kinds(LifecircleError) if not issubclass(k, InputError)]
)
def test_other_errors_keep_their_words(kind):
    again = pickle.loads(pickle.dumps(kind("b.csv: cannot be written -> close it")))  # noqa: S301
    assert (type(again), str(again)) == (kind, "b.csv: cannot be written -> close it")


@pytest.mark.parametrize("finding", ["2 rows are double", FAULTS[0]])
def test_a_finding_keeps_its_fault(finding):
    again = pickle.loads(pickle.dumps(DataWarning(finding)))  # noqa: S301
    assert str(again) == str(finding)
    assert again.fault == (finding if isinstance(finding, Fault) else None)
