"""A fit that fails leaves the estimator as it was."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])


class Interrupted(Exception):  # noqa: N818
    """Raised by a scorer in the middle of training."""


def interrupt(model, X, y):
    raise Interrupted("in a scorer")


FAILURES = {
    "not one finite step": (
        {"solver": "sgd", "learning_rate_init": 1e300, "loss": "squared_error"},
        lambda X, y: (1000 * X, y),
        ValueError,
    ),
    "infinity in X": ({}, lambda X, y: (X + np.inf, y), ValueError),
    "another number of samples": ({}, lambda X, y: (X[:, :2], y[1:]), ValueError),
    "a parameter that does not fit": (
        {"hidden_layer_sizes": (3, 3), "activation": ["tanh"]},
        lambda X, y: (X[:, :2], y),
        ValueError,
    ),
    "an exception in training": (
        {"early_stopping": True, "scoring": interrupt},
        lambda X, y: (X[:, :2], y[::-1]),
        Interrupted,
    ),
}


def state_of(model):
    """What a user can see of a fitted model, by value."""
    return {k: repr(v) for k, v in vars(model).items() if k.endswith("_")}


@each_class
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("n_members", [1, 2])
def test_f3_the_earlier_model_stays_whole(estimator, failure, n_members, iris):
    X, y = iris
    settings, change, error = failure
    model = estimator((4,), n_members=n_members, max_iter=5, random_state=0)
    model.fit(X, y)
    before, predictions = state_of(model), model.predict(X)
    model.set_params(**settings)
    with pytest.raises(error):
        model.fit(*change(X, y))
    assert state_of(model) == before
    assert_array_equal(model.predict(X), predictions)


@each_class
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_f3_after_a_first_fit_that_failed_nothing_is_fitted(estimator, failure, iris):
    X, y = iris
    settings, change, error = failure
    model = estimator((4,), max_iter=5, random_state=0).set_params(**settings)
    with pytest.raises(error):
        model.fit(*change(X, y))
    assert state_of(model) == {}
    with pytest.raises(NotFittedError):
        model.predict(X)


@each_class
def test_f3_a_partial_fit_that_failed_can_be_followed_by_another(estimator, iris):
    X, y = iris
    first = {"classes": [0, 1, 2]} if estimator is BPNetClassifier else {}
    model = estimator((4,), learning_rate_init=0.01, random_state=0)
    twin = clone(model).partial_fit(X, y, **first)
    model.partial_fit(X, y, **first)
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(X[:, :2], y)
    with pytest.raises(ValueError, match="infinity"):
        model.partial_fit(X + np.inf, y)
    for each in (model, twin):
        each.partial_fit(X, y)
    assert_array_equal(model.coefs_[0], twin.coefs_[0])


@each_class
def test_f3_a_second_fit_leaves_nothing_of_the_first(estimator, iris):
    X, y = iris
    model = estimator((4,), early_stopping=True, max_iter=3, random_state=0)
    model.set_params(activation="prelu", learned_input_scale=True).fit(X, y)
    assert {"validation_scores_", "activation_weights_"} <= vars(model).keys()
    model.set_params(early_stopping=False, activation="relu")
    model.set_params(learned_input_scale=False).fit(X, y)
    fresh = clone(model).fit(X, y)
    assert vars(model).keys() == vars(fresh).keys()
