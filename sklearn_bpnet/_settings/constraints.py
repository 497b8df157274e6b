"""Constraints of the constructor's parameters, derived from the registries."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer_names

from sklearn_bpnet._sklearn_compat import HasMethods, Interval, Options
from sklearn_bpnet.net.activations import ACTIVATIONS, Activation
from sklearn_bpnet.net.blocks.embeddings import NUMERIC_EMBEDDINGS, NumericEmbedding
from sklearn_bpnet.net.hyperparameters import is_finite
from sklearn_bpnet.net.initializers import INITIALIZERS, Initializer
from sklearn_bpnet.net.losses import LOSSES, Loss
from sklearn_bpnet.net.registry import is_pair_of_functions
from sklearn_bpnet.net.targets import TARGET_ENCODINGS
from sklearn_bpnet.options import (
    CategoricalEmbedding,
    Dropout,
    EarlyStopping,
    Initialization,
    MemberFolds,
    WeightDecay,
)
from sklearn_bpnet.training.full_batch import FULL_BATCH_SOLVERS, FullBatchSolver
from sklearn_bpnet.training.monitor.recording import RECORDS
from sklearn_bpnet.training.optimizers import OPTIMIZERS, Optimizer
from sklearn_bpnet.training.schedules import SCHEDULES, Schedule

# of counts, which NumPy stores in 64 bits
_LARGEST_INT = 2**63 - 1


class Number(Interval):
    """An interval of numbers, which booleans are not; integers have 64 bits."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Whether a value is in the interval."""
        if not is_finite(val) or (self.type is Integral and val > _LARGEST_INT):
            return False
        return bool(super().is_satisfied_by(val))

    def __str__(self) -> str:
        text = str(super().__str__())
        return text.replace(", inf)", ", 2**63)") if self.type is Integral else text


class Choice(Options):
    """One of several values of a type, in alphabetical order in messages."""

    def __str__(self) -> str:
        names = sorted(getattr(o, "__name__", repr(o)) for o in self.options)
        kind = {type: "class", Real: "float"}.get(self.type, self.type.__name__)
        return f"a {kind} among {{{', '.join(names)}}}"


class PairOfFunctions(HasMethods):
    """Two functions: of an activation or a loss, and of its derivative."""

    def __init__(self) -> None:
        super().__init__(["__call__"])

    def is_satisfied_by(self, val: Any) -> bool:
        """Whether a value is a tuple of two functions."""
        return is_pair_of_functions(val)

    def __str__(self) -> str:
        return "a tuple of two functions, itself and its derivative"


def one_of(names: Iterable[str]) -> Choice:
    """One of some strings."""
    return Choice(str, set(names))


_AT_LEAST_ZERO = Number(Real, 0, None, closed="left")
_POSITIVE = Number(Real, 0, None, closed="neither")
_COUNT = Number(Integral, 1, None, closed="left")
_DECAY = Number(Real, 0, 1, closed="left")
_SEED = Number(Integral, 0, 2**32 - 1, closed="both")
_FUNCTIONS = PairOfFunctions()
DTYPES = {"float32": np.float32, "float64": np.float64}
# in the order of the constructor: network; loss and penalty; optimisation; schedule;
# stopping and validation; data and scaling; ensemble; output
CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", _COUNT, one_of({"auto"})],
    "activation": [one_of(ACTIVATIONS), Activation, list, tuple],
    "output_activation": [one_of({"auto", *ACTIVATIONS}), Activation, _FUNCTIONS],
    "initializer": [one_of(INITIALIZERS), Initializer, Initialization],
    "numeric_embedding": [
        one_of({"auto", *NUMERIC_EMBEDDINGS}),
        NumericEmbedding,
        None,
    ],
    "learned_input_scale": ["boolean"],
    "target_encoding": [one_of(TARGET_ENCODINGS)],
    "loss": [Loss, _FUNCTIONS],  # and names, see `constraints`
    "class_weight": [dict, list, one_of({"balanced"}), None],
    "alpha": [_AT_LEAST_ZERO, "array-like", one_of({"auto"})],
    "l1_ratio": [Number(Real, 0, 1, closed="both")],
    "group_alpha": [_AT_LEAST_ZERO],
    "dropout": [_DECAY, "array-like", Dropout],
    "solver": [
        one_of({*FULL_BATCH_SOLVERS, *OPTIMIZERS}),
        Optimizer,
        FullBatchSolver,
    ],
    "batch_size": [one_of({"auto", "full"}), _COUNT],
    "momentum": [Number(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "beta_1": [_DECAY],
    "beta_2": [_DECAY],
    "epsilon": [_POSITIVE],
    "weight_decay": [_AT_LEAST_ZERO, WeightDecay, None],
    "clip_norm": [_POSITIVE, None],
    "learning_rate_factors": ["array-like", dict, None],
    "ema_decay": [_DECAY, None],
    "shuffle": ["boolean"],
    "max_fun": [_COUNT],
    "learning_rate_init": [_POSITIVE, one_of({"auto"})],
    "learning_rate": [one_of({"auto", *SCHEDULES}), Schedule, callable],
    "power_t": [_AT_LEAST_ZERO],
    "max_iter": [_COUNT, one_of({"auto"})],
    "time_budget": [_POSITIVE, None],
    "tol": [_AT_LEAST_ZERO],
    "n_iter_no_change": [_COUNT, Choice(Real, {np.inf}), one_of({"auto"})],
    "early_stopping": ["boolean", EarlyStopping],
    "validation_fraction": [_DECAY, HasMethods(["split", "get_n_splits"])],
    "scoring": [one_of({"loss", *get_scorer_names()}), callable, None],
    "categorical_features": ["array-like", one_of({"from_dtype"}), None],
    "max_categories": [Number(Integral, 2, None, closed="left"), None],
    "categorical_embedding": [_COUNT, one_of({"auto"}), CategoricalEmbedding, None],
    "input_scaling": [one_of({"auto", "standard", "squash", "quantile"}), None],
    "target_scaling": [one_of({"auto", "standard"}), tuple, list, None],
    "clip_predictions": ["boolean"],
    "dtype": [
        one_of({"auto", "input", *DTYPES}),
        Choice(type, set(DTYPES.values())),
    ],
    "n_members": [_COUNT],
    "member_folds": [
        Number(Integral, 2, None, closed="left"),
        HasMethods(["split", "get_n_splits"]),
        list,
        tuple,
        MemberFolds,
        None,
    ],
    "shared_members": [_COUNT, None, one_of({"auto"})],
    "n_jobs": [_COUNT, Number(Integral, None, -1, closed="right"), None],
    "calibration": [one_of({"temperature"}), None],
    "record": [one_of(RECORDS), list, tuple],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "random_state": [_SEED, np.random.RandomState, None],
}
# parameters that only one of the two estimators has
_TASK_PARAMETERS = {
    "classification": ("target_encoding", "class_weight", "calibration"),
    "regression": ("target_scaling", "clip_predictions"),
}


def constraints(task: str) -> dict[str, list[Any]]:
    """The constraints of an estimator's parameters, in the constructor's order.

    Parameters
    ----------
    task : {"classification", "regression"}
        Task of the estimator.
    """
    [others] = [names for other, names in _TASK_PARAMETERS.items() if other != task]
    names = {name for name, loss in LOSSES.items() if task in loss.tasks}
    allowed = {"loss": [one_of(names), *CONSTRAINTS["loss"]]}
    return {
        name: c for name, c in (CONSTRAINTS | allowed).items() if name not in others
    }
