"""What "auto" stands for, held against the numbers that it says it is."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def table(kind, n_rows, rng):
    X = rng.normal(size=(n_rows, 3))
    if kind == "numbers":
        return X, X[:, 0]
    if kind == "labels":
        return X, (X > 0).astype(int)
    return X, np.arange(n_rows) % kind


def weights(estimator, X, y, sample_weight=None, **parameters):
    model = estimator((4,), max_iter=2, random_state=0, **parameters)
    return model.fit(X, y, sample_weight).coefs_[0]


@pytest.mark.parametrize(
    ("estimator", "kind", "n_rows", "alpha"),
    [
        (BPNetRegressor, "numbers", 1500, 3 / 1500),
        (BPNetRegressor, "numbers", 200, 0.01),
        (BPNetClassifier, 2, 1500, 3 / 1500),
        (BPNetClassifier, 5, 1500, 6 / (5 * 1500)),
        (BPNetClassifier, 2, 200, 0.01),
        (BPNetClassifier, 5, 100, 0.01),
        (BPNetClassifier, "labels", 1500, 3 / 1500),
    ],
)
def test_the_penalty_follows_rows_and_classes(estimator, kind, n_rows, alpha, rng):
    X, y = table(kind, n_rows, rng)
    given = weights(estimator, X, y, alpha=alpha)
    assert_array_equal(weights(estimator, X, y), given)
    assert (weights(estimator, X, y, alpha=2 * alpha) != given).any()


def test_a_row_of_weight_zero_does_not_count(rng):
    X, y = table("numbers", 1500, rng)
    s = np.ones(1500)
    s[::3] = 0
    given = weights(BPNetRegressor, X, y, s, alpha=3 / 1000)
    assert_array_equal(weights(BPNetRegressor, X, y, s), given)


@pytest.mark.parametrize(
    ("n_rows", "batch_size"),
    [(63, 63), (64, 64), (65, 64), (6_400, 64), (9_000, 90), (25_000, 200)],
)
def test_a_batch_is_a_hundredth_of_the_rows(n_rows, batch_size, rng):
    X, y = table("numbers", n_rows, rng)
    given = weights(BPNetRegressor, X, y, batch_size=batch_size)
    assert_array_equal(weights(BPNetRegressor, X, y), given)
    if n_rows > 63:
        other = weights(BPNetRegressor, X, y, batch_size=batch_size - 1)
        assert (other != given).any()


@pytest.mark.parametrize(("n_features", "shrink"), [(3, 1.0), (20, 1.0), (80, 0.5)])
@pytest.mark.parametrize(("solver", "rate"), [("adam", 0.008), ("sgd", 0.01)])
def test_the_learning_rate_follows_solver_and_features(
    n_features, shrink, solver, rate, rng
):
    X = rng.normal(size=(100, n_features))
    given = weights(
        BPNetRegressor, X, X[:, 0], solver=solver, learning_rate_init=rate * shrink
    )
    assert_array_equal(weights(BPNetRegressor, X, X[:, 0], solver=solver), given)
