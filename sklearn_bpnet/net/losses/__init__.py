"""Losses, by name, by instance or by a class of the user's own.

A pair of loss and output activation whose delta is A - Y is called canonical. To add
a loss: one class in ``classification`` or ``regression``, one entry in ``LOSSES``.
"""

from __future__ import annotations

from sklearn_bpnet.net.activations import (
    ACTIVATIONS,
    Activation,
    LearnedActivation,
    Softmax,
)
from sklearn_bpnet.net.losses.base import FunctionLoss, Loss
from sklearn_bpnet.net.losses.classification import (
    FocalLoss,
    Hinge,
    LogLoss,
    MarginLoss,
    PerceptronLoss,
    ProbabilityLoss,
    SquaredError,
    SquaredHinge,
)
from sklearn_bpnet.net.losses.regression import (
    AbsoluteError,
    DevianceLoss,
    Expectile,
    GammaLoss,
    Huber,
    LogCosh,
    PoissonLoss,
    Quantile,
    TweedieLoss,
)
from sklearn_bpnet.net.registry import Registry

__all__ = [
    "LOSSES",
    "AbsoluteError",
    "DevianceLoss",
    "Expectile",
    "FocalLoss",
    "FunctionLoss",
    "GammaLoss",
    "Hinge",
    "Huber",
    "LogCosh",
    "LogLoss",
    "Loss",
    "MarginLoss",
    "PerceptronLoss",
    "PoissonLoss",
    "ProbabilityLoss",
    "Quantile",
    "SquaredError",
    "SquaredHinge",
    "TweedieLoss",
    "check_pair",
]

LOSSES: Registry[Loss] = Registry(
    "loss",
    Loss,  # type: ignore[type-abstract]
    {
        "log_loss": LogLoss(),
        "squared_error": SquaredError(),
        "hinge": Hinge(),
        "squared_hinge": SquaredHinge(),
        "perceptron": PerceptronLoss(),
        "focal": FocalLoss(),
        "absolute_error": AbsoluteError(),
        "huber": Huber(),
        "log_cosh": LogCosh(),
        "quantile": Quantile(),
        "expectile": Expectile(),
        "poisson": PoissonLoss(),
        "gamma": GammaLoss(),
        "tweedie": TweedieLoss(),
    },
    from_functions=FunctionLoss,
)


def _problem(loss: Loss, activation: Activation, n_outputs: int) -> str | None:
    """Why ``loss`` cannot be minimised above ``activation``; None if it can."""
    if isinstance(activation, Softmax) and n_outputs == 1:
        return "could learn nothing: a softmax of a single output is always 1"
    if isinstance(activation, LearnedActivation):
        return "would learn weights of the output, which only hidden layers may"
    if loss.is_canonical(activation):
        return None
    if isinstance(loss, PerceptronLoss):
        return "is minimised above a step only"
    if not activation.trainable:
        return "would never move a weight: a step has a zero derivative everywhere"
    if not loss.domain.contains(activation.range):
        return f"needs outputs in {loss.domain}, not in {activation.range}"
    return None


def check_pair(loss: Loss, activation: Activation, n_outputs: int) -> None:
    """Raise ValueError if ``loss`` cannot be minimised above ``activation``.

    Parameters
    ----------
    loss : Loss
        The loss of the outputs.
    activation : Activation
        The output activation.
    n_outputs : int
        Number of output units.
    """
    problem = _problem(loss, activation, n_outputs)
    if problem is None:
        return
    fitting = [k for k, f in ACTIVATIONS.items() if not _problem(loss, f, n_outputs)]
    raise ValueError(
        f"loss={LOSSES.name_of(loss)!r} above "
        f"output_activation={ACTIVATIONS.name_of(activation)!r} {problem}. "
        f"Use one of: {', '.join(fitting)}."
    )
