"""Results of a benchmark, saved as JSON in ``benchmarks/results``."""

from __future__ import annotations

import json
import os
import platform
from importlib import metadata
from pathlib import Path

FOLDER = Path(__file__).parent / "results"
_PACKAGES = (
    *("numpy", "scipy", "scikit-learn", "numba", "torch", "jax"),
    *("onnxruntime", "skl2onnx", "dask"),
)


def save(name, found):
    """Write the results and their environment to ``results/<name>.json``."""
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps({"with": environment(), **found}, indent=1)
    (FOLDER / f"{name}.json").write_text(text + "\n")


def load(name):
    """Return the results saved under ``name``, or None."""
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def environment():
    """Return the versions of the packages, and the machine."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "machine": platform.machine(),
        **versions,
    }
