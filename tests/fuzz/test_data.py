"""Data of any kind: containers, dtypes, cells, labels and weights."""

import warnings

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from fuzz.cases import fuzz
from fuzz.rules import Call, Case, check
from fuzz.strategies_cells import (
    ARRAYS,
    INDICATORS,
    LABELS,
    MISSING,
    NUMBERS,
    ODD_LABELS,
    ODD_WEIGHTS,
    OTHERS,
    objects,
)
from fuzz.strategies_containers import (
    DENSE,
    DTYPES,
    LABEL_CONTAINERS,
    SPARSE,
    TARGETS,
)
from fuzz.strategies_tables import seeds
from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.options import Dropout

CLASSES = (BPNetClassifier, BPNetRegressor)

# How samples are read differs between these
SETTINGS = st.sampled_from(
    [
        {},
        {"solver": "lbfgs"},
        {"dtype": "float64", "batch_size": 3},
        {"input_scaling": None},
        {"early_stopping": True, "validation_fraction": 0.4},
        {"n_members": 2},
        {"shared_members": 2},
        {"hidden_layer_sizes": (), "solver": "sgd", "l1_ratio": 0.5},
    ]
)
DENSE_SETTINGS = SETTINGS | st.sampled_from(
    [
        {"input_scaling": "squash"},
        {"numeric_embedding": "pbld"},
        {"dropout": Dropout(input_noise=0.1)},
    ]
)


@st.composite
def models(draw, settings=SETTINGS, classes=CLASSES):
    """An estimator, whose settings concern the reading of data."""
    usual = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}
    return draw(st.sampled_from(classes))(**(usual | draw(settings)))


@st.composite
def numbers(draw, integral=False):
    """X of small numbers, many of them zero, exact in every floating-point dtype."""
    n, d = draw(st.integers(6, 20)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(seeds))
    X = rng.integers(0, 2 if integral else 8, (n, d)) * 1.0
    return X if integral else X / 4 * (rng.random((n, d)) < 0.7)


def targets_of(model, X):
    """Targets that depend on X: 0 and 1, which are labels and numbers."""
    total = X.sum(axis=1)
    y = (total > np.median(total)).astype(int)
    y[:2] = 0, 1
    return y


def predictions(model, X):
    """Probabilities of a classifier, predictions of a regressor."""
    name = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    with warnings.catch_warnings():  # X may be a frame in fit and an array here
        warnings.filterwarnings(
            "ignore", "X (does not have|has) (valid )?feature names"
        )
        return getattr(model, name)(X)


def fitted(model, X, y, others=(), **arguments):
    """The estimator fitted by the rule; None if the data was rejected."""
    case = Case(model, [Call("fit", {"X": X, "y": y, **arguments})], list(others))
    outcome = check(case)
    return None if outcome.error else outcome.model


# Equal numbers

# Stored zeros are added, too: sums may differ in their last digit
STORE_ZEROS = {"bsr_array", "bsr_matrix", "csr, explicit zeros", "pandas, sparse"}


@fuzz(
    60,
    model=models(DENSE_SETTINGS),
    X=numbers(),
    containers=st.tuples(*[st.sampled_from(sorted(DENSE))] * 2),
    target=st.sampled_from(sorted(TARGETS)),
)
def test_equal_numbers_give_equal_predictions(model, X, containers, target):
    y = targets_of(model, X)
    expected = predictions(fitted(model, X, y), X)
    of_fit, of_predict = (DENSE[name](X) for name in containers)
    other = fitted(model, of_fit, TARGETS[target](y), [of_predict])
    if other is not None:
        found = predictions(other, X)
        assert_array_equal(found.reshape(expected.shape), expected)


@fuzz(
    40,
    model=models(),
    X=numbers(),
    containers=st.tuples(*[st.sampled_from(sorted(SPARSE))] * 2),
)
def test_equal_sparse_numbers_give_equal_predictions(model, X, containers):
    model.set_params(dtype="float64")
    y, csr = targets_of(model, X), SPARSE["csr_array"](X)
    of_fit, of_predict = (SPARSE[name](X) for name in containers)
    expected = predictions(fitted(model, csr, y), csr)
    found = predictions(fitted(model, of_fit, y, [of_predict]), of_predict)
    if not STORE_ZEROS & set(containers):
        assert_array_equal(found, expected)
    assert_allclose(found, expected, rtol=1e-9)
    assert_allclose(found, predictions(fitted(model, X, y), X), rtol=1e-6)


@fuzz(
    40,
    model=models(),
    X=numbers(integral=True),
    dtype=st.sampled_from(DTYPES),
    sparse=st.booleans(),
)
def test_equal_numbers_of_another_dtype_give_equal_predictions(model, X, dtype, sparse):
    model.set_params(dtype="float64")
    y = targets_of(model, X)
    container = SPARSE["csr_array"] if sparse and dtype in SPARSE_DTYPES else np.array
    other = container(X.astype(dtype))
    expected = predictions(fitted(model, container(X), y), X)
    found = predictions(fitted(model, other, y, [other]), X)
    assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


SPARSE_DTYPES = set(DTYPES) - {"float16", "object", ">i2", ">i8", ">f4", ">f8"}


@fuzz(
    40,
    model=models(DENSE_SETTINGS),
    X=numbers(),
    kind=st.sampled_from(sorted(NUMBERS)),
    place=st.integers(0, 5),
)
def test_a_number_of_any_type_is_the_float_that_it_equals(model, X, kind, place):
    number, y = NUMBERS[kind], targets_of(model, X)
    cells, floats = X.astype(object), X.copy()
    cells[place, 0], floats[place, 0] = number, float(number)
    expected = fitted(model, floats, y)
    other = fitted(model, cells, y, [cells])
    assert_array_equal(predictions(other, cells), predictions(expected, floats))


# Missing values

TIMES = {"NaT", "pd.NaT"}  # missing dates, in columns that are no dates


@fuzz(
    40,
    model=models(DENSE_SETTINGS),
    X=numbers(),
    kind=st.sampled_from(["masked", *sorted(MISSING)]),
    where=st.sampled_from(["X", "X_val", "y", "y_val", "sample_weight", "predict"]),
    place=st.integers(0, 5),
)
def test_a_missing_value_is_filled_in_X_and_elsewhere_an_error_that_says_where(
    model, X, kind, where, place
):
    y = targets_of(model, X).astype(float)
    arguments = {"X": X, "y": y, "X_val": X, "y_val": y, "sample_weight": 1 + y}
    clean = X if where == "predict" else arguments[where]
    if kind == "masked":
        spoilt = np.ma.array(clean, mask=np.zeros(clean.shape, dtype=bool))
        spoilt[place] = np.ma.masked
    else:
        spoilt = clean.astype(object)
        spoilt[place] = MISSING[kind]
    if where == "predict":
        outcome = check(Case(model, [Call("fit", arguments)], [spoilt]))
        assert ("error" in outcome.answers[1]) == (kind in TIMES)
        return
    outcome = check(Case(model, [Call("fit", arguments | {where: spoilt})]))
    is_filled = where in ("X", "X_val") and kind not in TIMES
    assert (outcome.error is None) == is_filled


# Anything


@st.composite
def anything(draw):
    """X that may be a mistake."""
    X = draw(numbers())
    kind = draw(st.sampled_from(["array", "array", "cells", "numbers", "container"]))
    if kind == "array":
        return ARRAYS[draw(st.sampled_from(sorted(ARRAYS)))](X)
    if kind == "container":
        return DENSE[draw(st.sampled_from(sorted(DENSE)))](X)
    return draw(objects(X, MISSING | OTHERS if kind == "cells" else NUMBERS))


@st.composite
def labels(draw, n, kinds):
    """Labels, and their codes."""
    names = kinds[draw(st.sampled_from(sorted(kinds)))]
    names = names if isinstance(names, np.ndarray) else np.array(names)
    codes = np.arange(n) % len(names)
    np.random.default_rng(draw(seeds)).shuffle(codes)
    return names[codes], codes


@st.composite
def any_target(draw, model, n):
    """A target of any kind, and perhaps a mistake."""
    kind = draw(st.sampled_from(["labels", "odd", "indicators", "numbers", "array"]))
    if kind in ("labels", "odd"):
        y, _ = draw(labels(n, LABELS if kind == "labels" else ODD_LABELS))
        container = draw(st.sampled_from(sorted(LABEL_CONTAINERS)))
        try:
            return LABEL_CONTAINERS[container](y)
        except (TypeError, ValueError):  # no such container of these labels
            return y
    rng = np.random.default_rng(draw(seeds))
    if kind == "indicators":
        values = np.asarray(INDICATORS[draw(st.sampled_from(sorted(INDICATORS)))])
        Y = values[rng.integers(0, len(values), (n, draw(st.integers(1, 3))))]
        is_number = Y.dtype.kind in "biuf"
        return SPARSE["csr_array"](Y) if is_number and draw(st.booleans()) else Y
    if kind == "numbers":
        return rng.normal(size=n) * draw(
            st.sampled_from([1, 1e-300, 1e30, 1e200, 1e300])
        )
    Y = ARRAYS[draw(st.sampled_from(sorted(ARRAYS)))](rng.normal(size=(n, 2)))
    return Y


@st.composite
def any_cases(draw):
    """A fit in which X, y, weights, validation samples or all may be a mistake."""
    model = draw(models(DENSE_SETTINGS))
    X = draw(numbers())
    n = len(X)
    usual = {"X": X, "y": targets_of(model, X)}
    part = draw(st.sampled_from(["X", "y", "sample_weight", "X_val", "y_val", "all"]))
    arguments = dict(usual)
    if part in ("X", "all"):
        arguments["X"] = draw(anything())
    if part in ("y", "all"):
        arguments["y"] = draw(any_target(model, n))
    if part in ("sample_weight", "all"):
        weights = np.random.default_rng(draw(seeds)).exponential(size=n)
        kind = draw(st.sampled_from(sorted(ODD_WEIGHTS)))
        arguments["sample_weight"] = ODD_WEIGHTS[kind](weights)
    if part in ("X_val", "y_val"):
        arguments |= {"X_val": X, "y_val": usual["y"]}
        other = anything() if part == "X_val" else any_target(model, n)
        arguments[part] = draw(other)
    others = draw(st.lists(anything(), max_size=1))
    return Case(model, [Call("fit", arguments)], others)


@fuzz(200, case=any_cases())
def test_any_data_keeps_the_rule(case):
    check(case)


# Labels


def may_be_rejected(y, container):
    """Whether scikit-learn takes the labels for none."""
    if (
        y.dtype == np.uint64
    ):  # NumPy converts a list of integers beyond int64 to float64
        return container in ("list", "tuple", "nullable series")
    objects = y.dtype == object or container in ("objects", "series of objects")
    return y.dtype.kind == "S" or (objects and not isinstance(y[0], str))


@fuzz(
    50,
    model=models(classes=[BPNetClassifier]),
    X=numbers(),
    container=st.sampled_from(sorted(LABEL_CONTAINERS)),
    data=st.data(),
)
def test_labels_of_any_kind_are_learned_as_their_codes_are(model, X, container, data):
    y, codes = data.draw(labels(len(X), LABELS))
    # pandas makes text of bytes
    assume(not (y.dtype.kind == "S" and container == "nullable series"))
    expected = fitted(model, X, codes)
    found = fitted(model, X, LABEL_CONTAINERS[container](y))
    if found is None:
        assert may_be_rejected(y, container), "labels that can be learned were rejected"
        return
    assert_array_equal(predictions(found, X), predictions(expected, X))
    assert found.classes_.tolist() == np.unique(y).tolist()
    assert_array_equal(
        found.predict(X), np.unique(y).astype(found.classes_.dtype)[expected.predict(X)]
    )


# Weights


@fuzz(
    40,
    model=models(),
    X=numbers(),
    exponent=st.integers(-990, 960),
    constant=st.sampled_from([None, 3.7, 1e6, 1e150]),
    seed=seeds,
)
def test_only_the_ratios_of_weights_matter(model, X, exponent, constant, seed):
    if constant is not None:
        X = np.column_stack([X, np.full(len(X), constant)])
    y = targets_of(model, X)
    weights = np.random.default_rng(seed).integers(0, 4, len(X)) * 1.0
    weights[:2] = 1, 2
    expected = fitted(model, X, y, sample_weight=weights)
    # a power of two, so that the ratios are the same bit for bit
    other = fitted(model, X, y, sample_weight=2.0**exponent * weights)
    assert (expected is None) == (other is None)
    if expected is not None:
        assert_array_equal(predictions(other, X), predictions(expected, X))


@pytest.mark.parametrize("kinds", [DENSE, SPARSE, TARGETS, LABEL_CONTAINERS])
def test_every_container_holds_the_same_numbers(kinds):
    X = np.arange(6.0).reshape(3, 2)
    for name, make in kinds.items():
        value = X if kinds in (DENSE, SPARSE) else X[:, 0]
        made = make(value)
        made = made.toarray() if hasattr(made, "toarray") else np.asarray(made)
        assert_array_equal(made.astype(float).reshape(value.shape), value, name)
