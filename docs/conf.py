"""How the documentation is built: offline, strictly, from the repository and its docstrings.

Run ``python -m sphinx --fail-on-warning docs out/docs``; nothing is written beside the pages.
"""

import sys
from pathlib import Path

_HERE = Path(__file__).parent
sys.path[:0] = [str(_HERE / "_ext"), str(_HERE.parent)]

import lifecircle  # noqa: E402

project = "lifecircle"
author = "The lifecircle developers"
project_copyright = "The lifecircle developers, MIT licence"
version = release = lifecircle.__version__
language = "zh_CN"  # the words of the page's frame, and how titles are sorted

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "generated",
    "chinese",
    "formulas",
    "offline",
]
exclude_patterns = ["_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

default_role = "py:obj"  # `name` in a docstring: a link where the name has a page, else code
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 80
numpydoc_show_class_members = False
autosummary_generate = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"lifecircle {version}"
html_static_path = ["_static"]
html_css_files = ["chinese.css"]
html_js_files = [("bigrams.js", {"priority": 100})]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_math_renderer = "mathml"
