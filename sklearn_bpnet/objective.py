"""The empirical risk of an estimator on given data, as a function of theta."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_bpnet import _types as types
from sklearn_bpnet._base import BaseBPNet
from sklearn_bpnet._data.reading import Table
from sklearn_bpnet._fit.call import Arguments, Call
from sklearn_bpnet._fit.follow import follow
from sklearn_bpnet._fit.pose import pose, read
from sklearn_bpnet._fit.start import starting_theta
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._sklearn_compat import Header, validate_parameters
from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.gradcheck import GradientMismatchError, GradientReport, compare
from sklearn_bpnet.net.hyperparameters import is_count
from sklearn_bpnet.net.risk import Backpropagation, EmpiricalRisk
from sklearn_bpnet.training.batches import RowReader


@dataclass(frozen=True)
class Objective:
    """The empirical risk J(theta) of an estimator on a data set, in float64.

    Returned by `empirical_risk`.

    Parameters
    ----------
    risk : EmpiricalRisk
        The estimator's network, loss and penalty.
    X : array or sparse operand of shape (n_samples, n_features)
        Input of the network: standardised, if the estimator standardises features.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets of the output neurons.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the samples, multiplied by class weights.
    theta : ndarray of shape (n_parameters,)
        The weights and biases of the estimator, as one vector.
    """

    risk: EmpiricalRisk
    X: Operand
    Y: Array
    sample_weight: Array | None
    theta: Array

    def value(self, theta: Array) -> float:
        """J(theta)."""
        return self.risk.value(theta, self.X, self.Y, self.sample_weight)

    def value_and_gradient(self, theta: Array) -> tuple[float, Array]:
        """J(theta) and dJ/dtheta, for ``scipy.optimize.minimize(..., jac=True)``."""
        return self.risk.value_and_gradient(theta, self.X, self.Y, self.sample_weight)

    def backpropagate(self, theta: Array) -> Backpropagation:
        """J, dJ/dtheta, and Z, A and delta of every layer."""
        return self.risk.backpropagate(theta, self.X, self.Y, self.sample_weight)

    def coefs_and_intercepts(self, theta: Array) -> tuple[list[Array], list[Array]]:
        """W and b of every layer: views into ``theta``."""
        network = self.risk.network
        layers = network.of_layers(network.arrays(theta))
        return [W for W, *_ in layers], [b for _, b, *_ in layers]


def empirical_risk(
    estimator: BaseBPNet,
    X: types.MatrixLike,
    y: types.MatrixLike,
    sample_weight: ArrayLike | None = None,
) -> Objective:
    """The function of theta that an estimator minimises in ``fit(X, y)``.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        If it is fitted, its weights and its scaling are used. Otherwise the scaling is
        learned from X and y and the weights are drawn, as in `fit`. Not modified.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        The inputs.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples, at least 0.

    Returns
    -------
    Objective
        The function, with the methods ``value(theta)`` and
        ``value_and_gradient(theta)``, and the weights ``theta`` of the estimator.

    Raises
    ------
    TypeError
        If ``estimator`` is not one of the two.
    ValueError
        If X, y, the weights or a parameter is not valid, or if ``n_members > 1``.

    Examples
    --------
    Any minimiser of functions can train a network:

    >>> from scipy.optimize import minimize
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_bpnet import BPNetClassifier, empirical_risk
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = BPNetClassifier((5,), alpha=1e-3, random_state=0)
    >>> J = empirical_risk(clf, X, y)
    >>> result = minimize(J.value_and_gradient, J.theta, jac=True, method="BFGS")
    >>> bool(result.fun < J.value(J.theta))
    True
    """
    if not isinstance(estimator, BaseBPNet):
        raise TypeError(
            "empirical_risk needs a BPNetClassifier or BPNetRegressor; got "
            f"{type(estimator).__name__}. For a pipeline, pass its last step, and the "
            "data as transformed by the previous steps."
        )
    if estimator.n_members > 1:
        raise ValueError(
            "empirical_risk is defined for a single network, but n_members="
            f"{estimator.n_members}. Use n_members=1, or one of the estimators_ of a "
            "fitted ensemble."
        )
    return _objective(estimator, Table(X, y, sample_weight))


def _objective(estimator: BaseBPNet, table: Table) -> Objective:
    """The objective at the fitted weights, or at the initial ones."""
    validate_parameters(estimator)
    random_state = deepcopy(estimator.random_state)
    changes = {"random_state": random_state, "dtype": "float64"}
    changes |= {"early_stopping": False, "warm_start": False, "calibration": None}
    changes |= {"member_folds": None}
    settings = Settings.of(vars(estimator._settings) | changes)
    previous, classes = None, None
    if "_fitted" in vars(estimator):
        previous = estimator._model
        # X may have samples of some of the classes only
        classes = previous.task.facts.get("classes")
    arguments = Arguments(table, classes=classes)
    call = Call(arguments, settings, previous, TrainingState.new(random_state))
    numeric = estimator._kind == "regression"
    header = Header(estimator)
    data, task, _ = read(call, header, estimator._learn_task, numeric=numeric)
    call = follow(call, data, numeric=numeric)
    problem, _ = pose(call, data, task, estimator._build_network)
    network = None if previous is None else previous.networks[0]
    theta = starting_theta(problem, call.state, network).flat
    samples = data.training
    scaling, makes_dense = problem.standardization, problem.risk.network.makes_dense
    reader = RowReader(samples.X, np.float64, scaling, makes_dense=makes_dense)
    Y = np.asarray(problem.task.in_network_units(samples.Y), dtype=np.float64)
    inputs = reader.read(slice(0, len(Y)))
    return Objective(problem.risk, inputs, Y, samples.weights, theta)


def check_gradient(
    estimator: BaseBPNet,
    X: types.MatrixLike,
    y: types.MatrixLike,
    sample_weight: ArrayLike | None = None,
    *,
    gradient: ArrayLike | None = None,
    rtol: float = 1e-5,
    n_per_array: int | None = None,
    random_state: int = 0,
) -> GradientReport:
    """Compare backpropagation with central differences on given data.

    For every parameter t of the network, dJ/dt by backpropagation is compared with
    (J(t + h) - J(t - h)) / 2h, which takes two forward passes over X. J is the
    empirical risk that `fit` minimises, including penalty and sample weights, in
    float64. Use few samples, and a small network or ``n_per_array``.

    If J has a kink within the step (a ReLU at 0, an L1 penalty of a zero weight), any
    value between the one-sided derivatives is accepted.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        If it is fitted, the gradient is checked at its weights, otherwise at the
        initial weights of `fit`. Not modified.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        The inputs.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples, at least 0.
    gradient : array-like of shape (n_parameters,), default=None
        A gradient to check in place of that of the package, such as the result of a
        user-defined backward pass: dJ/dW in C order and dJ/db of the first layer, then
        of the next one; a learned input scale comes first.
    rtol : float, default=1e-5
        Relative tolerance. Differences below 1e-8 * max(J, 1) are always attributed to
        rounding.
    n_per_array : int, default=None
        Number of randomly chosen parameters of each weight matrix and bias vector that
        are checked, at least 1. None means all.
    random_state : int, default=0
        Determines the choice.

    Returns
    -------
    GradientReport
        Number of parameters checked, and the largest difference.

    Raises
    ------
    GradientMismatchError
        An AssertionError that names the parameters whose derivatives differ, with both
        values; its ``report`` lists them.
    TypeError, ValueError
        As for `empirical_risk`; ValueError also if ``gradient`` or ``n_per_array`` is
        not valid.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_bpnet import BPNetClassifier, check_gradient
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = BPNetClassifier((5,), activation="gelu", random_state=0)
    >>> report = check_gradient(clf, X, y)
    >>> report.n_checked, report.largest_error < 1e-5
    (43, True)
    """
    J = empirical_risk(estimator, X, y, sample_weight)
    if gradient is None:
        _, gradient = J.value_and_gradient(J.theta)
    gradient = np.asarray(gradient, dtype=np.float64)
    if gradient.shape != J.theta.shape:
        raise ValueError(
            f"gradient must have the shape {J.theta.shape}, one number for every "
            f"weight and bias; got {gradient.shape}."
        )
    positions = None
    if n_per_array is not None:
        if not is_count(n_per_array):
            raise ValueError(
                "n_per_array must be at least 1, a whole number, or None; got "
                f"{n_per_array!r}."
            )
        rng = np.random.default_rng(random_state)
        positions = _random_positions(J.risk.network.shapes, n_per_array, rng)
    report = compare(J.value, J.theta, gradient, J.risk.network, positions, rtol)
    if report.mismatches:
        raise GradientMismatchError(report)
    return report


def _random_positions(
    shapes: Sequence[Sequence[tuple[int, ...]]], n: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Random positions in theta, up to n of every array."""
    sizes = [int(np.prod(shape)) for block in shapes for shape in block]
    starts = np.cumsum([0, *sizes[:-1]])
    return np.concatenate(
        [
            start + np.sort(rng.permutation(size)[:n])
            for start, size in zip(starts, sizes, strict=True)
        ]
    )
