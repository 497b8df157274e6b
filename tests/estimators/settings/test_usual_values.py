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
        (BPNetClassifier, 2, 1500, 0.55 / 1500**0.75),
        (BPNetClassifier, 5, 1500, 0.22 / 1500**0.75),
        (BPNetClassifier, 2, 200, 0.01),
        (BPNetClassifier, 5, 50, 0.01),
        (BPNetClassifier, "labels", 1500, 0.55 / 1500**0.75),
    ],
)
def test_the_penalty_follows_samples_and_classes(estimator, kind, n_rows, alpha, rng):
    X, y = table(kind, n_rows, rng)
    given = weights(estimator, X, y, alpha=alpha)
    assert_array_equal(weights(estimator, X, y), given)
    assert (weights(estimator, X, y, alpha=2 * alpha) != given).any()


def test_the_penalty_of_regression_follows_samples_unless_the_error_is_squared(rng):
    # what follows the noise is tested in tests/estimators/data/test_noise.py
    for n, alpha in ((1500, 0.55 / 1500**0.75), (200, 0.01)):
        X, y = table("numbers", n, rng)
        for kept in ({"loss": "absolute_error"}, {"solver": "lbfgs"}):
            given = weights(BPNetRegressor, X, y, alpha=alpha, **kept)
            assert_array_equal(weights(BPNetRegressor, X, y, **kept), given)


def test_a_sample_of_weight_zero_does_not_count(rng):
    X, y = table("numbers", 1500, rng)
    s = np.ones(1500)
    s[::3] = 0
    loss = {"loss": "absolute_error"}
    given = weights(BPNetRegressor, X, y, s, alpha=0.55 / 1000**0.75, **loss)
    assert_array_equal(weights(BPNetRegressor, X, y, s, **loss), given)


@pytest.mark.parametrize(
    ("n_rows", "batch_size"),
    [(63, 63), (64, 64), (65, 64), (6_400, 64), (9_000, 90), (25_000, 200)],
)
def test_a_batch_is_a_hundredth_of_the_samples(n_rows, batch_size, rng):
    X, y = table("numbers", n_rows, rng)
    given = weights(BPNetRegressor, X, y, batch_size=batch_size)
    assert_array_equal(weights(BPNetRegressor, X, y), given)
    if n_rows > 63:
        other = weights(BPNetRegressor, X, y, batch_size=batch_size - 1)
        assert (other != given).any()


NOT_TO_REST = {"learning_rate": "constant"}
PATIENT = {"tol": 10.0, "max_iter": 25}  # nothing improves by so much


@pytest.mark.parametrize(
    ("parameters", "n_iter"),
    [
        ({"n_iter_no_change": 3}, 4),
        (NOT_TO_REST, 11),
        ({"learning_rate": "exponential"}, 11),
        ({"early_stopping": True}, 11),
        ({"solver": "gd", **NOT_TO_REST}, 11),
        ({"solver": "gd", "tol": 0.0}, 25),
        ({"tol": 0.0}, 25),
        ({"learning_rate": "one_cycle", "tol": 0.0}, 25),
    ],
    ids=str,
)
@pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
def test_patience_is_endless_where_the_rate_comes_to_rest(
    estimator, parameters, n_iter, rng
):
    X, y = table(2, 100, rng)
    model = estimator((4,), random_state=0, **(PATIENT | parameters)).fit(X, y)
    assert model.n_iter_ == n_iter


def test_partial_fit_and_warm_start_count_on(rng):
    X, y = table("numbers", 100, rng)
    reg = BPNetRegressor((4,), random_state=0, **PATIENT, warm_start=True)
    assert reg.fit(X, y).n_iter_ == 11
    reg = BPNetRegressor((4,), random_state=0, **PATIENT)
    reasons = [reg.partial_fit(X, y).stop_reason_ for _ in range(12)]
    assert reasons.index("converged") == 10


@pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
def test_a_tolerance_without_effect_is_named_at_the_users_line(estimator, rng):
    X, y = table(2, 100, rng)
    model = estimator((4,), tol=0.01, max_iter=2)
    with pytest.warns(UserWarning, match="tol=0.01 has no effect with .*'auto'") as w:
        model.fit(X, y)
    assert w[0].filename == __file__


@pytest.mark.parametrize(("n_features", "shrink"), [(3, 1.0), (20, 1.0), (160, 0.5)])
@pytest.mark.parametrize(("solver", "rate"), [("adam", 0.008), ("sgd", 0.01)])
def test_the_learning_rate_follows_solver_and_features(
    n_features, shrink, solver, rate, rng
):
    X = rng.normal(size=(100, n_features))
    given = weights(
        BPNetRegressor, X, X[:, 0], solver=solver, learning_rate_init=rate * shrink
    )
    assert_array_equal(weights(BPNetRegressor, X, X[:, 0], solver=solver), given)
