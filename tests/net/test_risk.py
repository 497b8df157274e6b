import numpy as np
import pytest
from differences import relative_error
from scipy import sparse
from scipy.optimize import minimize

from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.gradcheck import numerical_gradient
from sklearn_bpnet.net.losses import (
    LOSSES,
    GammaLoss,
    LogLoss,
    PoissonLoss,
    TweedieLoss,
    check_pair,
)
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import ElasticNet
from sklearn_bpnet.net.risk import EmpiricalRisk

N_SAMPLES, N_FEATURES, N_HIDDEN = 4, 2, 3
WEIGHTS = np.array([0.5, 0.0, 2.0, 3.5])
KINK_DISTANCE = 1e-3  # a thousand times the step of the central difference

HIDDEN = [name for name, f in ACTIVATIONS.items() if f.trainable and name != "logistic"]
FORMS = {**LOSSES, "log_loss(categorical)": LogLoss(categorical=True)}


def is_allowed(loss, output, n_outputs):
    try:
        check_pair(FORMS[loss], ACTIVATIONS[output], n_outputs)
    except ValueError:
        return False
    return True


def targets(loss, n_outputs, rng):
    if isinstance(loss, PoissonLoss):
        return rng.poisson(1.5, size=(N_SAMPLES, n_outputs)).astype(float)
    if isinstance(loss, (GammaLoss, TweedieLoss)):
        return rng.gamma(2, size=(N_SAMPLES, n_outputs))
    if loss.tasks == {"classification"} and n_outputs > 1:
        return np.eye(n_outputs)[rng.integers(n_outputs, size=N_SAMPLES)]
    if loss.tasks == {"classification"}:
        return rng.integers(2, size=(N_SAMPLES, 1)).astype(float)
    return rng.normal(size=(N_SAMPLES, n_outputs))


def pre_activations(network, theta, X):
    A, Zs = X, []
    for layer, arrays in zip(network.layers, network.arrays(theta), strict=True):
        Z = A @ arrays[0] + arrays[1]
        Zs.append(Z)
        A = layer.function(arrays).forward(Z, out=np.empty_like(Z))
    return Zs


def problem(names, loss="squared_error", n_outputs=1):
    """A small network, and data at which no unit is at a kink or dead."""
    units = (N_FEATURES, *[N_HIDDEN] * (len(names) - 1), n_outputs)
    network = Network.dense(units, [ACTIVATIONS[name] for name in names])
    for seed in range(10_000):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(N_SAMPLES, N_FEATURES))
        theta = rng.uniform(-0.8, 0.8, size=network.n_parameters)
        Zs = pre_activations(network, theta, X)
        at_kink = any(np.abs(Z).min() < KINK_DISTANCE for Z in Zs)
        dead = any((Z.max(axis=0) < 0).any() for Z in Zs)
        if not at_kink and not dead:
            return network, theta, X, targets(FORMS[loss], n_outputs, rng)
    raise AssertionError("no such point")


def errors_of_gradient(network, loss, theta, X, Y):
    """Relative errors of the gradient: plain; weighted and with an elastic net."""
    variants = {
        "plain": (0.0, ElasticNet(), None),
        "weighted, elastic net": (0.3, ElasticNet(0.4), WEIGHTS),
    }
    errors = {}
    for name, (alpha, penalty, weights) in variants.items():
        risk = EmpiricalRisk(network, loss, alpha, penalty)
        value, gradient = risk.value_and_gradient(theta, X, Y, weights)

        def J(t, risk=risk, weights=weights):
            return risk.value(t, X, Y, weights)

        numeric = numerical_gradient(J, theta)
        assert value == pytest.approx(J(theta), rel=1e-13)
        assert np.linalg.norm(numeric) > 1e-4  # there is a gradient to compare with
        errors[name] = relative_error(gradient, numeric)
    return errors


def linear(n_outputs=1, n_features=N_FEATURES):
    return Network.dense((n_features, n_outputs), [ACTIVATIONS["identity"]])


# The gradient; test_gradients.py draws everything with everything


@pytest.mark.parametrize("hidden", HIDDEN)
def test_gradient_equals_numerical_gradient(hidden):
    network, theta, X, Y = problem((hidden, "tanh", hidden, "identity"), n_outputs=2)
    errors = errors_of_gradient(network, LOSSES["squared_error"], theta, X, Y)
    assert max(errors.values()) < 1e-6, errors


@pytest.mark.parametrize("hidden", [("tanh",), ()], ids=["hidden", "linear"])
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize(
    "loss", ["squared_error", "log_loss", "log_loss(categorical)", "poisson"]
)
def test_gradient_of_every_loss_above_every_output(hidden, loss, n_outputs):
    outputs = [name for name in HIDDEN if is_allowed(loss, name, n_outputs)]
    assert outputs or n_outputs == 1  # none for a softmax of one
    for output in outputs:
        network, theta, X, Y = problem((*hidden, output), loss, n_outputs)
        errors = errors_of_gradient(network, FORMS[loss], theta, X, Y)
        assert max(errors.values()) < 1e-6, (output, errors)


def test_gradient_above_a_step_is_right_and_below_it_only_the_penaltys():
    network, theta, X, Y = problem(("tanh", "heaviside", "tanh", "identity"))
    risk = EmpiricalRisk(network, LOSSES["squared_error"], 0.3)
    _, gradient = risk.value_and_gradient(theta, X, Y)
    numeric = numerical_gradient(lambda t: risk.value(t, X, Y), theta)
    n_below = 2 * 3 + 3 + 3 * 3 + 3  # two layers: the step's own, and the one under it
    above, below = gradient[n_below:], gradient[:n_below]
    assert relative_error(above, numeric[n_below:]) < 1e-6
    assert np.linalg.norm(above) > 0.1
    np.testing.assert_allclose(
        below, 0.3 * (network.is_weight() * theta)[:n_below], rtol=1e-12
    )


def test_gradient_for_sparse_rows_equals_that_for_dense_ones():
    network, theta, X, Y = problem(("tanh", "identity"))
    risk = EmpiricalRisk(network, LOSSES["squared_error"], 0.1)
    dense = risk.value_and_gradient(theta, X, Y, WEIGHTS)
    for form in (sparse.csr_matrix, sparse.csr_array):
        value, gradient = risk.value_and_gradient(theta, form(X), Y, WEIGHTS)
        assert value == pytest.approx(dense[0], rel=1e-13)
        np.testing.assert_allclose(gradient, dense[1], rtol=1e-12)


@pytest.mark.parametrize(("loss", "output", "n_outputs"), [
    ("squared_error", "identity", 3),
    ("log_loss", "sigmoid", 1),
    ("log_loss", "softmax", 3),
    ("poisson", "exp", 1),
    ("poisson", "softplus", 1),
])  # fmt: skip
def test_float32_agrees_with_float64_and_stays_float32(loss, output, n_outputs):
    network, theta, X, Y = problem(("tanh", output), loss, n_outputs)
    risk = EmpiricalRisk(network, FORMS[loss], 0.1, ElasticNet(0.5))
    value, gradient = risk.value_and_gradient(theta, X, Y, WEIGHTS)
    narrow = [a.astype(np.float32) for a in (theta, X, Y, WEIGHTS)]
    narrow_value, narrow_gradient = risk.value_and_gradient(*narrow)
    assert narrow_gradient.dtype == np.float32
    assert narrow_value == pytest.approx(value, rel=1e-5)
    assert relative_error(gradient, narrow_gradient) < 1e-5


# The value


def test_the_risk_is_the_weighted_mean_loss_plus_the_penalty():
    # squared errors 1/2 (1, 4, 9, 16); weights 1, 0, 1, 2 of mean 1
    network = linear(n_features=1)
    X, Y = np.array([[1.0], [2.0], [3.0], [4.0]]), np.zeros((4, 1))
    risk = EmpiricalRisk(network, LOSSES["squared_error"], 0.5, ElasticNet(0.25))
    theta = np.array([1.0, 0.0])
    penalty = 0.5 * (0.25 * 1 + 0.75 / 2 * 1)
    assert risk.value(theta, X, Y) == pytest.approx(30 / 8 + penalty, rel=1e-14)
    weights = [1, 0, 1, 2]
    expected = (1 + 0 + 9 + 32) / 8 + penalty
    assert risk.value(theta, X, Y, weights) == pytest.approx(expected, rel=1e-14)


def test_biases_are_not_penalised():
    network, theta, X, Y = problem(("tanh", "identity"))
    for ratio in (0.0, 0.5, 1.0):
        plain = EmpiricalRisk(network, LOSSES["squared_error"])
        risk = EmpiricalRisk(network, LOSSES["squared_error"], 2.0, ElasticNet(ratio))
        value, gradient = risk.value_and_gradient(theta, X, Y)
        plain_value, plain_gradient = plain.value_and_gradient(theta, X, Y)
        is_bias = network.is_weight() == 0
        np.testing.assert_array_equal(gradient[is_bias], plain_gradient[is_bias])
        assert (gradient[~is_bias] != plain_gradient[~is_bias]).all()
        w = theta[~is_bias]
        omega = ratio * np.abs(w).sum() + (1 - ratio) / 2 * (w**2).sum()
        assert value - plain_value == pytest.approx(2.0 * omega, rel=1e-12)


@pytest.mark.parametrize("loss", sorted(set(LOSSES) - {"perceptron"}))
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_loss_and_gradient_agree_for_any_number_of_outputs(loss, n_outputs):
    # scikit-learn #8349: the loss was a mean over outputs, the gradient a sum
    task = sorted(LOSSES[loss].tasks)[0]
    output = LOSSES[loss].default_output(task)
    network, theta, X, Y = problem(("tanh", output), loss, n_outputs)
    risk = EmpiricalRisk(network, LOSSES[loss])
    _, gradient = risk.value_and_gradient(theta, X, Y)
    numeric = numerical_gradient(lambda t: risk.value(t, X, Y), theta)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-8)
    assert gradient @ numeric / (numeric @ numeric) == pytest.approx(1, rel=1e-6)


def test_multi_output_squared_error_is_the_sum_of_single_outputs():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(6, 2)), rng.normal(size=(6, 3))
    W, b = rng.normal(size=(2, 3)), rng.normal(size=3)
    together = EmpiricalRisk(linear(3), LOSSES["squared_error"])
    value, gradient = together.value_and_gradient(np.r_[W.ravel(), b], X, Y)
    error = X @ W + b - Y
    assert value == pytest.approx((error**2).sum() / 12, rel=1e-13)
    np.testing.assert_allclose(gradient[:6].reshape(2, 3), X.T @ error / 6, rtol=1e-12)
    np.testing.assert_allclose(gradient[6:], error.mean(axis=0), rtol=1e-12)
    single = EmpiricalRisk(linear(1), LOSSES["squared_error"])
    parts = [single.value(np.r_[W[:, k], b[k]], X, Y[:, k : k + 1]) for k in range(3)]
    assert value == pytest.approx(sum(parts), rel=1e-13)


# Weights, samples and alpha


def penalised_risk(loss):
    """A risk with an elastic net, and theta, X, Y."""
    output = LOSSES[loss].default_output(sorted(LOSSES[loss].tasks)[0], True)
    network, theta, X, Y = problem(("tanh", output), loss, 3)
    return EmpiricalRisk(network, LOSSES[loss], 0.3, ElasticNet(0.4)), theta, X, Y


@pytest.fixture(params=sorted(set(LOSSES) - {"perceptron"}))
def penalised(request):
    return penalised_risk(request.param)


@pytest.fixture(params=["squared_error", "log_loss"])
def either_risk(request):
    """One with targets, one from logits: for what does not ask which loss it is."""
    return penalised_risk(request.param)


def assert_same(one, other):
    assert one[0] == pytest.approx(other[0], rel=1e-13)
    np.testing.assert_allclose(one[1], other[1], rtol=1e-11, atol=1e-15)


def test_weight_two_equals_a_duplicated_sample(penalised):
    risk, theta, X, Y = penalised
    weighted = risk.value_and_gradient(theta, X, Y, [1, 2, 1, 3])
    indices = [0, 1, 1, 2, 3, 3, 3]
    assert_same(weighted, risk.value_and_gradient(theta, X[indices], Y[indices]))


def test_weight_zero_equals_an_absent_sample(penalised):
    risk, theta, X, Y = penalised
    weighted = risk.value_and_gradient(theta, X, Y, [1, 0, 1, 0])
    assert_same(weighted, risk.value_and_gradient(theta, X[[0, 2]], Y[[0, 2]]))


@pytest.mark.parametrize("factor", [1e-3, 7.0, 1e6])
def test_scaling_all_weights_changes_nothing(either_risk, factor):
    risk, theta, X, Y = either_risk
    expected = risk.value_and_gradient(theta, X, Y, WEIGHTS)
    assert_same(risk.value_and_gradient(theta, X, Y, factor * WEIGHTS), expected)
    assert risk.value(theta, X, Y, factor * WEIGHTS) == pytest.approx(expected[0])
    equal = np.full(N_SAMPLES, factor)
    assert_same(
        risk.value_and_gradient(theta, X, Y, equal),
        risk.value_and_gradient(theta, X, Y),
    )


@pytest.mark.parametrize("times", [2, 5])
def test_alpha_means_the_same_for_any_number_of_samples(either_risk, times):
    risk, theta, X, Y = either_risk
    more = risk.value_and_gradient(
        theta, np.tile(X, (times, 1)), np.tile(Y, (times, 1)), np.tile(WEIGHTS, times)
    )
    assert_same(more, risk.value_and_gradient(theta, X, Y, WEIGHTS))


def test_the_order_of_the_samples_does_not_matter(either_risk):
    risk, theta, X, Y = either_risk
    order = [2, 0, 3, 1]
    assert_same(
        risk.value_and_gradient(theta, X[order], Y[order], WEIGHTS[order]),
        risk.value_and_gradient(theta, X, Y, WEIGHTS),
    )


def test_nothing_is_written_to_the_arguments(penalised, read_only):
    risk, *arrays = penalised
    arrays = [read_only(a) for a in (*arrays, WEIGHTS)]
    risk.value(*arrays)
    risk.value_and_gradient(*arrays)


@pytest.mark.parametrize(
    "weights",
    [[1, 1, -1, 1], [0, 0, 0, 0], [1, 1, np.nan, 1], [1, 1, np.inf, 1]],
    ids=["negative", "all zero", "nan", "inf"],
)
def test_invalid_weights_raise(either_risk, weights):
    risk, theta, X, Y = either_risk
    for function in (risk.value, risk.value_and_gradient):
        with pytest.raises(ValueError, match="sample_weight"):
            function(theta, X, Y, weights)


@pytest.mark.parametrize("n", [3, 5])
def test_a_wrong_number_of_weights_raises(either_risk, n):
    risk, theta, X, Y = either_risk
    with pytest.raises(ValueError, match=r"\d"):
        risk.value_and_gradient(theta, X, Y, np.ones(n))


# The minimum


@pytest.mark.parametrize("weights", [None, "random"])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_the_minimum_without_hidden_layers_is_ridges(weights, n_outputs):
    rng = np.random.default_rng(5)
    n, alpha = 30, 0.7
    X, Y = rng.normal(size=(n, 3)) + 2, rng.normal(size=(n, n_outputs)) - 1
    weights = None if weights is None else rng.uniform(0, 5, size=n)
    s = np.ones(n) if weights is None else weights / weights.mean()
    # the closed form, with an unpenalised intercept
    x_mean, y_mean = s @ X / n, s @ Y / n
    Xc, Yc = X - x_mean, Y - y_mean
    W = np.linalg.solve(
        Xc.T @ (s[:, None] * Xc) / n + alpha * np.eye(3), Xc.T @ (s[:, None] * Yc) / n
    )
    b = y_mean - x_mean @ W
    network = linear(n_outputs, 3)
    risk = EmpiricalRisk(network, LOSSES["squared_error"], alpha)
    result = minimize(
        risk.value_and_gradient,
        np.zeros(network.n_parameters),
        args=(X, Y, weights),
        jac=True,
        tol=1e-12,
    )
    found_W, found_b = network.arrays(result.x)[0]
    np.testing.assert_allclose(found_W, W, atol=1e-6)
    np.testing.assert_allclose(found_b, b, atol=1e-6)


def test_the_shortcut_from_Z_equals_the_general_rule():
    for loss, output in (
        ("squared_error", "identity"),
        ("log_loss", "sigmoid"),
        ("log_loss", "softmax"),
        ("poisson", "exp"),
        ("focal", "softmax"),
        ("gamma", "exp"),
    ):
        network, theta, X, Y = problem(("tanh", output), loss, 3)
        risk = EmpiricalRisk(network, LOSSES[loss], 0.1)
        fused = risk.value_and_gradient(theta, X, Y, WEIGHTS)
        assert risk.from_Z
        risk.from_Z = False
        assert_same(risk.value_and_gradient(theta, X, Y, WEIGHTS), fused)


@pytest.mark.parametrize(("output", "n_outputs"), [("sigmoid", 1), ("softmax", 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log_loss_stays_finite_from_huge_logits(output, n_outputs, dtype):
    network = Network.dense((1, n_outputs), [ACTIVATIONS[output]])
    risk = EmpiricalRisk(network, LOSSES["log_loss"])
    theta = np.zeros(2 * n_outputs, dtype=dtype)
    theta[:n_outputs] = [1e4, -1e4, 0][:n_outputs]
    X = np.array([[1.0], [-1.0]], dtype=dtype)
    Y = np.zeros((2, n_outputs), dtype=dtype)
    Y[:, 0] = 1
    value, gradient = risk.value_and_gradient(theta, X, Y)
    # right for the first row, wrong for the second by its margin
    assert value == pytest.approx(5e3 if n_outputs == 1 else 1e4, rel=1e-6)
    assert np.isfinite(gradient).all()
    assert gradient.any()


def test_an_impossible_pair_is_refused_when_the_risk_is_built():
    network = Network.dense((2, 1), [ACTIVATIONS["tanh"]])
    with pytest.raises(ValueError, match="needs outputs in"):
        EmpiricalRisk(network, LOSSES["log_loss"])
