"""The empirical risk: what training minimises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.losses import Loss, check_pair, loss_above
from sklearn_bpnet.net.network import Arrays, Network, Workspace
from sklearn_bpnet.net.penalties import ElasticNet, GroupLasso
from sklearn_bpnet.net.theta import Theta


class LayerPass(NamedTuple):
    """What a forward and a backward pass computed in a layer.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_out)
        Pre-activations, A[l-1] @ W[l] + b[l].
    A : ndarray of shape (n_samples, n_out)
        Activations, f(Z).
    D : ndarray of shape (n_samples, n_out)
        The lecture's delta, dJ/dZ. J is a mean over the samples, so a row of D is the
        delta of that sample times its weight s_n, divided by the number of samples.

    Members that share weights have a row each, those of a sample one after the other;
    J is a mean over the members, too.
    """

    Z: Array
    A: Array
    D: Array


class Backpropagation(NamedTuple):
    """The result of ``EmpiricalRisk.backpropagate``.

    Parameters
    ----------
    value : float
        J(theta), penalty included.
    layers : list of LayerPass
        ``layers[l - 1]`` belongs to the lecture's layer l.
    gradient : Theta
        dJ/dtheta, penalty included: ``gradient.flat``, and (dJ/dW, dJ/db) of every
        layer in ``gradient.arrays``.
    """

    value: float
    layers: list[LayerPass]
    gradient: Theta


class EmpiricalRisk:
    """J(theta) = (1/N) sum_n s_n L(y_n, f(x_n, theta)) + lambda Omega(theta).

    lambda means the same whatever the number of samples and the scale of their
    weights: the weights s_n are those given, scaled to mean 1. Biases are not
    penalised. Of a network with members that share weights, J is the mean of their
    risks: an output layer, which is in that of a single member, has 1/k of lambda.

    Parameters
    ----------
    network : Network
        The function f(x, theta).
    loss : Loss
        L(y, a).
    alpha : float or sequence of float, default=0.0
        lambda, the strength of the penalty, at least 0; or one for every layer.
    penalty : ElasticNet, default=ElasticNet()
        Omega.
    group : GroupLasso, default=GroupLasso()
        A further penalty, on the rows of the first layer's weights.

    Raises
    ------
    ValueError
        If the loss cannot be minimised above the network's output activation.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        alpha: float | Sequence[float] = 0.0,
        penalty: ElasticNet = ElasticNet(),  # noqa: B008  (it is immutable)
        group: GroupLasso = GroupLasso(),  # noqa: B008
    ) -> None:
        activation = network.output_activation
        check_pair(loss, activation, network.output.n_out)
        self.network = network
        self.loss = loss_above(loss, activation)
        self.from_Z = self.loss.reads_Z(activation)
        self.alpha = alpha
        self.penalty = penalty
        self.group = group

    @property
    def is_penalised(self) -> bool:
        """Whether some lambda of the elastic net is positive."""
        return bool(np.any(self.alpha))

    def strength(self, theta: Array) -> Array:
        """lambda of every parameter: its layer's for a weight, 0 for a bias.

        What a block below a layer has of weights is penalised like that layer's.
        """
        network = self.network
        alphas = np.broadcast_to(self.alpha, len(network.layers))
        strength = Theta(network.shapes, network.is_weight(theta.dtype))
        for block, arrays, layer in zip(
            network.blocks, strength.arrays, network.n_layers_below, strict=True
        ):
            for array in arrays:
                array *= alphas[layer] * block.penalty_share
        return strength.flat

    def feature_weights(self, theta: Array) -> Array:
        """W[1] in theta, a view of shape (n_features, n_units)."""
        return self.network.of_layers(self.network.arrays(theta))[0][0]

    def penalty_value(self, theta: Array, strength: Array) -> float:
        """The whole penalty of theta."""
        value = self.penalty.value(theta, strength) if self.is_penalised else 0.0
        if self.group.alpha:
            value += self.group.value(self.feature_weights(theta))
        return value

    def value(
        self,
        theta: Array,
        X: Operand,
        Y: Array,
        sample_weight: Array | None = None,
    ) -> float:
        """J(theta) over the samples X.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            The parameters, float32 or float64: the dtype of the whole computation.
        X : ndarray, sparse matrix or sparse array of shape (n_samples, n_features)
            The inputs.
        Y : ndarray of shape (n_samples, n_targets)
            The targets.
        sample_weight : ndarray of shape (n_samples,), default=None
            Weights, at least 0 with a positive sum; None means equal weights.
        """
        ws = self.network.workspace(X.shape[0], theta.dtype)
        self.network.forward(self.network.arrays(theta), X, ws)
        s = _mean_one(sample_weight)
        losses = self.losses(self.loss.encode_targets(Y), ws[-1].Z, ws[-1].A)
        risk = weighted_sum(losses, s) / X.shape[0]
        return risk + self.penalty_value(theta, self.strength(theta))

    def value_and_gradient(
        self,
        theta: Array,
        X: Operand,
        Y: Array,
        sample_weight: Array | None = None,
    ) -> tuple[float, Array]:
        """J(theta) and dJ/dtheta, of theta's shape; parameters as for ``value``.

        Where a weight is zero, the L1 penalty's subgradient is taken as zero.
        """
        ws = self.network.workspace(X.shape[0], theta.dtype)
        value, gradient = self._both(theta, X, Y, sample_weight, ws)
        return value, gradient.flat

    def backpropagate(
        self,
        theta: Array,
        X: Operand,
        Y: Array,
        sample_weight: Array | None = None,
    ) -> Backpropagation:
        """Everything that one forward and one backward pass compute.

        Parameters are those of ``value``. For a single sample, the lecture's column
        vectors z, a and delta are the transposes of Z, A and D.
        """
        ws = self.network.workspace(X.shape[0], theta.dtype, keep_Z=True)
        value, gradient = self._both(theta, X, Y, sample_weight, ws)
        passes = [LayerPass(ws.Z, ws.A, ws.D) for ws in self.network.of_layers(ws)]
        return Backpropagation(value, passes, gradient)

    def _both(
        self,
        theta: Array,
        X: Operand,
        Y: Array,
        sample_weight: Array | None,
        ws: Workspace,
    ) -> tuple[float, Theta]:
        """J(theta) and dJ/dtheta; what the passes compute is left in ``ws``."""
        arrays = self.network.arrays(theta)
        gradient = Theta.zeros(self.network.shapes, theta.dtype)
        s = _mean_one(sample_weight)
        n = X.shape[0]
        Y = self.loss.encode_targets(Y)
        total = self.add_up(arrays, X, Y, s, n, gradient.arrays, ws)
        strength = self.strength(theta)
        self.penalty.add_l2_gradient(
            theta, strength, gradient.flat, np.empty_like(theta)
        )
        self.penalty.add_l1_subgradient(theta, strength, gradient.flat)
        if self.group.alpha:
            W, dW = (self.feature_weights(t) for t in (theta, gradient.flat))
            self.group.add_subgradient(W, dW)
        return total / n + self.penalty_value(theta, strength), gradient

    def add_up(
        self,
        arrays: Arrays,
        X: Operand,
        Y: Array,
        s: Array | None,
        n: int,
        gradient: Arrays,
        ws: Workspace,
    ) -> float:
        """One forward and one backward pass over a batch, without the penalty.

        Writes the gradient of (1/n) sum_n s_n L_n with respect to ``arrays`` into
        ``gradient`` and returns sum_n s_n L_n. Y holds encoded targets
        (``Loss.encode_targets``). All intermediate arrays lie in ``ws``.
        """
        self.network.forward(arrays, X, ws)
        top, k = ws[-1], self.network.n_members
        total = weighted_sum(self.losses(Y, top.Z, top.A), s)
        Y = repeated(Y, k)
        if self.from_Z:  # BP1, fused: D = A - Y of a canonical pair
            self.loss.delta_from_Z(Y, top.Z, top.A, out=top.D)
        else:  # BP1: D = f.vjp(Z, A, G) with G = dL/dA
            self.loss.gradient(Y, top.A, out=top.G)
            self.network.output.delta(arrays[-1], top)
        # J is a weighted mean over samples and their members: D <- D * s / (n k)
        top.D *= 1 / (n * k) if s is None else repeated(s / (n * k), k)[:, None]
        self.network.backward(arrays, X, ws, gradient)  # BP2, BP3, BP4
        return total

    def losses(self, Y: Array, Z: Array, A: Array) -> Array:
        """L(y_n, a_n) of every sample, from the output's Z and A.

        Of several members it is the mean of their losses.
        """
        k = self.network.n_members
        Y = repeated(Y, k)
        losses = (
            self.loss.value_from_Z(Y, Z, A) if self.from_Z else self.loss.value(Y, A)
        )
        return losses if k == 1 else losses.reshape(-1, k).mean(axis=1)


def repeated(of_samples: Array, k: int) -> Array:
    """What belongs to every sample, for k rows per sample."""
    return of_samples if k == 1 else np.repeat(of_samples, k, axis=0)


def weighted_sum(losses: Array, s: Array | None) -> float:
    """sum_n s_n L_n; with s None the weights are 1."""
    return float(losses.sum() if s is None else np.dot(losses, s))


def _mean_one(sample_weight: Array | None) -> Array | None:
    if sample_weight is None:
        return None
    s = np.asarray(sample_weight, dtype=np.float64)
    if not (np.isfinite(s).all() and (s >= 0).all() and s.any()):
        raise ValueError(
            "sample_weight must be finite and at least 0 everywhere, and sum to more "
            f"than 0; got min={s.min():g}, max={s.max():g}."
        )
    s = np.ldexp(s, -np.frexp(s.max())[1])  # exact, and the sum is finite
    return s / s.mean()
