"""The data sets of the quality benchmarks: scikit-learn's and those of a folder.

The folder is the one that the environment variable SKLEARN_BPNET_DATA names; what it
holds is described in :mod:`benchmarks.data`.
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

# a single split of a small data set is unreliable
_SPLITS = ((2_000, 5), (15_000, 3), (np.inf, 2))


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
            prepare = self._preprocessing()
            yield (
                prepare.fit_transform(X_train),
                y_train,
                prepare.transform(X_test),
                y_test,
            )

    def _preprocessing(self):
        strings = [c for c in self.X if not pd.api.types.is_numeric_dtype(self.X[c])]
        numbers = [c for c in self.X if c not in strings]
        one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        constant = SimpleImputer(strategy="constant", fill_value="missing")
        return make_column_transformer(
            (make_pipeline(constant, one_hot), strings),
            (SimpleImputer(strategy="median"), numbers),
        )


def tables(n_rows=None):
    """The tables, small ones first: those of the data folder, if it exists.

    Larger ones are reduced to ``n_rows`` random samples.
    """
    found = [_of_scikit_learn(name) for name in ("breast_cancer", "wine", "digits")]
    found.append(_of_scikit_learn("diabetes"))
    if FOLDER is not None:
        index = json.loads((FOLDER / "index.json").read_text())
        for name, facts in index.items():
            if facts["task"] in ("classification", "regression"):
                path = FOLDER / f"{name}.csv.gz"
                if path.exists():
                    frame = pd.read_csv(path)
                    y = frame.pop("target").to_numpy()
                    found.append(Table(name, facts["task"], frame, y))
    return sorted([t.some(n_rows) for t in found], key=lambda table: len(table.X))


def _of_scikit_learn(name):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True, as_frame=True)
    task = "regression" if name == "diabetes" else "classification"
    return Table(name, task, X, y.to_numpy())
