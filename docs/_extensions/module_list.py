"""The directive ``module-list``: the modules of a package, with a line for each.

``.. module-list:: sklearn_bpnet.net`` shows the first sentence of every module's
docstring, read from the files, in the order of the tree.
"""

import ast
import re
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

import sklearn_bpnet

ROOT = Path(sklearn_bpnet.__file__).parent


def first_sentence(file):
    """Of the module's docstring."""
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    text = " ".join(text.split("\n\n")[0].split())
    return re.split(r"(?<=\.) ", text)[0].replace("*", r"\*").replace("|", r"\|")


def modules(package):
    """(path from the root of the package, first sentence), folders before files."""
    folder = ROOT.joinpath(*package.split(".")[1:])
    for file in sorted(folder.rglob("*.py"), key=_order):
        if file.name == "__init__.py":
            path = f"{file.parent.relative_to(ROOT.parent)}/"
        else:
            path = f"{file.relative_to(folder.parent)}"
        if not any(part.startswith("__py") for part in file.parts):
            yield path, first_sentence(file)


def _order(file):
    return file.parent, file.name != "__init__.py", file.name


class ModuleList(SphinxDirective):
    """``.. module-list:: package``."""

    required_arguments = 1

    def run(self):
        lines = [".. list-table::", "   :widths: 36 64", ""]
        for path, sentence in modules(self.arguments[0]):
            lines += [f"   * - ``{path}``", f"     - {sentence}"]
        container = nodes.container()
        source = StringList(lines, source=f"module-list {self.arguments[0]}")
        self.state.nested_parse(source, self.content_offset, container)
        return container.children


def setup(app):
    app.add_directive("module-list", ModuleList)
    return {"parallel_read_safe": True}
