"""A loss of every group of outputs, added up: for several columns of class labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import Activation, Grouped
from sklearn_bpnet.net.losses.base import Loss

__all__ = ["GroupedLoss"]

_Group = tuple[Loss, Activation, slice]


@dataclass(frozen=True)
class GroupedLoss(Loss):
    """The sum of the losses of groups of outputs, L(y, a) = sum_g L_g(y_g, a_g).

    For several columns of class labels. The gradient of a group depends on no other
    group, so D = A - Y if every group's loss and activation are canonical.

    Parameters
    ----------
    losses : tuple of Loss
        One for every group, in its form above the group's activation.
    activation : Grouped
        The groups, and the activation of each.
    """

    losses: tuple[Loss, ...]
    activation: Grouped

    @property
    def tasks(self) -> frozenset[str]:  # type: ignore[override]
        """Where an estimator offers all of the losses."""
        return frozenset.intersection(*(loss.tasks for loss in self.losses))

    @classmethod
    def of(cls, loss: Loss, activation: Grouped) -> GroupedLoss:
        """The same loss for all groups."""
        losses = tuple(loss.for_output(f) for f in activation.activations)
        return cls(losses, activation)

    @property
    def groups(self) -> Iterator[_Group]:
        """Loss, activation and outputs of every group."""
        pairs = zip(self.losses, self.activation.groups, strict=True)
        return ((loss, f, outputs) for loss, (f, outputs) in pairs)

    def encode_targets(self, Y: Array) -> Array:
        parts = [loss.encode_targets(Y[:, k]) for loss, _, k in self.groups]
        return np.concatenate(parts, axis=1)

    def value(self, Y: Array, A: Array) -> Array:
        losses = [loss.value(Y[:, k], A[:, k]) for loss, _, k in self.groups]
        return np.sum(losses, axis=0)

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        for loss, _, k in self.groups:
            loss.gradient(Y[:, k], A[:, k], out=out[:, k])
        return out

    def is_canonical(self, activation: Activation) -> bool:
        return all(loss.is_canonical(f) for loss, f, _ in self.groups)

    def reads_Z(self, activation: Activation) -> bool:
        return any(loss.reads_Z(f) for loss, f, _ in self.groups)

    def value_from_Z(self, Y: Array, Z: Array, A: Array) -> Array:
        losses = [
            loss.value_from_Z(Y[:, k], Z[:, k], A[:, k])
            if loss.reads_Z(f)
            else loss.value(Y[:, k], A[:, k])
            for loss, f, k in self.groups
        ]
        return np.sum(losses, axis=0)

    def value_of_mean(self, Y: Array, Z: Array, A: Array) -> Array:
        losses = [
            loss.value_of_mean(Y[:, k], Z[..., k], A[..., k])
            for loss, _, k in self.groups
        ]
        return np.sum(losses, axis=0)

    def delta_from_Z(self, Y: Array, Z: Array, A: Array, out: Array) -> Array:
        for loss, f, k in self.groups:
            D = out[:, k]
            if loss.reads_Z(f):
                loss.delta_from_Z(Y[:, k], Z[:, k], A[:, k], out=D)
            else:
                G = loss.gradient(Y[:, k], A[:, k], out=np.empty_like(A[:, k]))
                f.vjp(Z[:, k], A[:, k], G, out=D)
        return out
