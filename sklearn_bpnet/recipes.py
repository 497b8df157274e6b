"""Recipes: sets of parameters, by name.

``BPNetClassifier.from_recipe(name)`` and ``BPNetRegressor.from_recipe(name)`` pass one
of these dictionaries to the constructor; every entry is an ordinary parameter. They
include parameters that have their default values, so that a recipe remains the same if
a default changes.
"""

from __future__ import annotations

from copy import deepcopy
from math import inf
from typing import Any

from sklearn_bpnet.net.activations import SELU, Mish, Mixed
from sklearn_bpnet.net.blocks.embeddings import PWL
from sklearn_bpnet.net.losses import LogLoss
from sklearn_bpnet.net.names import did_you_mean, listed
from sklearn_bpnet.options import (
    CategoricalEmbedding,
    Dropout,
    EarlyStopping,
    Initialization,
    MemberFolds,
    WeightDecay,
)

Settings = dict[str, Any]

# A network without any additional technique.
_PLAIN: Settings = {
    "l1_ratio": 0.0,
    "learning_rate": "constant",
    "learning_rate_factors": None,
    "dropout": 0.0,
    "weight_decay": None,
    "early_stopping": False,
    "input_scaling": None,
    "numeric_embedding": None,
    "learned_input_scale": False,
    "shared_members": None,
    "categorical_embedding": None,
}

# Nielsen, "Neural Networks and Deep Learning" (2015), chapters 1 and 3, which the
# lecture follows: sigmoids, the quadratic cost, and theta <- theta - eta dJ/dtheta.
_LECTURE = _PLAIN | {
    "hidden_layer_sizes": (30,),
    "activation": "sigmoid",
    "loss": "squared_error",
    "initializer": Initialization("lecun_normal", biases="normal"),
    "solver": "sgd",
    "momentum": 0.0,
    "alpha": 0.0,
    "batch_size": 10,
    "max_iter": 30,
    "input_scaling": "standard",
}

# MLPClassifier and MLPRegressor of scikit-learn 1.9. Their alpha of 1e-4 is divided by
# the batch size, and their patience is n_iter_no_change plus one epoch.
_SCIKIT_LEARN = _PLAIN | {
    "hidden_layer_sizes": (100,),
    "activation": "relu",
    "output_activation": "auto",
    "initializer": Initialization("glorot_uniform", biases="zeros"),
    "solver": "adam",
    "beta_1": 0.9,
    "beta_2": 0.999,
    "epsilon": 1e-8,
    "alpha": 1e-4 / 200,
    "batch_size": 200,
    "learning_rate_init": 0.001,
    "max_iter": 200,
    "tol": 1e-4,
    "n_iter_no_change": 11,
    "dtype": "input",
}

# Holzmueller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
# boosted trees on tabular data", NeurIPS 2024, arXiv 2407.04491; the numbers are those
# of its implementation, pytabkit 1.7.3.
_REALMLP_TD_S = _PLAIN | {
    "hidden_layer_sizes": (256, 256, 256),
    "output_activation": "auto",
    "initializer": Initialization("lecun_normal", biases="normal", output="zeros"),
    "solver": "adam",
    "beta_1": 0.9,
    "beta_2": 0.95,
    "epsilon": 1e-8,
    "alpha": 0.0,
    "batch_size": 256,
    "learning_rate": "coslog4",
    "learning_rate_factors": {"W": "ntk", "b": 0.1, "input_scale": 6.0},
    "max_iter": 256,
    "early_stopping": EarlyStopping(ties="last"),
    "validation_fraction": 0.2,
    "n_iter_no_change": inf,
    "input_scaling": "squash",
    "learned_input_scale": True,
    "dtype": "float32",
}

# What RealMLP-TD adds, from the same sources. Here the learned scale does not decay; in
# pytabkit it decays 36 times as fast as the weights.
_REALMLP_TD = _REALMLP_TD_S | {
    "initializer": Initialization("unit_variance", biases="hull"),
    "dropout": Dropout(0.15, schedule="flat_cosine"),
    "weight_decay": WeightDecay(0.02, schedule="flat_cosine"),
    "learning_rate_factors": {
        "W": "ntk",
        "b": 0.1,
        "input_scale": 6.0,
        "activation": 0.1,
        "embedding": 0.1,
    },
    "numeric_embedding": "pbld",
    "categorical_embedding": CategoricalEmbedding(8, min_categories=9, deviation=1.0),
}

# Gorishniy, Kotelnikov and Babenko, "TabM: advancing tabular deep learning with
# parameter-efficient ensembling", ICLR 2025, arXiv 2410.24210, with the embeddings and
# numbers of its example; 16 members of 256 units instead of 32 of 512, which take a
# tenth of the time.
_TABM_MINI = _PLAIN | {
    "hidden_layer_sizes": (256, 256),
    "activation": "relu",
    "output_activation": "auto",
    "initializer": Initialization("lecun_uniform", biases="zeros"),
    "numeric_embedding": PWL(n_bins=48, embedding_size=8),
    "shared_members": 16,
    "solver": "adamw",
    "beta_1": 0.9,
    "beta_2": 0.999,
    "epsilon": 1e-8,
    "alpha": 0.0,
    "dropout": 0.1,
    "weight_decay": 3e-4,
    "clip_norm": 1.0,
    "batch_size": 256,
    "learning_rate_init": 0.002,
    "max_iter": 200,
    "early_stopping": True,
    "validation_fraction": 0.2,
    "scoring": "loss",
    "n_iter_no_change": 17,
    "input_scaling": "quantile",
    "dtype": "float32",
}

# The strongest combination that the project's own measurements found; what suits a
# table follows it.
_BEST: Settings = {
    "hidden_layer_sizes": "auto",
    "numeric_embedding": "auto",
    "input_scaling": "auto",
    "shared_members": "auto",
    "max_iter": "auto",
    "categorical_embedding": None,
    "learned_input_scale": False,
    "early_stopping": False,
}

RECIPES: dict[str, dict[str, Settings]] = {
    "lecture": {
        "classification": _LECTURE
        | {"output_activation": "sigmoid", "learning_rate_init": 3.0},
        "regression": _LECTURE
        | {
            "output_activation": "identity",
            "target_scaling": "auto",
            "learning_rate_init": 0.1,
        },
    },
    "scikit-learn": {
        "classification": _SCIKIT_LEARN | {"loss": "log_loss"},
        "regression": _SCIKIT_LEARN | {"loss": "squared_error", "target_scaling": None},
    },
    "realmlp-td-s": {
        "classification": _REALMLP_TD_S
        | {
            "activation": "selu",
            "loss": LogLoss(label_smoothing=0.1),
            "learning_rate_init": 0.04,
        },
        "regression": _REALMLP_TD_S
        | {
            "activation": "mish",
            "loss": "squared_error",
            "learning_rate_init": 0.07,
            "target_scaling": "auto",
        },
    },
    "realmlp-td": {
        "classification": _REALMLP_TD
        | {
            "activation": Mixed(SELU()),
            "loss": LogLoss(label_smoothing=0.1),
            "learning_rate_init": 0.04,
        },
        "regression": _REALMLP_TD
        | {
            "activation": Mixed(Mish()),
            "loss": "squared_error",
            "learning_rate_init": 0.2,
            "target_scaling": "auto",
            "clip_predictions": True,
        },
    },
    "tabm-mini": {
        "classification": _TABM_MINI | {"loss": "log_loss"},
        "regression": _TABM_MINI | {"loss": "squared_error", "target_scaling": "auto"},
    },
    "best": {
        "classification": _BEST
        | {
            "loss": "log_loss",
            "n_members": 5,
            "member_folds": MemberFolds(5, refit=True),
            "early_stopping": True,
            "scoring": "loss",
            "calibration": "temperature",
        },
        "regression": _BEST
        | {"loss": "squared_error", "target_scaling": "auto", "n_members": 8},
    },
}

# What a recipe has in place of its parameters where others are given: "best" without
# folds, as many members as are given or as there is time for.
_WITHOUT_FOLDS: Settings = {
    "member_folds": None,
    "early_stopping": False,
    "scoring": None,
    "calibration": None,
}
_IF_GIVEN: dict[str, dict[str, Settings]] = {
    "best": {
        "time_budget": _WITHOUT_FOLDS | {"n_members": 64},
        "n_members": _WITHOUT_FOLDS,
    },
}


def recipe(name: str, task: str, overrides: Settings | None = None) -> Settings:
    """A copy of the parameters of a recipe, with others in addition or in their place.

    Some of a recipe's parameters depend on those others.

    Parameters
    ----------
    name : str
        Name of the recipe, a key of ``RECIPES``.
    task : {"classification", "regression"}
        Task of the estimator.
    overrides : dict or None, default=None
        Parameters that are not those of the recipe.

    Raises
    ------
    ValueError
        If there is no recipe with that name.
    """
    if not isinstance(name, str) or name not in RECIPES:
        raise ValueError(
            f"Unknown recipe {name!r}.{did_you_mean(name, RECIPES)} Known: "
            f"{listed(RECIPES)}."
        )
    overrides, parameters = overrides or {}, deepcopy(RECIPES[name][task])
    for given, others in _IF_GIVEN.get(name, {}).items():
        if overrides.get(given) is not None:
            parameters |= {key: others[key] for key in others if key in parameters}
    return parameters | overrides
