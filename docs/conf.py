"""Configuration of the documentation: python -m sphinx -W docs docs/_build/html."""

import re
import sys
from pathlib import Path

import sklearn_bpnet._addresses

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_extensions"))

project = "sklearn_bpnet"
author = "The sklearn_bpnet developers"
copyright = "2026, " + author
version = release = sklearn_bpnet.__version__

# For its icon in the header and the link "Edit this page"; both are off without it.
REPOSITORY = sklearn_bpnet._addresses.REPOSITORY
BRANCH = "main"

extensions = [
    "extras_table",
    "matplotlib.sphinxext.plot_directive",
    "module_list",
    "myst_parser",
    "notebook_page",
    "numpydoc",
    "registry_classes",
    "registry_table",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "gallery/**/*.ipynb", "gallery/**/*.py", "pictures"]
templates_path = ["_templates"]
smartquotes = False  # "auto" is a value: its quotes stay straight
default_role = "literal"  # `name` in a docstring is a parameter's name
toc_object_entries_show_parents = "hide"
nitpicky = True  # a link that leads nowhere is a warning

html_theme = "pydata_sphinx_theme"
html_title = "sklearn_bpnet"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/favicon.svg"
html_theme_options = {
    "header_links_before_dropdown": 5,
    "icon_links": [
        {"name": "Repository", "url": REPOSITORY, "icon": "fa-solid fa-code-branch"}
    ]
    if REPOSITORY
    else [],
    "logo": {
        "text": "sklearn_bpnet",
        "image_light": "_static/logo.svg",
        "image_dark": "_static/logo.svg",
        "alt_text": "sklearn_bpnet, start page",
    },
    "navigation_with_keys": False,
    "secondary_sidebar_items": {
        "**": ["page-toc", "edit-this-page"],
        "index": [],
    },
    "show_prev_next": True,
    "show_toc_level": 2,
    "use_edit_page_button": bool(REPOSITORY),
}
html_context = {
    "edit_page_url_template": f"{REPOSITORY}/edit/{BRANCH}/docs/{{{{ file_name }}}}",
    "edit_page_provider_name": "the repository",
}
html_sidebars = {page: [] for page in ("index", "changelog", "contributing")}

# formulas without a network
mathjax_path = "mathjax/tex-svg.js"
# the parser of Markdown marks a page as one without formulas, except for this class
mathjax3_config = {"options": {"enableMenu": False, "processHtmlClass": "math"}}

# what is copied is the code alone: no prompts, no output
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

# figures of pages: code of a page, or a script of docs/pictures
plot_formats = [("png", 160)]
plot_html_show_formats = False
plot_html_show_source_link = False
plot_rcparams = {
    "figure.constrained_layout.use": True,
    "savefig.bbox": "tight",  # axes of equal scale are cut off without it
    "savefig.pad_inches": 0.08,
}
plot_apply_rcparams = True

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
    "parallel": 2,
    "reset_modules": ("matplotlib", "gallery_files.remove"),
    "show_signature": False,
    "thumbnail_size": (400, 280),
    "subsection_order": ["../examples/for_your_data", "../examples/lecture"],
    "within_subsection_order": "gallery_files.Order",
    "write_computation_times": False,  # its pages load scripts from the network
}


def escape_mathematics(app, what, name, obj, options, lines):
    """Keep |z| from being read as a substitution and coefs_ as a link."""
    for i, line in enumerate(lines):
        lines[i] = re.sub(r"(?<=\w)_(?=[\s,.;)]|$)", r"\_", line.replace("|", r"\|"))


def setup(app):
    # after numpydoc, at 500
    app.connect("autodoc-process-docstring", escape_mathematics, priority=600)
