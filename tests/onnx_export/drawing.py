"""Estimators and tables drawn at random, and what must hold of their export."""

import warnings
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import pandas as pd
from fuzz.strategies_parameters import estimators
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from onnx_export.runtime import assert_equal_predictions
from sklearn_bpnet import config_context
from sklearn_bpnet._settings.choices import _FEWEST_TO_RANK, FEWEST_TO_EMBED
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
def tables(draw, fewest):
    """A data frame, or an array in single or double precision."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    n = fewest + draw(st.integers(0, 30))
    kind = draw(st.sampled_from(["frame", "frame", "double", "single"]))
    if kind == "frame":
        kinds = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=2, max_size=5))
        columns = {f"{kind} {j}": COLUMNS[kind](rng, n) for j, kind in enumerate(kinds)}
        return pd.DataFrame(columns)
    X = np.column_stack([_numbers(rng, n), _with_gaps(rng, n), rng.integers(0, 3, n)])
    return X.astype(np.float32) if kind == "single" else X


@st.composite
def steps_before(draw, X):
    """Steps of a pipeline that ONNX can say in double precision, as X; or none."""
    if not draw(st.booleans()):
        return ()
    scaler = draw(st.sampled_from([StandardScaler(), MinMaxScaler()]))
    if not isinstance(X, pd.DataFrame):
        return (scaler,) if X.dtype == np.float64 else ()
    numbers = [name for name in X if X[name].dtype == np.float64]
    if not numbers:
        return ()
    return (make_column_transformer((scaler, numbers)),)


@st.composite
def cases(draw):
    """An estimator, alone or the last step of a pipeline, a table and targets.

    Of some estimators, the size of the network and all that goes with it follow the
    table, which then is large enough for embeddings and shared members.
    """
    task = draw(st.sampled_from(sorted(TARGETS)))
    estimator = draw(estimators(task))
    fewest = 30
    if draw(st.integers(0, 3)) == 0:
        estimator.set_params(hidden_layer_sizes="auto", batch_size=100)
        fewest = draw(st.sampled_from([FEWEST_TO_EMBED, _FEWEST_TO_RANK]))
    X = draw(tables(fewest))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    y = TARGETS[task][draw(st.sampled_from(sorted(TARGETS[task])))](rng, len(X))
    steps = draw(steps_before(X))
    return make_pipeline(*steps, estimator) if steps else estimator, X, y


def fitted(case):
    """The estimator and X; None where parameters and data do not go together."""
    estimator, X, y = case
    network = estimator[-1] if hasattr(estimator, "steps") else estimator
    with warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        with config_context(compiled=False):
            try:
                network.set_params(max_iter=5 if len(X) < 500 else 1, verbose=False)
                estimator.fit(X, y)
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
