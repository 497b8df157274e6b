"""Data sets that are no part of the checkout: the folder SKLEARN_BPNET_DATA names.

It may hold ``mnist.npz`` (X_train, y_train, X_test, y_test; pixels as uint8), and
tables: ``<name>.csv.gz`` with a column ``target``, and ``index.json``, which maps each
name to an object with the key ``task``, "classification" or "regression". Without the
variable, benchmarks use what comes with scikit-learn or ask for a file.
"""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "SKLEARN_BPNET_DATA"
FOLDER = Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


def add_file_argument(parser, name):
    """Add the argument ``file``: by default this one, if there is a folder."""
    if FOLDER is None:
        parser.add_argument("file", type=Path)
    else:
        parser.add_argument("file", nargs="?", default=FOLDER / name, type=Path)
