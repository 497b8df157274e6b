"""Initial weights that depend on the training samples, at the estimators."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, empirical_risk
from sklearn_bpnet.net.initializers import Hull
from sklearn_bpnet.options import Initialization

quietly = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
DATA_DRIVEN = {"initializer": Initialization("unit_variance", biases="hull")}


def start(model, X, y, weights=None):
    """The weights before the first step, and the rows as the network sees them."""
    J = empirical_risk(clone(model), X, y, weights)
    return J.coefs_and_intercepts(J.theta), J.X


@each_class
@pytest.mark.parametrize("scaling", ["standard", "squash", None])
def test_the_samples_are_those_that_the_network_sees(estimator, scaling, iris):
    model = estimator((6,), input_scaling=scaling, random_state=0, **DATA_DRIVEN)
    (coefs, intercepts), X = start(model, *iris)
    Z = X @ coefs[0] + intercepts[0]
    assert_allclose(Z.var(axis=0), 1, rtol=1e-9)
    assert (Z.min(axis=0) < 0).all()
    assert (Z.max(axis=0) > 0).all()
    Z = np.maximum(Z, 0) @ coefs[1] + intercepts[1]
    assert_allclose(Z.var(axis=0), 1, rtol=1e-9)


@quietly
@each_class
@pytest.mark.parametrize("name", DATA_DRIVEN)
def test_training_starts_there(estimator, name, iris):
    model = estimator((6,), max_iter=1, learning_rate_init=1e-12, random_state=0)
    model.set_params(dtype="float64", **{name: DATA_DRIVEN[name]})
    (coefs, intercepts), _ = start(model, *iris)
    model.fit(*iris)
    for ours, theirs in zip(
        coefs + intercepts, model.coefs_ + model.intercepts_, strict=True
    ):
        assert_allclose(ours, theirs, atol=1e-8)


@quietly
@each_class
def test_samples_without_weight_and_validation_samples_do_not_count(estimator, iris):
    X, y = iris
    model = estimator((6,), max_iter=1, learning_rate_init=1e-12, random_state=0)
    model.set_params(dtype="float64", batch_size="full", **DATA_DRIVEN)
    weights = np.arange(150) % 2.0
    some = clone(model).fit(X[1::2], y[1::2])
    weighted = clone(model).fit(X, y, weights)
    assert_allclose(some.coefs_[0], weighted.coefs_[0], rtol=1e-9)
    assert_allclose(some.intercepts_[1], weighted.intercepts_[1], rtol=1e-9)
    watched = clone(model).set_params(early_stopping=True)
    watched.fit(X[1::2], y[1::2], X_val=X[::2], y_val=y[::2])
    assert_array_equal(some.coefs_[0], watched.coefs_[0])


@each_class
def test_sparse_samples_give_the_weights_of_dense_ones(estimator, iris):
    X, y = np.round(iris[0] - 3), iris[1]
    model = estimator((6,), random_state=0, **DATA_DRIVEN)
    dense, _ = start(model, X, y)
    thin, _ = start(model, sparse.csr_array(X), y)
    for ours, theirs in zip(dense[0] + dense[1], thin[0] + thin[1], strict=True):
        assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@each_class
def test_a_large_table_is_judged_by_some_of_its_rows(estimator, rng):
    X = rng.normal(size=(30_000, 2)) * [1.0, 9.0]
    y = rng.integers(2, size=30_000)
    model = estimator((5,), input_scaling=None, random_state=0, **DATA_DRIVEN)
    (coefs, _), _ = start(model, X, y)
    variances = (X @ coefs[0]).var(axis=0)
    assert_allclose(variances, 1, rtol=0.1)
    assert (variances != 1).all()
    again, _ = start(model, X, y)
    assert_array_equal(coefs[0], again[0][0])


@quietly
@each_class
def test_partial_fit_reads_the_samples_of_its_first_call(estimator, iris):
    X, y = iris
    model = estimator((6,), learning_rate_init=1e-12, random_state=0, **DATA_DRIVEN)
    model.set_params(dtype="float64", batch_size="full", max_iter=1, alpha=1e-4)
    classes = {"classes": [0, 1, 2]} if estimator is BPNetClassifier else {}
    whole, steps = clone(model).fit(X[::2], y[::2]), clone(model)
    steps.partial_fit(X[::2], y[::2], **classes)
    assert_array_equal(steps.coefs_[0], whole.coefs_[0])
    steps.partial_fit(100 * X, y)
    assert_allclose(steps.coefs_[0], whole.coefs_[0], atol=1e-8)


@quietly
@each_class
def test_names_are_instances_with_parameters_of_their_own(estimator, iris):
    model = estimator((6,), random_state=0, max_iter=2, **DATA_DRIVEN)
    by_name = clone(model).fit(*iris)
    instance = clone(model).set_params(initializer__biases=Hull(5)).fit(*iris)
    assert_array_equal(by_name.coefs_[0], instance.coefs_[0])
    other = clone(model).set_params(initializer__biases__n_points=2).fit(*iris)
    assert other.initializer.biases == Hull(2)
    assert (other.intercepts_[0] != by_name.intercepts_[0]).any()
