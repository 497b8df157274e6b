from math import cosh, exp, inf, log, nan

import numpy as np
import pytest
from scipy import integrate, optimize

from sklearn_bpnet.net.activations import ACTIVATIONS, Ascending
from sklearn_bpnet.net.losses import (
    LOSSES,
    AbsoluteError,
    Expectile,
    FocalLoss,
    GammaLoss,
    Hinge,
    Huber,
    LogCosh,
    LogLoss,
    Loss,
    PerceptronLoss,
    PoissonLoss,
    Quantile,
    SquaredError,
    SquaredHinge,
    TweedieLoss,
    check_pair,
)

FORMS = {name: loss for name, loss in LOSSES.items() if name != "perceptron"} | {
    "log_loss(categorical)": LogLoss(categorical=True),
    "focal(categorical)": FocalLoss(categorical=True),
    "focal(gamma=0.5)": FocalLoss(gamma=0.5),
    "huber(delta=0.5)": Huber(0.5),
    "quantile(0.9)": Quantile(0.9),
    "expectile(0.1)": Expectile(0.1),
    "tweedie(power=1)": TweedieLoss(1.0),
    "tweedie(power=2)": TweedieLoss(2.0),
    "tweedie(power=3)": TweedieLoss(3.0),
}
every_loss = pytest.mark.parametrize("loss", FORMS.values(), ids=FORMS.keys())
every_n_outputs = pytest.mark.parametrize("n_outputs", [1, 3])
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])

CANONICAL = {
    "squared_error-identity": (SquaredError(), ACTIVATIONS["identity"]),
    "log_loss-sigmoid": (LogLoss(), ACTIVATIONS["sigmoid"]),
    "log_loss-softmax": (LogLoss(categorical=True), ACTIVATIONS["softmax"]),
    "perceptron-heaviside": (PerceptronLoss(), ACTIVATIONS["heaviside"]),
    "poisson-exp": (PoissonLoss(), ACTIVATIONS["exp"]),
}
DIFFERENTIABLE = {k: v for k, v in CANONICAL.items() if "perceptron" not in k}
every_canonical_pair = pytest.mark.parametrize(
    ("loss", "link"), DIFFERENTIABLE.values(), ids=DIFFERENTIABLE.keys()
)
# pairs that compute value and delta from Z
FROM_Z = DIFFERENTIABLE | {
    "focal-sigmoid": (FocalLoss(), ACTIVATIONS["sigmoid"]),
    "focal-softmax": (FocalLoss(categorical=True), ACTIVATIONS["softmax"]),
    "focal(0.5)-sigmoid": (FocalLoss(gamma=0.5), ACTIVATIONS["sigmoid"]),
    "gamma-exp": (GammaLoss(), ACTIVATIONS["exp"]),
    "tweedie-exp": (TweedieLoss(), ACTIVATIONS["exp"]),
    "tweedie(1)-exp": (TweedieLoss(1.0), ACTIVATIONS["exp"]),
    "tweedie(2)-exp": (TweedieLoss(2.0), ACTIVATIONS["exp"]),
    "tweedie(3)-exp": (TweedieLoss(3.0), ACTIVATIONS["exp"]),
}
every_linked_pair = pytest.mark.parametrize(
    ("loss", "link"), FROM_Z.values(), ids=FROM_Z.keys()
)

TRAINABLE = {name for name, f in ACTIVATIONS.items() if f.trainable} - {"prelu"}
POSITIVE = {"exp", "softplus", "logistic", "sigmoid", "softmax"}
ALLOWED = {name: TRAINABLE for name in LOSSES} | {
    "log_loss": {"logistic", "sigmoid", "softmax"},
    "focal": {"logistic", "sigmoid", "softmax"},
    "perceptron": {"heaviside"},
    "poisson": POSITIVE,
    "gamma": POSITIVE,
    "tweedie": POSITIVE,
}


def test_the_usual_hyper_parameters():
    assert LOSSES["log_loss"] == LogLoss(categorical=False, label_smoothing=0.0)
    assert LOSSES["focal"] == FocalLoss(categorical=False, gamma=2.0)
    assert LOSSES["huber"] == Huber(delta=1.35)
    assert LOSSES["quantile"] == Quantile(level=0.5)
    assert LOSSES["expectile"] == Expectile(level=0.5)
    assert LOSSES["tweedie"] == TweedieLoss(power=1.5)


def targets(loss, n_samples, n_outputs, rng):
    shape = (n_samples, n_outputs)
    if isinstance(loss, PoissonLoss):
        return rng.poisson(2, size=shape).astype(float)
    if isinstance(loss, (GammaLoss, TweedieLoss)):
        return rng.gamma(2, size=shape)
    if getattr(loss, "categorical", False):
        return np.eye(n_outputs)[rng.integers(n_outputs, size=n_samples)]
    if loss.tasks == {"classification"}:
        return loss.encode_targets(rng.integers(2, size=shape).astype(float))
    return rng.normal(size=shape)


def outputs(loss, n_samples, n_outputs, rng):
    """Inside the loss's domain, and far enough from its ends."""
    if loss.domain.high < inf:
        return rng.uniform(0.1, 0.9, size=(n_samples, n_outputs))
    if loss.domain.low > -inf:
        return rng.uniform(0.2, 4, size=(n_samples, n_outputs))
    return rng.normal(size=(n_samples, n_outputs))


def gradient(loss, Y, A):
    return loss.gradient(Y, A, out=np.full_like(A, nan))


@every_loss
@every_n_outputs
def test_gradient_equals_central_differences(
    loss, n_outputs, rng, read_only, gradient_of_sum
):
    Y = read_only(targets(loss, 6, n_outputs, rng))
    A = read_only(outputs(loss, 6, n_outputs, rng))
    numeric = gradient_of_sum(lambda a: loss.value(Y, a), A)
    np.testing.assert_allclose(gradient(loss, Y, A), numeric, rtol=1e-6, atol=1e-8)


@every_loss
@every_n_outputs
def test_a_loss_is_one_number_a_sample(loss, n_outputs, rng):
    Y, A = targets(loss, 5, n_outputs, rng), outputs(loss, 5, n_outputs, rng)
    whole = loss.value(Y, A)
    assert whole.shape == (5,)
    single = [loss.value(Y[i : i + 1], A[i : i + 1])[0] for i in range(5)]
    np.testing.assert_allclose(whole, single, rtol=1e-14)


@every_loss
def test_a_loss_is_summed_over_the_outputs(loss, rng):
    Y, A = targets(loss, 5, 3, rng), outputs(loss, 5, 3, rng)
    parts = [loss.value(Y[:, k : k + 1], A[:, k : k + 1]) for k in range(3)]
    np.testing.assert_allclose(loss.value(Y, A), np.sum(parts, axis=0), rtol=1e-12)


@every_loss
@every_dtype
def test_dtype_is_kept(loss, dtype, rng, read_only):
    Y = read_only(targets(loss, 4, 2, rng), dtype)
    A = read_only(outputs(loss, 4, 2, rng), dtype)
    out = np.empty_like(A)
    assert loss.value(Y, A).dtype == dtype
    assert loss.value_from_Z(Y, A, A).dtype == dtype
    assert loss.gradient(Y, A, out=out) is out
    np.testing.assert_allclose(
        out, gradient(loss, Y.astype(float), A.astype(float)), rtol=1e-5
    )


# Values by hand


def test_squared_error_is_half_the_squared_distance():
    Y, A = np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([[3.0, 1.0], [0.5, -1.0]])
    np.testing.assert_array_equal(SquaredError().value(Y, A), [2.5, 0.125])
    np.testing.assert_array_equal(gradient(SquaredError(), Y, A), [[2, -1], [0.5, 0]])


def test_bernoulli_log_loss_counts_both_events_of_every_output():
    Y, A = np.array([[1.0, 0.0, 0.0]]), np.array([[0.5, 0.25, 0.2]])
    expected = -(log(0.5) + log(0.75) + log(0.8))
    assert LogLoss().value(Y, A)[0] == pytest.approx(expected, rel=1e-14)
    expected = [[-1 / 0.5, 1 / 0.75, 1 / 0.8]]
    np.testing.assert_allclose(gradient(LogLoss(), Y, A), expected, rtol=1e-14)


def test_categorical_log_loss_counts_only_the_class_that_occurred():
    Y, A = np.array([[1.0, 0.0, 0.0]]), np.array([[0.5, 0.3, 0.2]])
    loss = LogLoss(categorical=True)
    assert loss.value(Y, A)[0] == pytest.approx(-log(0.5), rel=1e-14)
    np.testing.assert_allclose(gradient(loss, Y, A), [[-2, 0, 0]], rtol=1e-14)


def test_categorical_log_loss_of_two_classes_is_bernoulli_of_one(rng):
    p, y = rng.uniform(size=(6, 1)), rng.integers(2, size=(6, 1)).astype(float)
    both = LogLoss(categorical=True).value(np.c_[1 - y, y], np.c_[1 - p, p])
    np.testing.assert_allclose(LogLoss().value(y, p), both, rtol=1e-12)


def test_poisson_loss_is_half_the_deviance():
    Y, A = np.array([[3.0, 0.0]]), np.array([[2.0, 0.5]])
    expected = 3 * log(3 / 2) - 3 + 2 + 0.5
    assert PoissonLoss().value(Y, A)[0] == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(gradient(PoissonLoss(), Y, A), [[-0.5, 1.0]])


@pytest.mark.parametrize(
    ("loss", "y", "a", "value", "slope"),
    [
        (AbsoluteError(), 1.0, 3.5, 2.5, 1.0),
        (AbsoluteError(), 1.0, 0.0, 1.0, -1.0),
        (Huber(2.0), 1.0, 2.5, 1.125, 1.5),
        (Huber(2.0), 1.0, -4.0, 2 * (5 - 1), -2.0),
        (LogCosh(), 1.0, 3.0, log(cosh(2.0)), 0.9640275800758169),
        (Quantile(0.9), 1.0, 0.0, 0.9, -0.9),
        (Quantile(0.9), 1.0, 3.0, 0.2, 0.1),
        (Expectile(0.9), 1.0, 0.0, 0.9, -1.8),
        (Expectile(0.9), 1.0, 3.0, 0.4, 0.4),
        (Hinge(), 1.0, 0.25, 0.75, -1.0),
        (Hinge(), -1.0, 0.25, 1.25, 1.0),
        (Hinge(), 1.0, 1.5, 0.0, 0.0),
        (SquaredHinge(), 1.0, 0.5, 0.25, -1.0),
        (SquaredHinge(), -1.0, -2.0, 0.0, 0.0),
        (GammaLoss(), 3.0, 2.0, log(2 / 3) + 1.5 - 1, 0.5 - 0.75),
        (FocalLoss(), 1.0, 0.75, -(0.25**2) * log(0.75), None),
        (FocalLoss(), 0.0, 0.75, -(0.75**2) * log(0.25), None),
    ],
)
def test_values_by_hand(loss, y, a, value, slope):
    Y, A = np.array([[y]]), np.array([[a]])
    assert loss.value(Y, A)[0] == pytest.approx(value, rel=1e-14)
    if slope is not None:
        assert gradient(loss, Y, A)[0, 0] == pytest.approx(slope, rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0, 2.7])
def test_tweedie_loss_is_the_integral_of_its_score(power, rng):
    # d L / d a = (a - y) / a^p and L(y, y) = 0
    for y, a in rng.uniform(0.3, 4, size=(4, 2)):
        expected, _ = integrate.quad(lambda m, y=y: (m - y) / m**power, y, a)
        value = TweedieLoss(power).value(np.array([[y]]), np.array([[a]]))[0]
        assert value == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("power", "limit"), [(1.0, PoissonLoss()), (2.0, GammaLoss())], ids=str
)
def test_tweedie_losses_have_their_limits(power, limit, rng):
    Y, A = rng.gamma(2, size=(5, 2)), rng.uniform(0.2, 4, size=(5, 2))
    at, near = TweedieLoss(power), TweedieLoss(power + 1e-7)
    np.testing.assert_allclose(at.value(Y, A), limit.value(Y, A), rtol=1e-12)
    np.testing.assert_allclose(gradient(at, Y, A), gradient(limit, Y, A), rtol=1e-12)
    np.testing.assert_allclose(near.value(Y, A), at.value(Y, A), rtol=1e-5, atol=1e-7)


def test_tweedie_loss_of_a_zero_is_finite_below_power_two():
    Y, Z = np.array([[0.0]]), np.array([[log(2.0)]])
    # a^(2 - p) / (2 - p)
    value = TweedieLoss(1.5).value_from_Z(Y, Z, np.exp(Z))[0]
    assert value == pytest.approx(2**0.5 / 0.5)


@pytest.mark.parametrize("categorical", [False, True])
def test_focal_loss_of_gamma_zero_is_the_log_loss(categorical, rng):
    focal, plain = FocalLoss(categorical, gamma=0.0), LogLoss(categorical)
    Y, A = targets(plain, 6, 3, rng), outputs(plain, 6, 3, rng)
    np.testing.assert_allclose(focal.value(Y, A), plain.value(Y, A), rtol=1e-12)
    np.testing.assert_allclose(gradient(focal, Y, A), gradient(plain, Y, A), rtol=1e-12)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("name", ["sigmoid", "softmax"])
@every_dtype
def test_focal_loss_from_logits_is_finite_at_ten_thousand(gamma, name, dtype):
    link = ACTIVATIONS[name]
    loss = FocalLoss(gamma=gamma).for_output(link)
    Z = np.array([[1e4, -1e4], [1e4, -1e4]], dtype=dtype)
    Y = np.array([[1, 0], [0, 1]], dtype=dtype)
    A = link.forward(Z, out=np.empty_like(Z))
    np.testing.assert_allclose(loss.value_from_Z(Y, Z, A), [0, 2e4], rtol=1e-6)
    D = loss.delta_from_Z(Y, Z, A, out=np.empty_like(Z))
    np.testing.assert_allclose(D, A - Y, atol=1e-6)


def test_label_smoothing_spreads_a_share_of_the_target_evenly():
    one_hot = np.array([[1.0, 0, 0, 0]])
    smooth = LogLoss(categorical=True, label_smoothing=0.2).encode_targets(one_hot)
    np.testing.assert_allclose(smooth, [[0.85, 0.05, 0.05, 0.05]])
    events = LogLoss(label_smoothing=0.2).encode_targets(np.array([[1.0, 0.0]]))
    np.testing.assert_allclose(events, [[0.9, 0.1]])
    smooth = LogLoss(label_smoothing=0.2).for_output(ACTIVATIONS["softmax"])
    assert smooth == LogLoss(categorical=True, label_smoothing=0.2)


def test_hinge_targets_are_minus_one_and_one():
    Y = np.array([[1, 0]], dtype=np.uint8)
    np.testing.assert_array_equal(Hinge().encode_targets(Y), [[1.0, -1.0]])


def test_the_perceptrons_delta_is_the_error_of_the_step():
    Z, Y = np.array([[2.0, -3.0, 0.5]]), np.array([[1.0, 1.0, 0.0]])
    loss, step = PerceptronLoss(), ACTIVATIONS["heaviside"]
    A = step.forward(Z, out=np.empty_like(Z))
    # right; a missed yes, 3 from the boundary; a wrong yes, 0.5 from it
    assert loss.value_from_Z(Y, Z, A)[0] == 3.5
    D = loss.delta_from_Z(Y, Z, A, out=np.empty_like(Z))
    np.testing.assert_array_equal(D, [[0, -1, 1]])


# Minimisers


@pytest.mark.parametrize("tau", [0.1, 0.5, 0.9])
def test_the_pinball_loss_is_least_at_the_quantile(tau, rng):
    y = rng.normal(size=(1001, 1))
    risk = [Quantile(tau).value(y, np.full_like(y, a)).sum() for a in y[:, 0]]
    assert y[np.argmin(risk), 0] == np.quantile(y, tau, method="inverted_cdf")


def test_the_expectile_balances_the_weighted_errors(rng):
    y, tau = rng.gamma(2, size=(200, 1)), 0.8
    loss = Expectile(tau)
    best = optimize.minimize_scalar(
        lambda a: loss.value(y, np.full_like(y, a)).sum(), tol=1e-12
    ).x
    above, below = np.maximum(y - best, 0).sum(), np.maximum(best - y, 0).sum()
    assert tau * above == pytest.approx((1 - tau) * below, rel=1e-6)


def test_several_quantiles_are_one_output_each(rng):
    levels = (0.1, 0.5, 0.9)
    loss, y = Quantile(levels), rng.normal(size=(5, 2))
    assert loss.n_outputs(2) == 6
    Y, A = loss.encode_targets(y), rng.normal(size=(5, 6))
    expected = sum(
        Quantile(tau).value(y, A[:, [i, 3 + i]]) for i, tau in enumerate(levels)
    )
    np.testing.assert_allclose(loss.value(Y, A), expected, rtol=1e-12)
    assert loss.default_output("regression") == Ascending(3)


# Perfect predictions


def _is_margin(loss):
    return isinstance(loss, (Hinge, SquaredHinge))


PROPER = {
    name: loss
    for name, loss in FORMS.items()
    if not _is_margin(loss) and not isinstance(loss, FocalLoss)
}
every_proper_loss = pytest.mark.parametrize("loss", PROPER.values(), ids=PROPER.keys())


@every_proper_loss
@every_n_outputs
def test_no_prediction_is_better_than_the_perfect_one(loss, n_outputs, rng):
    Y = outputs(loss, 40, n_outputs, rng)  # inside the domain: a perfect A exists
    A = outputs(loss, 40, n_outputs, rng)
    if isinstance(loss, LogLoss) and loss.categorical:
        Y, A = (P / P.sum(axis=1, keepdims=True) for P in (Y, A))
    assert (loss.value(Y, Y) <= loss.value(Y, A)).all()
    if n_outputs > 1 or not (isinstance(loss, LogLoss) and loss.categorical):
        assert (loss.value(Y, Y) < loss.value(Y, A)).all()


# a quantile has a kink there; of a categorical loss it is zero along the distributions
# only: see the canonical pairs
SMOOTH = {
    name: loss
    for name, loss in PROPER.items()
    if not isinstance(loss, Quantile) and not getattr(loss, "categorical", False)
}


@pytest.mark.parametrize("loss", SMOOTH.values(), ids=SMOOTH.keys())
def test_the_gradient_is_zero_at_the_perfect_prediction(loss, rng):
    Y = outputs(loss, 6, 3, rng)
    np.testing.assert_allclose(gradient(loss, Y, Y), 0, atol=1e-15)


@every_loss
def test_the_loss_of_a_perfect_prediction_is_zero(loss):
    # counts, labels, signs and numbers alike; a deviance's domain is open at 0
    Y = np.array([[1.0, 0.0], [0.0, 1.0]])
    if _is_margin(loss):
        Y = loss.encode_targets(Y)
    elif isinstance(loss, (GammaLoss, TweedieLoss)):
        Y += 1
    A = np.maximum(Y, 1e-300) if loss.domain.low == 0 < loss.domain.high == inf else Y
    np.testing.assert_allclose(loss.value(Y, A), 0, atol=1e-12)


# Canonical pairs


def test_exactly_the_canonical_pairs_are_called_so():
    called = {
        (loss.for_output(activation), activation)
        for loss in LOSSES.values()
        for activation in ACTIVATIONS.values()
        if loss.for_output(activation).is_canonical(activation)
    }
    assert called == set(CANONICAL.values())


@every_canonical_pair
@every_n_outputs
def test_delta_equals_generic_vjp_for_canonical_pair(loss, link, n_outputs, rng):
    Y, Z = targets(loss, 8, n_outputs, rng), rng.normal(size=(8, n_outputs))
    A = link.forward(Z, out=np.empty_like(Z))
    generic = link.vjp(Z, A, gradient(loss, Y, A), out=np.empty_like(Z))
    np.testing.assert_allclose(generic, A - Y, rtol=1e-10, atol=1e-14)


@every_linked_pair
@every_n_outputs
def test_value_and_delta_from_Z_equal_those_from_A(loss, link, n_outputs, rng):
    Y, Z = targets(loss, 8, n_outputs, rng), rng.normal(size=(8, n_outputs))
    A = link.forward(Z, out=np.empty_like(Z))
    assert loss.reads_Z(link)
    np.testing.assert_allclose(
        loss.value_from_Z(Y, Z, A), loss.value(Y, A), rtol=1e-10, atol=1e-14
    )
    generic = link.vjp(Z, A, gradient(loss, Y, A), out=np.empty_like(Z))
    delta = loss.delta_from_Z(Y, Z, A, out=np.full_like(Z, nan))
    np.testing.assert_allclose(delta, generic, rtol=1e-9, atol=1e-13)


def test_only_pairs_that_are_tested_read_Z():
    tested = {(type(loss), link) for loss, link in FROM_Z.values()}
    for loss in FORMS.values():
        for activation in ACTIVATIONS.values():
            form = loss.for_output(activation)
            if form.reads_Z(activation):
                assert (type(form), activation) in tested


def test_log_loss_from_Z_of_soft_labels_equals_that_from_A(rng):
    Z, Y = rng.normal(size=(5, 3)), rng.uniform(size=(5, 3))
    for loss, name in ((LogLoss(), "sigmoid"), (LogLoss(categorical=True), "softmax")):
        A = ACTIVATIONS[name].forward(Z, out=np.empty_like(Z))
        np.testing.assert_allclose(loss.value_from_Z(Y, Z, A), loss.value(Y, A))


@pytest.mark.parametrize("name", ["sigmoid", "softmax"])
@every_dtype
def test_log_loss_from_logits_is_exact_at_ten_thousand(name, dtype, read_only):
    link = ACTIVATIONS[name]
    loss = LogLoss().for_output(link)
    Z = read_only([[1e4, -1e4], [1e4, -1e4], [-1e4, 1e4]], dtype)
    Y = read_only([[1, 0], [0, 1], [0, 1]], dtype)
    A = link.forward(Z, out=np.empty_like(Z))
    expected = [0, 2e4, 0]  # 1e4 for each of two Bernoullis, or the distance of two
    np.testing.assert_allclose(loss.value_from_Z(Y, Z, A), expected, rtol=1e-6)
    assert np.isfinite(loss.value(Y, A)).all()


@every_dtype
def test_poisson_loss_from_Z_is_finite_at_ten_thousand(dtype, read_only):
    Z = read_only([[-1e4], [1e4]], dtype)
    Y = read_only([[3], [3]], dtype)
    A = ACTIVATIONS["exp"].forward(Z, out=np.empty_like(Z))
    assert np.isfinite(PoissonLoss().value_from_Z(Y, Z, A)).all()


@pytest.mark.parametrize("name", sorted(ALLOWED["poisson"] - {"exp"}))
@every_dtype
def test_poisson_loss_is_finite_above_every_allowed_activation(name, dtype):
    Z = np.array([[-1e3, 1e3], [1e3, -1e3]], dtype=dtype)
    Y = np.array([[20, 0], [0, 20]], dtype=dtype)
    activation = ACTIVATIONS[name]
    A = activation.forward(Z, out=np.empty_like(Z))
    assert np.isfinite(PoissonLoss().value(Y, A)).all()
    D = activation.vjp(Z, A, gradient(PoissonLoss(), Y, A), out=np.empty_like(Z))
    assert np.isfinite(D).all()


def test_a_log_loss_above_a_softmax_is_categorical():
    assert LogLoss().for_output(ACTIVATIONS["softmax"]) == LogLoss(categorical=True)
    assert LogLoss().for_output(ACTIVATIONS["sigmoid"]) == LogLoss()
    assert SquaredError().for_output(ACTIVATIONS["softmax"]) == SquaredError()


# What is refused


def refusal(loss, activation):
    """What check_pair says about two names; None where it allows the pair."""
    try:
        check_pair(LOSSES[loss], ACTIVATIONS[activation], 3)
    except ValueError as error:
        return str(error)
    return None


def test_check_pair_allows_exactly_what_the_domain_contains():
    refused = {
        (loss, name): refusal(loss, name) for loss in LOSSES for name in ACTIVATIONS
    }
    allowed = {pair for pair, message in refused.items() if message is None}
    assert allowed == {(loss, name) for loss in LOSSES for name in ALLOWED[loss]}
    for (loss, name), message in refused.items():
        if message is not None:
            known_as = ACTIVATIONS.name_of(ACTIVATIONS[name])  # sigmoid has two names
            assert f"output_activation='{known_as}'" in message
            assert f"loss='{loss}'" in message


@pytest.mark.parametrize("loss", ["poisson", "log_loss"])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_check_pair_names_the_activations_that_would_do(loss, n_outputs):
    with pytest.raises(ValueError, match="needs outputs in") as error:
        check_pair(LOSSES[loss], ACTIVATIONS["identity"], n_outputs)
    reason, _, remedy = str(error.value).partition("Use one of: ")
    assert str(LOSSES[loss].domain) in reason
    assert "(-inf, inf)" in reason
    would_do = ALLOWED[loss] - ({"softmax"} if n_outputs == 1 else set())
    assert set(remedy.rstrip(".").split(", ")) == would_do


def test_check_pair_refuses_a_step_because_its_derivative_is_zero():
    with pytest.raises(ValueError, match="zero derivative"):
        check_pair(LOSSES["squared_error"], ACTIVATIONS["heaviside"], 1)


@pytest.mark.parametrize("loss", [name for name in LOSSES if name != "perceptron"])
def test_check_pair_refuses_a_softmax_of_one_output(loss):
    with pytest.raises(ValueError, match="single output is always 1"):
        check_pair(LOSSES[loss], ACTIVATIONS["softmax"], 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LogLoss(label_smoothing=1.0), "label_smoothing must lie in"),
        (lambda: FocalLoss(gamma=-1.0), "gamma must be at least 0"),
        (lambda: Huber(0.0), "delta must be positive"),
        (lambda: Quantile(1.0), "level must be a number in"),
        (lambda: Quantile((0.5, 0.1)), "in ascending order"),
        (lambda: Quantile(()), "level must be"),
        (lambda: Expectile(0.0), "level must lie in"),
        (lambda: TweedieLoss(0.5), "power must be at least 1"),
    ],
)
def test_parameters_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("loss", [GammaLoss(), TweedieLoss(2.0)], ids=str)
def test_a_positive_distribution_refuses_a_zero(loss):
    with pytest.raises(ValueError, match=r"y > 0; got min\(y\)=0"):
        loss.check_targets(np.array([[2.0], [0.0]]))


def test_a_compound_poisson_distribution_accepts_zeros_but_nothing_below():
    TweedieLoss(1.5).check_targets(np.array([[2.0], [0.0]]))
    with pytest.raises(ValueError, match="y >= 0"):
        TweedieLoss(1.5).check_targets(np.array([[2.0], [-1.0]]))


def test_poisson_refuses_negative_targets_and_says_what_they_are():
    with pytest.raises(ValueError, match=r"min\(y\)=-1.3") as error:
        PoissonLoss().check_targets(np.array([[2.0], [-1.3]]))
    assert "squared_error" in str(error.value)


@pytest.mark.parametrize("Y", [np.zeros((2, 1)), np.zeros((0, 1))], ids=["0", "empty"])
def test_poisson_accepts_what_is_not_negative(Y):
    PoissonLoss().check_targets(Y)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_the_default_outputs_fit_the_loss(loss):
    assert isinstance(loss, Loss)
    assert loss.tasks <= {"classification", "regression"}
    for task in loss.tasks:
        activation = ACTIVATIONS.resolve(loss.default_output(task))
        check_pair(loss.for_output(activation), activation, 1)
    if "classification" in loss.tasks:
        activation = ACTIVATIONS.resolve(loss.default_output("classification", True))
        check_pair(loss.for_output(activation), activation, 3)


SCALABLE = {name: loss for name, loss in FORMS.items() if loss.scalable_target}
WITH_A_SCALE = {"huber", "huber(delta=0.5)", "log_cosh"}
SCALE_FREE = {k: loss for k, loss in SCALABLE.items() if k not in WITH_A_SCALE}


def minimiser(loss, y):
    """argmin over a of sum_n L(y_n, a)."""

    def risk(a):
        return loss.value(y[:, None], np.full((len(y), 1), a)).sum()

    return optimize.minimize_scalar(risk, (y.min(), y.max()), tol=1e-12).x


@pytest.fixture
def y(rng):
    return rng.normal(size=51)  # so many that no quantile is an interval


@pytest.mark.parametrize("loss", SCALABLE.values(), ids=SCALABLE.keys())
def test_shifted_targets_move_the_minimiser_with_them(loss, y):
    shifted = minimiser(loss, y + 3)
    assert shifted == pytest.approx(minimiser(loss, y) + 3, abs=1e-6)


@pytest.mark.parametrize("loss", SCALE_FREE.values(), ids=SCALE_FREE.keys())
def test_scaled_targets_move_the_minimiser_of_a_loss_without_a_scale(loss, y):
    scaled = minimiser(loss, 4 * y)
    assert scaled == pytest.approx(4 * minimiser(loss, y), abs=1e-2)


def test_the_scale_of_a_loss_is_in_units_of_the_targets(y):
    assert set(SCALABLE) - set(SCALE_FREE) == WITH_A_SCALE
    scaled = minimiser(Huber(4 * 0.5), 4 * y)
    assert scaled == pytest.approx(4 * minimiser(Huber(0.5), y), abs=1e-6)
    assert abs(minimiser(Huber(0.5), 4 * y) - scaled) > 1e-3
    # ln cosh has no parameter: of small errors it is the mean, of large ones the median
    small, large = 1e-3 * y, 1e5 * y
    assert minimiser(LogCosh(), small) == pytest.approx(small.mean(), abs=1e-6)
    assert minimiser(LogCosh(), large) == pytest.approx(np.median(large), rel=1e-2)


def test_standardised_targets_leave_the_squared_errors_minimiser_in_place():
    # argmin over a of sum L(y, a), for y -> (y - m) / d, is (mean(y) - m) / d
    y = np.array([1.0, 2.0, 6.0])
    candidates = np.linspace(-10, 10, 2001)
    for m, d in ((0.0, 1.0), (2.0, 4.0)):
        Y = np.repeat(((y - m) / d)[:, None], len(candidates), axis=1)
        A = np.tile(candidates, (3, 1))
        losses = SquaredError().value(Y.T.reshape(-1, 1), A.T.reshape(-1, 1))
        best = candidates[losses.reshape(-1, 3).sum(axis=1).argmin()]
        assert best * d + m == pytest.approx(3.0, abs=0.05)


def test_the_scale_of_a_log_probability():
    # 0.9 and 0.1 are logits of ln 9 and -ln 9
    Z = np.array([[log(9.0)]])
    A = ACTIVATIONS["sigmoid"].forward(Z, out=np.empty_like(Z))
    value = LogLoss().value_from_Z(np.array([[0.0]]), Z, A)[0]
    assert exp(-value) == pytest.approx(0.1, rel=1e-12)
