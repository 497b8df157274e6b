from math import exp, inf, log, nan

import numpy as np
import pytest

from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.losses import (
    LOSSES,
    LogLoss,
    Loss,
    PoissonLoss,
    SquaredError,
    check_pair,
)

FORMS = {**LOSSES, "log_loss(categorical)": LogLoss(categorical=True)}
every_loss = pytest.mark.parametrize("loss", FORMS.values(), ids=FORMS.keys())
every_n_outputs = pytest.mark.parametrize("n_outputs", [1, 2, 3])
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])

CANONICAL = {
    "squared_error-identity": (SquaredError(), ACTIVATIONS["identity"]),
    "log_loss-sigmoid": (LogLoss(), ACTIVATIONS["sigmoid"]),
    "log_loss-softmax": (LogLoss(categorical=True), ACTIVATIONS["softmax"]),
    "poisson-exp": (PoissonLoss(), ACTIVATIONS["exp"]),
}
every_canonical_pair = pytest.mark.parametrize(
    ("loss", "link"), CANONICAL.values(), ids=CANONICAL.keys()
)

TRAINABLE = {name for name, f in ACTIVATIONS.items() if f.trainable}
ALLOWED = {
    "squared_error": TRAINABLE,
    "log_loss": {"logistic", "sigmoid", "softmax"},
    "poisson": {"exp", "softplus", "logistic", "sigmoid", "softmax"},
}


def targets(loss, n_rows, n_outputs, rng):
    if isinstance(loss, PoissonLoss):
        return rng.poisson(2, size=(n_rows, n_outputs)).astype(float)
    if isinstance(loss, LogLoss) and loss.categorical:
        return np.eye(n_outputs)[rng.integers(n_outputs, size=n_rows)]
    if isinstance(loss, LogLoss):
        return rng.integers(2, size=(n_rows, n_outputs)).astype(float)
    return rng.normal(size=(n_rows, n_outputs))


def outputs(loss, n_rows, n_outputs, rng):
    """Inside the loss's domain, and far enough from its ends."""
    if loss.domain.high < inf:
        return rng.uniform(0.1, 0.9, size=(n_rows, n_outputs))
    if loss.domain.low > -inf:
        return rng.uniform(0.2, 4, size=(n_rows, n_outputs))
    return rng.normal(size=(n_rows, n_outputs))


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


# Perfect predictions


@every_loss
@every_n_outputs
def test_no_prediction_is_better_than_the_perfect_one(loss, n_outputs, rng):
    Y = outputs(loss, 40, n_outputs, rng)  # inside the domain: a perfect A exists
    A = outputs(loss, 40, n_outputs, rng)
    if isinstance(loss, LogLoss) and loss.categorical:
        Y, A = (P / P.sum(axis=1, keepdims=True) for P in (Y, A))
    assert (loss.value(Y, Y) <= loss.value(Y, A)).all()
    if n_outputs > 1 or not (isinstance(loss, LogLoss) and loss.categorical):
        assert (loss.value(Y, Y) < loss.value(Y, A)).all()


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_the_gradient_is_zero_at_the_perfect_prediction(loss, rng):
    Y = outputs(loss, 6, 3, rng)
    np.testing.assert_allclose(gradient(loss, Y, Y), 0, atol=1e-15)


@every_loss
def test_the_loss_of_a_perfect_prediction_is_zero(loss):
    # counts, labels and numbers alike; Poisson's domain is open at 0
    Y = np.array([[1.0, 0.0], [0.0, 1.0]])
    A = np.maximum(Y, 1e-300) if isinstance(loss, PoissonLoss) else Y
    np.testing.assert_allclose(loss.value(Y, A), 0, atol=1e-15)


# Canonical pairs


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
def test_exactly_the_canonical_pairs_are_called_so(loss, activation):
    form = loss.for_output(activation)
    assert form.is_canonical(activation) == ((form, activation) in CANONICAL.values())


@every_canonical_pair
@every_n_outputs
def test_delta_equals_generic_vjp_for_canonical_pair(loss, link, n_outputs, rng):
    Y, Z = targets(loss, 8, n_outputs, rng), rng.normal(size=(8, n_outputs))
    A = link.forward(Z, out=np.empty_like(Z))
    generic = link.vjp(Z, A, gradient(loss, Y, A), out=np.empty_like(Z))
    np.testing.assert_allclose(generic, A - Y, rtol=1e-10, atol=1e-14)


@every_canonical_pair
@every_n_outputs
def test_value_from_Z_equals_value_from_A(loss, link, n_outputs, rng):
    Y, Z = targets(loss, 8, n_outputs, rng), rng.normal(size=(8, n_outputs))
    A = link.forward(Z, out=np.empty_like(Z))
    np.testing.assert_allclose(
        loss.value_from_Z(Y, Z, A), loss.value(Y, A), rtol=1e-10, atol=1e-14
    )


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


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_check_pair_allows_exactly_what_the_domain_contains(loss, name):
    if name in ALLOWED[loss]:
        check_pair(LOSSES[loss], ACTIVATIONS[name], 3)
        return
    with pytest.raises(ValueError, match=f"output_activation='{name}'") as error:
        check_pair(LOSSES[loss], ACTIVATIONS[name], 3)
    assert f"loss='{loss}'" in str(error.value)


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


@pytest.mark.parametrize("loss", LOSSES)
def test_check_pair_refuses_a_softmax_of_one_output(loss):
    with pytest.raises(ValueError, match="single output is always 1"):
        check_pair(LOSSES[loss], ACTIVATIONS["softmax"], 1)


def test_poisson_refuses_negative_targets_and_says_what_they_are():
    with pytest.raises(ValueError, match=r"min\(y\)=-1.3") as error:
        PoissonLoss().check_targets(np.array([[2.0], [-1.3]]))
    assert "squared_error" in str(error.value)


@pytest.mark.parametrize("Y", [np.zeros((2, 1)), np.zeros((0, 1))], ids=["0", "empty"])
def test_poisson_accepts_what_is_not_negative(Y):
    PoissonLoss().check_targets(Y)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_the_output_of_a_regression_fits_its_loss(loss):
    assert isinstance(loss, Loss)
    assert loss.tasks <= {"classification", "regression"}
    if "regression" in loss.tasks:
        check_pair(loss, ACTIVATIONS[loss.output_activation], 1)


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
