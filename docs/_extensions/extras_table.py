"""The directive ``extras-table``: what an extra installs, and what for.

The packages are those of ``pyproject.toml``. An extra without a description here, or a
description without an extra, is an error.
"""

import tomllib
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
PURPOSES = {
    "fast": "compiled epochs, several times as fast (:ref:`compiled`)",
    "plot": "figures: displays, learning curves, the examples",
    "progress": "progress bars (:doc:`../guide/monitoring`)",
    "dask": "training on a cluster (:doc:`../guide/dask`)",
    "onnx": "export to ONNX (:ref:`onnx`)",
    "docs": "building this documentation",
}


def rows():
    """(extra, purpose, packages), as pyproject.toml has them."""
    text = PYPROJECT.read_text(encoding="utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    if set(extras) != set(PURPOSES):
        different = sorted(set(extras) ^ set(PURPOSES))
        raise ValueError(f"extras of pyproject.toml and of this table: {different}")
    for name, purpose in PURPOSES.items():
        yield name, purpose, ", ".join(extras[name])


class ExtrasTable(SphinxDirective):
    """``.. extras-table::``."""

    def run(self):
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 15 50 35", ""]
        lines += ["   * - Extra", "     - For", "     - Installs"]
        for name, purpose, packages in rows():
            lines += [f"   * - ``{name}``", f"     - {purpose}", f"     - {packages}"]
        container = nodes.container()
        source = StringList(lines, source="extras-table")
        self.state.nested_parse(source, self.content_offset, container)
        self.env.note_dependency(str(PYPROJECT))
        return container.children


def setup(app):
    app.add_directive("extras-table", ExtrasTable)
    return {"parallel_read_safe": True}
