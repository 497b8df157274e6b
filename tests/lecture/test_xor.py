"""B.1: XOR, by least squares and in a better representation."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0, 1, 1, 0])


@pytest.mark.parametrize(
    "solver",
    [
        {"solver": "lbfgs"},
        {
            "solver": "sgd",
            "momentum": 0.0,
            "learning_rate_init": 0.5,
            "n_iter_no_change": 100,
        },
    ],
    ids=lambda s: s["solver"],
)
def test_least_squares_puts_a_half_everywhere(solver):
    reg = BPNetRegressor(
        (),
        alpha=0,
        tol=1e-12,
        max_iter=3000,
        input_scaling=None,
        target_scaling=None,
        random_state=0,
        **solver,
    ).fit(X, Y)
    theta = [*reg.coefs_[0][:, 0], *reg.intercepts_[0]]
    assert_allclose(theta, [0, 0, 0.5], atol=1e-6)
    assert_allclose(reg.predict(X), 0.5, atol=1e-6)


def test_a_linear_classifier_is_left_at_a_half():
    clf = BPNetClassifier((), solver="lbfgs", alpha=0, tol=1e-10, random_state=0)
    assert_allclose(clf.fit(X, Y).predict_proba(X), 0.5, atol=1e-6)


def representation():
    """The slide's hidden layer: max(0, [1 1; 1 1] x + (0, -1))."""
    return [[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0]


def test_in_the_slides_representation_xor_is_linearly_separable():
    W, b = representation()
    H = np.maximum(X @ W + b, 0)
    assert_array_equal(H, [[0, 0], [1, 0], [1, 0], [2, 1]])
    assert_allclose(np.column_stack([H, np.ones(4)]) @ [1, -2, 0], Y)


@pytest.mark.parametrize("output", ["heaviside", "identity", "sigmoid"])
def test_the_slides_weights_solve_xor(output):
    W, b = representation()
    bias = 0.0 if output == "identity" else -0.5
    clf = BPNetClassifier.from_weights(
        [W, [[1.0], [-2.0]]],
        [b, [bias]],
        activation="relu",
        output_activation=output,
    )
    assert_array_equal(clf.predict(X), Y)


def solves_xor(n_hidden, seed):
    clf = BPNetClassifier(
        (n_hidden,), solver="lbfgs", max_iter=500, random_state=seed
    ).fit(X, Y)
    return (clf.predict(X) == Y).all()


def test_eight_rectifiers_learn_xor_from_nearly_any_random_start():
    assert sum(solves_xor(8, seed) for seed in range(40)) >= 38
    # and it is the units that do it: two of them often fail
    assert sum(solves_xor(2, seed) for seed in range(20)) < 18
