"""Which files under docs hold doctests: the pages, nothing that Sphinx generated."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

DOCS = Path(__file__).parent
collect_ignore = [
    *("conf.py", "_extensions", "_build", "_templates", "api", "gallery", "pictures"),
]
# tests/neighbours runs it, for every library that is there
collect_ignore.append("guide/neighbours.rst")
if find_spec("optuna") is None:
    collect_ignore.append("start/tuning_optuna.rst")
if find_spec("skl2onnx") is None or find_spec("onnxruntime") is None:
    collect_ignore.append("start/saving_onnx.rst")


@pytest.fixture(autouse=True)
def folder_of_a_reader(monkeypatch, tmp_path):
    """Run a page where its data are and nothing else is, and draw to no screen."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    shutil.copy(DOCS / "start" / "penguins.csv", tmp_path)
    monkeypatch.chdir(tmp_path)
