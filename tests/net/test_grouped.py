"""Groups of outputs, each with its own activation and loss."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_bpnet.net.activations import (
    ACTIVATIONS,
    Grouped,
    Identity,
    Sigmoid,
    Softmax,
)
from sklearn_bpnet.net.gradcheck import numerical_gradient
from sklearn_bpnet.net.losses import (
    FocalLoss,
    FunctionLoss,
    GroupedLoss,
    Hinge,
    LogLoss,
    SquaredError,
    check_pair,
    loss_above,
)
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.net.theta import Theta
from sklearn_bpnet.net.user_defined import check_user_defined

SIZES = (3, 1, 2)
SLICES = [slice(0, 3), slice(3, 4), slice(4, 6)]
CLASSES = Grouped((Softmax(), Sigmoid(), Softmax()), SIZES)
GROUPED = {
    "softmax, sigmoid, softmax": CLASSES,
    "ordinal": Grouped((Identity(), Sigmoid(), Softmax()), SIZES),
    "identity": Grouped((Identity(), Identity(), Identity()), SIZES),
    "silu": Grouped((ACTIVATIONS["silu"], Sigmoid(), ACTIVATIONS["tanh"]), SIZES),
}
every_grouping = pytest.mark.parametrize(
    "activation", GROUPED.values(), ids=GROUPED.keys()
)
LOSSES = {
    "log_loss": LogLoss(),
    "smoothed": LogLoss(label_smoothing=0.1),
    "focal": FocalLoss(),
    "squared_error": SquaredError(),
    "hinge": Hinge(),
    "function": FunctionLoss(
        lambda Y, A: ((A - Y) ** 4).sum(axis=1), lambda Y, A: 4 * (A - Y) ** 3
    ),
}
PAIRS = [
    pytest.param(loss, activation, id=f"{name} above {of_groups}")
    for name, loss in LOSSES.items()
    for of_groups, activation in GROUPED.items()
    if name not in ("log_loss", "smoothed", "focal") or activation is CLASSES
]
every_pair = pytest.mark.parametrize(("loss", "activation"), PAIRS)


def targets(n, rng):
    """One class of three, one of two in a single unit, one of two."""
    codes = [rng.integers(k, size=n) for k in (3, 2, 2)]
    return np.hstack([np.eye(3)[codes[0]], codes[1][:, None], np.eye(2)[codes[2]]])


def forward(activation, Z):
    return activation.forward(Z, np.full_like(Z, np.nan))


@every_grouping
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_group_has_its_activation(activation, dtype, rng, read_only):
    Z = read_only(rng.normal(size=(5, 6)).astype(dtype))
    A = forward(activation, Z)
    for f, units in zip(activation.activations, SLICES, strict=True):
        assert_array_equal(A[:, units], forward(f, np.ascontiguousarray(Z[:, units])))
    in_place = Z.copy()
    assert_array_equal(activation.forward(in_place, in_place), A)


@every_grouping
def test_vjp_equals_central_differences(activation, rng):
    Z, G = rng.normal(size=(2, 4, 6))
    numeric = numerical_gradient(
        lambda z: float((G * forward(activation, z.reshape(Z.shape))).sum()), Z.ravel()
    )
    A = forward(activation, Z)
    D = activation.vjp(Z, A, G, np.full_like(Z, np.nan))
    assert_allclose(D, numeric.reshape(Z.shape), rtol=1e-6, atol=1e-8)
    diagonal = activation.derivative(Z, A, np.full_like(Z, np.nan))
    for j in range(6):
        unit = np.zeros_like(Z)
        unit[:, j] = 1
        column = activation.vjp(Z, A, unit, np.empty_like(Z))[:, j]
        assert_allclose(diagonal[:, j], column, rtol=1e-12)


@every_pair
def test_the_loss_is_the_sum_of_those_of_the_groups(loss, activation, rng):
    Y, Z = targets(7, rng), rng.normal(size=(7, 6))
    joint, A = loss_above(loss, activation), forward(activation, Z)
    encoded = joint.encode_targets(Y)
    total = 0
    for f, units in zip(activation.activations, SLICES, strict=True):
        one = loss.for_output(f)
        of_group = one.encode_targets(Y[:, units])
        assert_array_equal(encoded[:, units], of_group)
        total = total + one.value(of_group, A[:, units])
    assert_allclose(joint.value(encoded, A), total, rtol=1e-14)
    assert_allclose(joint.value_from_Z(encoded, Z, A), total, rtol=1e-10)


@every_pair
def test_value_and_delta_from_Z_are_those_from_A(loss, activation, rng):
    joint, Z = loss_above(loss, activation), rng.normal(size=(7, 6))
    Y, A = joint.encode_targets(targets(7, rng)), forward(activation, Z)
    G = joint.gradient(Y, A, np.full_like(A, np.nan))
    expected = activation.vjp(Z, A, G, np.full_like(A, np.nan))
    D = joint.delta_from_Z(Y, Z, A, np.full_like(A, np.nan))
    assert_allclose(D, expected, rtol=1e-9, atol=1e-12)
    if joint.is_canonical(activation):
        assert_allclose(D, A - Y, rtol=1e-14)


@every_pair
def test_backpropagation_equals_central_differences(loss, activation, rng):
    network = Network.dense((3, 4, 6), (ACTIVATIONS["tanh"], activation))
    risk = EmpiricalRisk(network, loss, alpha=0.1)
    theta = rng.normal(size=network.n_parameters)
    X, Y, s = rng.normal(size=(8, 3)), targets(8, rng), rng.uniform(0, 2, 8)
    _, gradient = risk.value_and_gradient(theta, X, Y, s)
    numeric = numerical_gradient(lambda t: risk.value(t, X, Y, s), theta)
    assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-7)
    assert Theta(network.shapes, gradient).flat is gradient


def test_cross_entropies_are_canonical_above_their_links():
    assert loss_above(LogLoss(), CLASSES).is_canonical(CLASSES)
    assert not loss_above(SquaredError(), CLASSES).reads_Z(CLASSES)
    assert not loss_above(FocalLoss(), CLASSES).is_canonical(CLASSES)
    ordinal = loss_above(SquaredError(), GROUPED["ordinal"])
    assert ordinal.reads_Z(GROUPED["ordinal"])
    assert not ordinal.is_canonical(GROUPED["ordinal"])


def test_a_pair_that_does_not_fit_is_that_of_a_group():
    with pytest.raises(ValueError, match=r"log_loss.*'identity' needs outputs in"):
        check_pair(LogLoss(), GROUPED["ordinal"], 6)
    with pytest.raises(ValueError, match="softmax of a single output"):
        check_pair(LogLoss(), Grouped((Softmax(), Softmax()), (3, 1)), 4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_logits_have_finite_losses(dtype, rng):
    Z = np.array([[1e4, -1e4, 0, -1e4, 1e4, 0]], dtype)
    Y = np.array([[0, 1, 0, 1, 0, 1]], dtype)
    joint = loss_above(LogLoss(), CLASSES)
    A = forward(CLASSES, Z)
    assert_allclose(joint.value_from_Z(Y, Z, A), [2e4 + 1e4 + 1e4])


def test_user_defined_functions_in_a_group_are_checked(rng):
    wrong = FunctionLoss(
        lambda Y, A: ((A - Y) ** 2).sum(axis=1), lambda Y, A: 3 * (A - Y)
    )
    for sizes in (SIZES, (1, 3, 2)):
        output = Grouped(GROUPED["identity"].activations, sizes)
        risk = EmpiricalRisk(Network.dense((3, 6), (output,)), wrong)
        assert isinstance(risk.loss, GroupedLoss)
        with pytest.raises(ValueError, match="by its formula, but"):
            check_user_defined(risk, targets(8, rng))
