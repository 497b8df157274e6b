"""User-defined functions are compared with their formulas before training."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from sklearn_bpnet.net.activations import (
    ACTIVATIONS,
    Activation,
    ElementWise,
    Interval,
    PReLU,
    Tanh,
)
from sklearn_bpnet.net.custom import (
    check_activation,
    check_loss,
)
from sklearn_bpnet.net.losses import LOSSES, FunctionLoss, Loss, Quantile
from sklearn_bpnet.net.registry import is_pair_of_functions

IDENTITY = ACTIVATIONS["identity"]
Y = np.random.default_rng(3).normal(size=(9, 2))


@dataclass(frozen=True)
class Cube(Activation):
    """f(z) = z^3, right in every respect."""

    reads_Z: ClassVar[bool] = True

    def forward(self, Z, out):
        return np.power(Z, 3, out=out)

    def derivative(self, Z, A, out):
        return np.multiply(3, Z**2, out=out)


@dataclass(frozen=True)
class WrongDerivative(Cube):
    def derivative(self, Z, A, out):
        return np.multiply(2, Z**2, out=out)


@dataclass(frozen=True)
class WrongShape(Cube):
    def forward(self, Z, out):
        return Z[:, :1]


@dataclass(frozen=True)
class NoArray(Cube):
    def forward(self, Z, out):
        np.power(Z, 3, out=out)  # and forgets to return it


@dataclass(frozen=True)
class NotInPlace(Cube):
    def forward(self, Z, out):
        np.multiply(Z, Z, out=out)
        out *= Z  # which is out by now, where out is Z
        return out


@dataclass(frozen=True)
class NotANumber(Cube):
    def derivative(self, Z, A, out):
        return out  # never filled


@dataclass(frozen=True)
class WrongVjp(Cube):
    def vjp(self, Z, A, G, out):
        return np.copyto(out, G) or out


@dataclass(frozen=True)
class Quartic(Loss):
    """L(y, a) = 1/4 sum_k (a_k - y_k)^4, right in every respect."""

    def value(self, Y, A):
        return 0.25 * ((A - Y) ** 4).sum(axis=1)

    def gradient(self, Y, A, out):
        return np.power(A - Y, 3, out=out)


@dataclass(frozen=True)
class WrongGradient(Quartic):
    def gradient(self, Y, A, out):
        return np.subtract(A, Y, out=out)


@dataclass(frozen=True)
class MeanOfOutputs(Quartic):  # scikit-learn #8349
    def value(self, Y, A):
        return 0.25 * ((A - Y) ** 4).mean(axis=1)


@dataclass(frozen=True)
class OneNumber(Quartic):
    def value(self, Y, A):
        return 0.25 * ((A - Y) ** 4).sum()


@dataclass(frozen=True)
class OneNumberAnOutput(Quartic):
    def value(self, Y, A):
        return 0.25 * (A - Y) ** 4


# Activations


def test_a_right_activation_passes():
    check_activation(Cube())
    check_activation(ElementWise(np.sin, np.cos))


@pytest.mark.parametrize(
    ("activation", "message"),
    [
        (WrongDerivative(), r"G \* f'\(Z\) is .* by its formula, but .* by central"),
        (WrongVjp(), "by its formula"),
        (WrongShape(), r"forward must be an array of shape \(5, 3\); got \(5, 1\)"),
        (NoArray(), "forward must be an array of shape .*; got NoneType"),
        (NotInPlace(), r"forward\(Z, out=Z\) gives another result"),
        (NotANumber(), "is nan by its formula"),
        (ElementWise(np.sin, np.sin), "ElementWise: .* by its formula"),
        (ElementWise(np.sin, lambda Z: np.nan), "is nan by its formula"),
    ],
    ids=lambda v: type(v).__name__ if isinstance(v, Activation) else "",
)
def test_a_wrong_activation_is_refused_with_what_is_wrong(activation, message):
    with pytest.raises(ValueError, match=message):
        check_activation(activation)


def test_the_two_numbers_of_the_message_are_the_formulas_and_the_true_one():
    # 2 z^2 in place of 3 z^2: the numbers are as 2 to 3, at the Z that is named
    with pytest.raises(ValueError, match="WrongDerivative") as raised:
        check_activation(WrongDerivative())
    words = str(raised.value).split()
    formula, true = (
        float(words[words.index("is") + 1]),
        float(words[words.index("but") + 1]),
    )
    assert formula / true == pytest.approx(2 / 3, rel=1e-4)


def test_registered_activations_are_not_checked(monkeypatch):
    monkeypatch.setattr(Tanh, "derivative", lambda *_: None)
    check_activation(Tanh())
    check_activation(PReLU())


def test_a_subclass_of_a_registered_one_is_user_defined():
    class Wrong(Tanh):
        def derivative(self, Z, A, out):
            return np.subtract(1, A, out=out)

    with pytest.raises(ValueError, match="by its formula"):
        check_activation(Wrong())


def test_an_activation_that_no_gradient_passes_is_not_differentiated():
    class Sign(Activation):
        trainable: ClassVar[bool] = False

        def forward(self, Z, out):
            return np.sign(Z, out=out)

        def derivative(self, Z, A, out):
            raise AssertionError

    check_activation(Sign())


# Losses


def test_a_right_loss_passes():
    check_loss(Quartic(), IDENTITY, Y)
    pair = FunctionLoss(
        lambda Y, A: np.cosh(A - Y).sum(axis=1), lambda Y, A: np.sinh(A - Y)
    )
    check_loss(pair, IDENTITY, Y)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (WrongGradient(), r"dL/da is .* by its formula, but .* differences, at y = "),
        (MeanOfOutputs(), "dL/da is"),
        (OneNumber(), r"value, one number a row, must be .* \(5,\); got \(\)"),
        (OneNumberAnOutput(), r"one number a row, must be .*; got \(5, 2\)"),
        (FunctionLoss(Quartic().value, lambda Y, A: A - Y), "FunctionLoss: dL/da is"),
    ],
    ids=lambda v: type(v).__name__ if isinstance(v, Loss) else "",
)
def test_a_wrong_loss_is_refused_with_what_is_wrong(loss, message):
    with pytest.raises(ValueError, match=message):
        check_loss(loss, IDENTITY, Y)


def test_a_loss_is_checked_with_outputs_that_it_may_meet():
    class LogRatio(Loss):
        """Defined for positive outputs only."""

        domain: ClassVar[Interval] = Interval(0, np.inf)

        def value(self, Y, A):
            return 0.5 * ((np.log(A) - Y) ** 2).sum(axis=1)

        def gradient(self, Y, A, out):
            return np.divide(np.log(A) - Y, A, out=out)

    check_loss(LogRatio(), ACTIVATIONS["exp"], Y)


def test_a_loss_is_checked_on_its_own_targets():
    class Margin(Loss):
        def encode_targets(self, Y):
            return 2 * Y - 1

        def value(self, Y, A):
            assert set(np.unique(Y)) <= {-1, 1}
            return np.exp(-Y * A).sum(axis=1)

        def gradient(self, Y, A, out):
            return np.multiply(-Y, np.exp(-Y * A), out=out)

    check_loss(Margin(), IDENTITY, np.eye(2, dtype=np.uint8)[[0, 1, 1, 0]])


def test_the_targets_are_not_changed(read_only):
    check_loss(Quartic(), IDENTITY, read_only(Y))


@pytest.mark.parametrize("loss", [Quantile((0.1, 0.9)), LOSSES["hinge"]], ids=str)
def test_registered_losses_are_not_checked(loss):
    check_loss(loss, IDENTITY, np.full((5, 1), np.nan))


def test_a_pair_of_functions_is_told_from_two_names():
    assert is_pair_of_functions((np.sin, np.cos))
    for spec in (
        ("relu", "tanh"),
        (Tanh(), Tanh()),
        (np.sin,),
        [np.sin, np.cos],
        "relu",
    ):
        assert not is_pair_of_functions(spec)
