"""Configuration of the documentation: python -m sphinx -W docs docs/_build/html."""

import re
import sys
from pathlib import Path

import sklearn_bpnet

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_extensions"))

project = "sklearn_bpnet"
author = "The sklearn_bpnet developers"
copyright = "2026, " + author
version = release = sklearn_bpnet.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "module_list",
    "registry_classes",
    "registry_table",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "gallery/**/*.ipynb", "gallery/*.py"]
templates_path = ["_templates"]
smartquotes = False  # "auto" is a value: its quotes stay straight
default_role = "literal"  # `name` in a docstring is a parameter's name
nitpicky = True  # a link that leads nowhere is a warning

html_theme = "pydata_sphinx_theme"
html_title = "sklearn_bpnet"
html_show_sourcelink = False
html_theme_options = {
    "header_links_before_dropdown": 5,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
    "show_toc_level": 2,
}
html_sidebars = {
    page: [] for page in ("changelog", "contributing", "lecture", "mathematics")
}

autodoc_typehints = "none"  # the docstrings give types, and shapes beside them
numpydoc_show_class_members = False  # the templates list them
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("sklearn_bpnet",),
    "download_all_examples": False,
    "examples_dirs": str(DOCS.parent / "examples"),
    "gallery_dirs": "gallery",
    "min_reported_time": 1_000,
    "reset_modules": ("matplotlib", "gallery_files.remove"),
    "show_signature": False,
}


def escape_mathematics(app, what, name, obj, options, lines):
    """Keep |z| from being read as a substitution and coefs_ as a link."""
    for i, line in enumerate(lines):
        lines[i] = re.sub(r"(?<=\w)_(?=[\s,.;)]|$)", r"\_", line.replace("|", r"\|"))


def setup(app):
    # after numpydoc, at 500
    app.connect("autodoc-process-docstring", escape_mathematics, priority=600)
