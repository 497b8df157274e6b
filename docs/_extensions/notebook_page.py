"""A line ``<!-- notebook: path -->`` of a Markdown page becomes the notebook's cells.

The cells are shown as they are, one heading level lower; nothing is executed.
"""

import json
import re
from pathlib import Path

MARK = re.compile(r"^<!-- notebook: (.+) -->$", flags=re.MULTILINE)


def markdown(cell):
    """The text of a cell."""
    source = "".join(cell["source"])
    if cell["cell_type"] == "code":
        return f"```python\n{source}\n```"
    return re.sub(r"^(#+) ", r"#\1 ", source, flags=re.MULTILINE)


def insert(app, document, source):
    """Replace the mark of a page by the cells."""

    def cells(match):
        file = Path(app.env.doc2path(document)).parent / match[1]
        app.env.note_dependency(str(file), docname=document)
        notebook = json.loads(file.read_text(encoding="utf-8"))
        return "\n\n".join(map(markdown, notebook["cells"]))

    source[0] = MARK.sub(cells, source[0])


def setup(app):
    app.connect("source-read", insert)
    return {"parallel_read_safe": True}
