"""The gallery's examples, run as they are: what they show is what is tested."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run_example(capsys, monkeypatch):
    """From an example's name to the names that running it defines."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    plt = pytest.importorskip("matplotlib.pyplot")
    monkeypatch.setattr(plt, "show", lambda: None)  # agg shows nothing, and says so
    yield lambda name: runpy.run_path(str(EXAMPLES / "lecture" / f"plot_{name}.py"))
    plt.close("all")
