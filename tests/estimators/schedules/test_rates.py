"""Learning rates of their own: for layers, for kinds of parameters, by their scale."""

from math import sqrt

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, empirical_risk
from sklearn_bpnet.net.activations import Mish, Mixed
from sklearn_bpnet.training.optimizers import (
    SGD,
    AdaGrad,
    Adam,
    AMSGrad,
    GradientDescent,
    Lion,
    NAdam,
    RMSprop,
    Rprop,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])


# "ntk": as if the weights were stored with variance 1, y = X V / sqrt(n_in) + b


def train_unscaled(estimator, X, y, weight_decay):
    """Train V and b, every array by an optimiser of its own; return W = V / root."""
    J = empirical_risk(estimator, X, y)
    network = J.risk.network
    theta, optimizer = J.theta.copy(), estimator.solver
    roots = [sqrt(layer.n_in) for layer in network.layers]
    unscaled = [
        [W * root, b.copy()]
        for (W, b), root in zip(network.arrays(theta), roots, strict=True)
    ]
    # where the gradient is smaller by a root, so must be what is added to its size
    solvers = [
        [
            optimizer.with_params(epsilon=optimizer.epsilon / root)
            if hasattr(optimizer, "epsilon")
            else optimizer,
            optimizer,
        ]
        for root in roots
    ]
    states = [
        [solver.start(a.ravel()) for solver, a in zip(*pair, strict=True)]
        for pair in zip(solvers, unscaled, strict=True)
    ]
    for _ in range(estimator.max_iter):
        gradient = network.arrays(J.value_and_gradient(theta)[1])
        for layer, root in enumerate(roots):
            V, b = unscaled[layer]
            dW, db = gradient[layer]
            V -= estimator.learning_rate_init * weight_decay * V
            for i, (array, d) in enumerate(((V, dW / root), (b, db))):
                flat, g = array.ravel(), d.ravel().copy()  # a view: V is contiguous
                rate = estimator.learning_rate_init
                solvers[layer][i].step(flat, g, states[layer][i], rate)
            blocks = network.arrays(theta)
            blocks[layer][0][...] = V / root
            blocks[layer][1][...] = b
    return [W for W, _ in network.arrays(theta)]


@pytest.mark.parametrize(
    "solver",
    [
        SGD(momentum=0),
        SGD(momentum=0.9),
        GradientDescent(),
        Adam(epsilon=1e-3),
        AMSGrad(epsilon=1e-3),
        NAdam(epsilon=1e-3),
        AdaGrad(epsilon=1e-3),
        RMSprop(epsilon=1e-3),
        Lion(),
        Rprop(),
    ],
    ids=str,
)
@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_ntk_is_training_of_unscaled_weights(solver, weight_decay, iris):
    X, y = iris
    clf = BPNetClassifier(
        (6, 5), activation="tanh", solver=solver, initializer="lecun_normal",
        learning_rate="constant", learning_rate_init=0.05, alpha=1e-3,
        learning_rate_factors={"W": "ntk"},
        weight_decay=weight_decay, dtype="float64", max_iter=25, tol=0,
        n_iter_no_change=np.inf, random_state=0,
    )  # fmt: skip
    if not solver.full_batch:
        clf.set_params(batch_size="full")
    expected = train_unscaled(clf, X, y, weight_decay)
    for W, reference in zip(clf.fit(X, y).coefs_, expected, strict=True):
        assert_allclose(W, reference, rtol=1e-10, atol=1e-12)


def test_ntk_may_be_chosen_layer_by_layer(iris):
    settings = {"learning_rate_init": 0.01, "max_iter": 5, "random_state": 0}
    mixed, numbers = (
        BPNetClassifier((16,), learning_rate_factors={"W": W}, **settings)
        for W in (["ntk", 0.5], [1 / sqrt(4), 0.5])
    )
    for one, other in zip(
        mixed.fit(*iris).coefs_, numbers.fit(*iris).coefs_, strict=True
    ):
        assert_array_equal(one, other)


# The weights of activations


def trained_once(estimator, factors, data):
    """Which of W, b and the activation's weights of layer 1 an epoch moved."""
    model = estimator(
        (4, 3), activation=Mixed(Mish()), learning_rate_factors=factors, max_iter=1,
        random_state=0, initializer="glorot_normal",
    )  # fmt: skip
    start = empirical_risk(model, *data)
    W, b, w = start.risk.network.arrays(start.theta)[0]
    model.fit(*data)
    trained = model.coefs_[0], model.intercepts_[0], model.activation_weights_[0]
    return [
        not np.array_equal(a, np.float32(c))
        for a, c in zip(trained, (W, b, w), strict=True)
    ]


@each_class
@pytest.mark.parametrize(
    ("factors", "moved"),
    [
        (None, [True, True, True]),
        ({"b": 0.1}, [True, True, True]),
        ({"activation": 0}, [True, True, False]),
        ({"activation": [0, 1]}, [True, True, False]),
        ({"activation": [1, 0]}, [True, True, True]),
        ({"W": "ntk", "b": 0}, [True, False, True]),
        ([0, 1, 1], [False, False, False]),
        ([1, 0, 1], [True, True, True]),
    ],
    ids=str,
)
def test_activations_that_learn_have_a_factor_too(estimator, factors, moved, iris):
    assert trained_once(estimator, factors, iris) == moved


# What is refused


@each_class
@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ([1.0], r"each of the 2 layers of weights.*got \[1.0\]"),
        ([1, 2, 3], "each of the 2 layers"),
        ([-1, 1], "at least 0"),
        (["ntk", 1], "finite numbers"),
        ({"b": np.nan}, "finite"),
        ({"b": "ntk"}, "'W': 'ntk'"),
        ({"W": "mup"}, "got {'W': 'mup'}"),
        ({"W": [[1, 2]]}, "each of the 2 layers"),
        ({"W": None}, "finite numbers"),
        ({"bias": 0.1}, r"keys 'W' \(weights\), .* got \['bias'\]"),
    ],
    ids=str,
)
def test_factors_that_fit_no_layer_are_refused(estimator, factors, message, iris):
    with pytest.raises(ValueError, match=message):
        estimator((4,), learning_rate_factors=factors).fit(*iris)


@each_class
def test_a_factor_of_what_the_network_has_not_warns(estimator, iris):
    model = estimator((4,), learning_rate_factors={"activation": 0.1}, max_iter=1)
    message = r"learning_rate_factors\['activation'\] has no effect: the network has no"
    with pytest.warns(UserWarning, match=message):
        model.fit(*iris)
