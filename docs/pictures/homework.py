"""The pictures that the solved notebook of the homework draws."""

import io
import json
from contextlib import redirect_stdout
from pathlib import Path

folder = Path("../../examples/homework")  # scripts run in their own folder
text = (folder / "practical_assignment_solved.ipynb").read_text(encoding="utf-8")
notebook = {}
with redirect_stdout(io.StringIO()):
    for cell in json.loads(text)["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), notebook)
