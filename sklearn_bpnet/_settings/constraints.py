"""What every constructor parameter may be, made from the registries."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer_names

from sklearn_bpnet._sklearn_compat import HasMethods, Interval, Options, StrOptions
from sklearn_bpnet.net.activations import ACTIVATIONS, Activation
from sklearn_bpnet.net.blocks.embeddings import NUMERIC_EMBEDDINGS, PBLD
from sklearn_bpnet.net.initializers import (
    BIAS_INITIALIZERS,
    INITIALIZERS,
    BiasInitializer,
    Initializer,
)
from sklearn_bpnet.net.losses import LOSSES, Loss
from sklearn_bpnet.training.full_batch import FULL_BATCH_SOLVERS, FullBatchSolver
from sklearn_bpnet.training.optimizers import OPTIMIZERS, Optimizer
from sklearn_bpnet.training.recording import RECORDS
from sklearn_bpnet.training.schedules import SCHEDULES, Schedule
from sklearn_bpnet.training.stopping import TIES

_AT_LEAST_ZERO = Interval(Real, 0, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_COUNT = Interval(Integral, 1, None, closed="left")
_DECAY = Interval(Real, 0, 1, closed="left")
DTYPES = {"float32": np.float32, "float64": np.float64}
# Only the learning rate says when training ends at a plateau.
_SCHEDULE = [
    StrOptions({n for n, s in SCHEDULES.items() if not s.follows_plateaus}),
    Schedule,
    callable,
]

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", _COUNT],
    "activation": [StrOptions(set(ACTIVATIONS)), Activation, list, tuple],
    "output_activation": [StrOptions({"auto", *ACTIVATIONS}), Activation, tuple],
    "initializer": [StrOptions(set(INITIALIZERS)), Initializer],
    "bias_initializer": [StrOptions(set(BIAS_INITIALIZERS)), BiasInitializer],
    "output_initializer": [StrOptions(set(INITIALIZERS)), Initializer, None],
    "solver": [
        StrOptions({*FULL_BATCH_SOLVERS, *OPTIMIZERS}),
        Optimizer,
        FullBatchSolver,
    ],
    "alpha": [_AT_LEAST_ZERO, "array-like", StrOptions({"auto"})],
    "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    "group_alpha": [_AT_LEAST_ZERO],
    "dropout": [_DECAY, "array-like"],
    "input_dropout": [_DECAY],
    "dropout_schedule": _SCHEDULE,
    "input_noise": [_AT_LEAST_ZERO],
    "batch_size": [StrOptions({"auto", "full"}), _COUNT],
    "learning_rate": [StrOptions({"auto", *SCHEDULES}), Schedule, callable],
    "learning_rate_init": [_POSITIVE, StrOptions({"auto"})],
    "power_t": [_AT_LEAST_ZERO],
    "max_iter": [_COUNT],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_AT_LEAST_ZERO],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [_DECAY, HasMethods(["split", "get_n_splits"])],
    "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
    "ties": [StrOptions(set(TIES))],
    "ema_decay": [_DECAY, None],
    "record": [StrOptions(set(RECORDS)), list, tuple],
    "beta_1": [_DECAY],
    "beta_2": [_DECAY],
    "epsilon": [_POSITIVE],
    "n_members": [_COUNT],
    "n_jobs": [Integral, None],
    "n_iter_no_change": [_COUNT, Options(Real, {np.inf}), StrOptions({"auto"})],
    "max_fun": [_COUNT],
    "weight_decay": [_AT_LEAST_ZERO, None],
    "weight_decay_schedule": _SCHEDULE,
    "clip_norm": [_POSITIVE, None],
    "learning_rate_factors": ["array-like", dict, None],
    "input_scaling": [StrOptions({"standard", "squash"}), None],
    "numeric_embedding": [StrOptions(set(NUMERIC_EMBEDDINGS)), PBLD, None],
    "learned_input_scale": ["boolean"],
    "dtype": [StrOptions({"auto", *DTYPES}), Options(type, set(DTYPES.values()))],
}


def loss_constraint(task):
    """What ``loss`` may be for a task, "classification" or "regression"."""
    names = {name for name, loss in LOSSES.items() if task in loss.tasks}
    return [StrOptions(names), Loss, tuple]
