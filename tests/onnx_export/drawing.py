"""Estimators and tables drawn at random, and what must hold of their export."""

import warnings
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import pandas as pd
from fuzz.strategies_parameters import estimators
from hypothesis import strategies as st

from onnx_export.runtime import assert_equal_predictions
from sklearn_bpnet import config_context
from sklearn_bpnet.onnx import to_onnx

TEXTS = np.array(["red", "green", "blue", "grey"])


def _numbers(rng, n):
    return rng.normal(size=n)


def _with_gaps(rng, n):
    return np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n) * 10)


def _texts(rng, n):
    return pd.Series(TEXTS[rng.integers(0, 4, n)], dtype=object)


def _texts_with_gaps(rng, n):
    return _texts(rng, n).where(rng.random(n) < 0.8, None)


def _category(rng, n):
    return pd.Series(rng.integers(5, 9, n)).astype("category")


COLUMNS = {
    "numbers": _numbers,
    "gaps": _with_gaps,
    "single": lambda rng, n: rng.normal(size=n).astype(np.float32),
    "skewed": lambda rng, n: np.exp(2 * rng.normal(size=n)),
    "few": lambda rng, n: rng.integers(0, 3, n).astype(float),
    "integers": lambda rng, n: rng.integers(-5, 6, n),
    "truths": lambda rng, n: rng.random(n) < 0.5,
    "texts": _texts,
    "texts with gaps": _texts_with_gaps,
    "category": _category,
}

TARGETS = {
    "regression": {
        "number": lambda rng, n: rng.normal(size=n) * 5 + 3,
        "positive": lambda rng, n: rng.exponential(size=n) + 0.1,
        "several": lambda rng, n: rng.normal(size=(n, 2)),
    },
    "classification": {
        "two": lambda rng, n: rng.integers(0, 2, n),
        "three": lambda rng, n: TEXTS[rng.integers(0, 3, n)],
        "truths": lambda rng, n: rng.random(n) < 0.5,
        "indicators": lambda rng, n: rng.integers(0, 2, (n, 3)),
        "columns": lambda rng, n: rng.integers(0, [2, 3, 4], (n, 3)) + 10,
    },
}


@st.composite
def tables(draw):
    """A data frame, or an array in single or double precision."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    n = draw(st.integers(30, 60))
    kind = draw(st.sampled_from(["frame", "frame", "double", "single"]))
    if kind == "frame":
        kinds = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=2, max_size=5))
        columns = {f"{kind} {j}": COLUMNS[kind](rng, n) for j, kind in enumerate(kinds)}
        return pd.DataFrame(columns)
    X = np.column_stack([_numbers(rng, n), _with_gaps(rng, n), rng.integers(0, 3, n)])
    return X.astype(np.float32) if kind == "single" else X


@st.composite
def cases(draw):
    """An estimator, a table and targets."""
    task = draw(st.sampled_from(sorted(TARGETS)))
    X = draw(tables())
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    y = TARGETS[task][draw(st.sampled_from(sorted(TARGETS[task])))](rng, len(X))
    return draw(estimators(task)), X, y


def fitted(case):
    """The estimator and X; None where parameters and data do not go together."""
    estimator, X, y = case
    with warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        with config_context(compiled=False):
            try:
                estimator.set_params(max_iter=5, verbose=False).fit(X, y)
                estimator.predict(X)  # or the network overflows
            except (ValueError, TypeError):
                return None
    return estimator, X


def check_export(estimator, X):
    """Equal to the estimator's predictions, or an error that names what is not."""
    try:
        model = to_onnx(estimator, X)
    except ValueError as error:
        if "cannot be exported to ONNX" not in str(error):
            raise
        return False
    assert_equal_predictions(estimator, X, model)
    return True
