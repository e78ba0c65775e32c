"""Every public name says what it is, takes, gives and raises, and shows an example that runs.

That the examples run is seen to by ``--doctest-modules``.
"""

import ast
import doctest
import inspect
import textwrap

import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate

import lifecircle

# What numpydoc asks for beside, and the house does not.
NOT_ASKED = {
    "ES01",  # a second paragraph: only where there is more to say
    "PR03",  # the order of parameters: such as belong together are explained together
    "PR04",  # types of parameters: they stand in the signature
    "RT03",  # a sentence on what is returned: not where the type says it
    "SA01",  # "See Also": names are linked where they are spoken of
}


def home(name):
    return f"{getattr(lifecircle, name).__module__}.{name}"


def raises_itself(function):
    """Whether a function has a `raise` of its own that is not within a function inside it."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return any(isinstance(node, ast.Raise) and node.exc is not None for node in ast.walk(tree))


@pytest.mark.parametrize("name", lifecircle.__all__)
def test_docstring_of_a_public_name_is_complete(name):
    errors = validate(home(name))["errors"]
    assert [error for error in errors if error[0] not in NOT_ASKED] == []


@pytest.mark.parametrize("name", lifecircle.__all__)
def test_a_public_name_says_what_it_raises(name):
    public = getattr(lifecircle, name)
    told = NumpyDocString(inspect.getdoc(public))["Raises"]
    assert told or isinstance(public, type) or not raises_itself(public)


def test_what_a_function_raises_is_seen():
    assert raises_itself(lifecircle.lorenz)
    assert not raises_itself(lifecircle.serving)


@pytest.mark.parametrize("name", lifecircle.__all__)
def test_example_of_a_public_name_calls_it_and_shows_something(name):
    public = getattr(lifecircle, name)
    text = "\n".join(NumpyDocString(inspect.getdoc(public))["Examples"])
    examples = doctest.DocTestParser().get_examples(text)
    assert any(example.want for example in examples)
    code = "".join(example.source for example in examples)
    made = {"Assessment": "judge"}.get(name, name)  # nobody makes one by hand
    assert f"{made}(" in code or f"{made}." in code
    assert not any(option for example in examples for option in example.options)


def test_a_docstring_without_its_parts_is_found():
    class Bare:
        """Say nothing of the parameters"""

        def __init__(self, path):
            self.path = path

    lifecircle.bare = Bare  # numpydoc looks names up
    try:
        codes = {code for code, _ in validate("lifecircle.bare")["errors"]} - NOT_ASKED
    finally:
        del lifecircle.bare
    assert {"SS03", "PR01", "EX01"} <= codes
