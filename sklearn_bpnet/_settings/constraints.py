"""Constraints of the constructor's parameters, derived from the registries."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer_names

from sklearn_bpnet._sklearn_compat import HasMethods, Interval, Options, StrOptions
from sklearn_bpnet.net.activations import ACTIVATIONS, Activation
from sklearn_bpnet.net.blocks.embeddings import NUMERIC_EMBEDDINGS, PBLD
from sklearn_bpnet.net.initializers import INITIALIZERS, Initializer
from sklearn_bpnet.net.losses import LOSSES, Loss
from sklearn_bpnet.net.targets import TARGET_ENCODINGS
from sklearn_bpnet.options import (
    Dropout,
    EarlyStopping,
    Initialization,
    WeightDecay,
)
from sklearn_bpnet.training.full_batch import FULL_BATCH_SOLVERS, FullBatchSolver
from sklearn_bpnet.training.monitor.recording import RECORDS
from sklearn_bpnet.training.optimizers import OPTIMIZERS, Optimizer
from sklearn_bpnet.training.schedules import SCHEDULES, Schedule

_AT_LEAST_ZERO = Interval(Real, 0, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_COUNT = Interval(Integral, 1, None, closed="left")
_DECAY = Interval(Real, 0, 1, closed="left")
DTYPES = {"float32": np.float32, "float64": np.float64}
# in the order of the constructor: network; loss and penalty; optimisation; schedule;
# stopping and validation; data and scaling; ensemble; output
CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", _COUNT],
    "activation": [StrOptions(set(ACTIVATIONS)), Activation, list, tuple],
    "output_activation": [StrOptions({"auto", *ACTIVATIONS}), Activation, tuple],
    "initializer": [StrOptions(set(INITIALIZERS)), Initializer, Initialization],
    "numeric_embedding": [StrOptions(set(NUMERIC_EMBEDDINGS)), PBLD, None],
    "learned_input_scale": ["boolean"],
    "target_encoding": [StrOptions(set(TARGET_ENCODINGS))],
    "loss": [Loss, tuple],  # and names, see `constraints`
    "class_weight": [dict, list, StrOptions({"balanced"}), None],
    "alpha": [_AT_LEAST_ZERO, "array-like", StrOptions({"auto"})],
    "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    "group_alpha": [_AT_LEAST_ZERO],
    "dropout": [_DECAY, "array-like", Dropout],
    "input_noise": [_AT_LEAST_ZERO],
    "solver": [
        StrOptions({*FULL_BATCH_SOLVERS, *OPTIMIZERS}),
        Optimizer,
        FullBatchSolver,
    ],
    "batch_size": [StrOptions({"auto", "full"}), _COUNT],
    "momentum": [Interval(Real, 0, 1, closed="both")],
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
    "learning_rate_init": [_POSITIVE, StrOptions({"auto"})],
    "learning_rate": [StrOptions({"auto", *SCHEDULES}), Schedule, callable],
    "power_t": [_AT_LEAST_ZERO],
    "max_iter": [_COUNT],
    "tol": [_AT_LEAST_ZERO],
    "n_iter_no_change": [_COUNT, Options(Real, {np.inf}), StrOptions({"auto"})],
    "early_stopping": ["boolean", EarlyStopping],
    "validation_fraction": [_DECAY, HasMethods(["split", "get_n_splits"])],
    "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
    "input_scaling": [StrOptions({"standard", "squash"}), None],
    "target_scaling": [StrOptions({"auto", "standard"}), tuple, list, None],
    "clip_predictions": ["boolean"],
    "dtype": [
        StrOptions({"auto", "input", *DTYPES}),
        Options(type, set(DTYPES.values())),
    ],
    "n_members": [_COUNT],
    "n_jobs": [Integral, None],
    "calibration": [StrOptions({"temperature"}), None],
    "record": [StrOptions(set(RECORDS)), list, tuple],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "random_state": ["random_state"],
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
    allowed = {"loss": [StrOptions(names), *CONSTRAINTS["loss"]]}
    return {
        name: c for name, c in (CONSTRAINTS | allowed).items() if name not in others
    }
