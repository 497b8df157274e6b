"""Losses, by name, by instance or by a user-defined class.

A pair of loss and output activation whose delta is A - Y is called canonical.

To add a loss, edit ``classification`` or ``regression``: a class, its name in the
file's ``__all__``, and an entry in the file's ``ENTRIES``. A class needs ``value`` and
``gradient``; the rest of ``Loss`` has defaults.
"""

from __future__ import annotations

from sklearn_bpnet.net.activations import (
    ACTIVATIONS,
    Activation,
    Grouped,
    LearnedActivation,
    Softmax,
)
from sklearn_bpnet.net.losses import base, classification, grouped, regression
from sklearn_bpnet.net.losses.base import *  # noqa: F403
from sklearn_bpnet.net.losses.classification import *  # noqa: F403
from sklearn_bpnet.net.losses.grouped import *  # noqa: F403
from sklearn_bpnet.net.losses.regression import *  # noqa: F403
from sklearn_bpnet.net.registry import Registry

__all__ = ["LOSSES", "check_pair", "loss_above"]
__all__ += base.__all__
__all__ += classification.__all__
__all__ += grouped.__all__
__all__ += regression.__all__

LOSSES: Registry[base.Loss] = Registry(
    "loss",
    base.Loss,  # type: ignore[type-abstract]
    {**classification.ENTRIES, **regression.ENTRIES},
    from_functions=base.FunctionLoss,
)


def loss_above(loss: base.Loss, activation: Activation) -> base.Loss:
    """The form that a loss takes above an output activation.

    Above groups of outputs it is the sum of the groups' losses.
    """
    if isinstance(activation, Grouped):
        return grouped.GroupedLoss.of(loss, activation)
    return loss.for_output(activation)


def _problem(loss: base.Loss, activation: Activation, n_outputs: int) -> str | None:
    """Why ``loss`` cannot be minimised above ``activation``; None if it can."""
    if isinstance(activation, Softmax) and n_outputs == 1:
        return "could learn nothing: a softmax of a single output is always 1"
    if isinstance(activation, LearnedActivation):
        return "would learn weights of the output, which only hidden layers may"
    if loss.is_canonical(activation):
        return None
    if isinstance(loss, classification.PerceptronLoss):
        return "is minimised above a step only"
    if not activation.trainable:
        return "would never move a weight: a step has a zero derivative everywhere"
    if not loss.domain.contains(activation.range):
        return f"needs outputs in {loss.domain}, not in {activation.range}"
    return None


def check_pair(loss: base.Loss, activation: Activation, n_outputs: int) -> None:
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
    if isinstance(activation, Grouped):
        for one, size in zip(activation.activations, activation.sizes, strict=True):
            check_pair(loss, one, size)
        return
    problem = _problem(loss, activation, n_outputs)
    if problem is None:
        return
    fitting = [k for k, f in ACTIVATIONS.items() if not _problem(loss, f, n_outputs)]
    raise ValueError(
        f"loss={LOSSES.name_of(loss)!r} above "
        f"output_activation={ACTIVATIONS.name_of(activation)!r} {problem}. "
        f"Use one of: {', '.join(fitting)}."
    )
