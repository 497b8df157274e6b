"""The data sets of the quality benchmarks: scikit-learn's and those of folders.

One folder is that which the environment variable SKLEARN_BPNET_DATA names; what it
holds is described in :mod:`benchmarks.data`. The other holds the public tables that
:mod:`benchmarks.public_tables` brings; only :func:`index` and :func:`load` know it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from benchmarks.data import FOLDER
from benchmarks.public_catalogue import size_group
from benchmarks.public_tables import default_folder

# a single split of a small data set is unreliable
_SPLITS = ((2_000, 5), (15_000, 3), (np.inf, 2))
_OF_SCIKIT_LEARN = "breast_cancer", "wine", "digits", "diabetes"


@dataclass
class Table:
    """A data set.

    Parameters
    ----------
    name : str
    task : {"classification", "regression"}
    X : DataFrame
        Categorical columns hold strings.
    y : ndarray of shape (n_rows,)
    """

    name: str
    task: str
    X: pd.DataFrame
    y: np.ndarray

    def some(self, n_rows):
        """Return the data set, or a random subset of that size."""
        if n_rows is None or len(self.X) <= n_rows:
            return self
        rows = np.random.default_rng(0).permutation(len(self.X))[:n_rows]
        X = self.X.iloc[rows].reset_index(drop=True)
        return Table(self.name, self.task, X, self.y[rows])

    def splits(self):
        """Return training and test parts, with the same preprocessing for every model.

        Strings are one-hot encoded, missing values replaced by the median; nothing is
        scaled.
        """
        n_splits = next(n for rows, n in _SPLITS if len(self.X) <= rows)
        strata = self.y if self.task == "classification" else None
        for seed in range(n_splits):
            parts = train_test_split(
                self.X, self.y, test_size=0.2, stratify=strata, random_state=seed
            )
            X_train, X_test, y_train, y_test = parts
            prepare = one_hot(self.X)
            yield (
                prepare.fit_transform(X_train),
                y_train,
                prepare.transform(X_test),
                y_test,
            )

    def split(self, seed):
        """Return two thirds for training and a third for testing, as they are.

        Categorical columns have pandas' dtype "category".
        """
        X = self.X.astype(dict.fromkeys(_strings(self.X), "category"))
        strata = self.y if self.task == "classification" else None
        X_train, X_test, y_train, y_test = train_test_split(
            X, self.y, test_size=1 / 3, stratify=strata, random_state=seed
        )
        return X_train, y_train, X_test, y_test


def _strings(X):
    """Return the columns that hold no numbers."""
    return [c for c in X if not pd.api.types.is_numeric_dtype(X[c])]


def one_hot(X):
    """Return a transformer: strings one-hot encoded, medians for missing numbers."""
    strings = _strings(X)
    numbers = [c for c in X if c not in strings]
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    constant = SimpleImputer(strategy="constant", fill_value="missing")
    return make_column_transformer(
        (make_pipeline(constant, encoder), strings),
        (SimpleImputer(strategy="median"), numbers),
    )


def tables(n_rows=None):
    """The tables, small ones first: those of the data folder, if it exists.

    Larger ones are reduced to ``n_rows`` random samples.
    """
    found = [_of_scikit_learn(name) for name in _OF_SCIKIT_LEARN]
    if FOLDER is not None:
        facts = _facts(FOLDER)
        found += [_of_folder(FOLDER, name, facts[name]) for name in facts]
    return sorted([t.some(n_rows) for t in found], key=lambda table: len(table.X))


def index():
    """Return what is known of the tables: those of the data folder, and public ones.

    Returns
    -------
    dict
        ``{name: facts}``, the smallest first, with "task", "rows", "size" ("small" or
        "mid") and "design" ("tuning" or "held-back"). Without the folder of the public
        tables some of scikit-learn's take their place.
    """
    found = {}
    public = default_folder()
    for folder in (FOLDER, public):
        if folder is not None and (folder / "index.json").exists():
            for name, facts in _facts(folder).items():
                found[name] = {
                    "design": "tuning",
                    **facts,
                    "size": size_group(facts["rows"]),
                    "folder": folder,
                }
    if not (public / "index.json").exists():
        for name in ("breast_cancer", "digits", "diabetes"):
            table = _of_scikit_learn(name)
            found[name] = {
                "task": table.task,
                "rows": len(table.X),
                "size": "small",
                "design": "tuning",
                "folder": None,
            }
    return dict(sorted(found.items(), key=lambda item: item[1]["rows"]))


def load(name, facts):
    """Return the table that :func:`index` describes."""
    if facts["folder"] is None:
        return _of_scikit_learn(name)
    return _of_folder(facts["folder"], name, facts)


def _facts(folder):
    """Return the tables that a folder has, by name."""
    facts = json.loads((folder / "index.json").read_text())
    return {
        name: of_table
        for name, of_table in facts.items()
        if of_table["task"] in ("classification", "regression")
        and (folder / f"{name}.csv.gz").exists()
    }


def _of_folder(folder, name, facts):
    """Return a table of a folder; an empty cell is a missing value."""
    frame = pd.read_csv(
        folder / f"{name}.csv.gz",
        keep_default_na=False,
        na_values=[""],
        dtype=dict.fromkeys(facts.get("categorical", ()), object),
        low_memory=False,
    )
    y = frame.pop("target").to_numpy()
    return Table(name, facts["task"], frame, y)


def _of_scikit_learn(name):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True, as_frame=True)
    task = "regression" if name == "diabetes" else "classification"
    return Table(name, task, X, y.to_numpy())
