"""Types of the parameters and fitted attributes that both estimators have.

They are declared here for type checkers, and documented in the docstrings of the
classes. Attributes that do not apply are absent.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet import _types as types
from sklearn_bpnet.net._typing import Array


class Declarations:
    """Parameters, set by the constructors, and attributes, set by `fit`."""

    # parameters, in the order of the constructor
    hidden_layer_sizes: types.Sizes
    activation: types.ActivationLike
    output_activation: types.OneActivation
    initializer: types.InitializerLike
    numeric_embedding: types.EmbeddingLike
    learned_input_scale: bool
    loss: types.LossLike
    alpha: types.AlphaLike
    l1_ratio: float
    group_alpha: float
    dropout: types.DropoutLike
    solver: types.SolverLike
    batch_size: types.BatchSize
    momentum: float
    nesterovs_momentum: bool
    beta_1: float
    beta_2: float
    epsilon: float
    weight_decay: types.WeightDecayLike
    clip_norm: float | None
    learning_rate_factors: types.RateFactors | types.Numbers | None
    ema_decay: float | None
    shuffle: bool
    max_fun: int
    learning_rate_init: float | Literal["auto"]
    learning_rate: types.ScheduleLike
    power_t: float
    max_iter: types.Epochs
    time_budget: float | None
    tol: float
    n_iter_no_change: float | Literal["auto"]
    early_stopping: types.EarlyStoppingLike
    validation_fraction: float | types.Splitter
    scoring: types.Scoring
    categorical_features: types.CategoricalFeatures
    max_categories: int | None
    categorical_embedding: types.CategoricalEmbeddingLike
    input_scaling: types.InputScaling
    dtype: types.DType
    n_members: int
    member_folds: types.MemberFoldsLike
    shared_members: types.SharedMembers
    n_jobs: int | None
    record: str | tuple[str, ...] | list[str]
    verbose: bool | int
    warm_start: bool
    random_state: types.RandomState

    # fitted attributes, in the order of the documentation
    oof_prediction_: Any  # an array, or a list of them for columns of classes
    oof_score_: float
    oof_fold_: NDArray[np.intp]
    coefs_: list[Array]
    intercepts_: list[Array]
    activation_weights_: list[Array | None]
    loss_: float
    best_loss_: float
    loss_curve_: list[float]
    validation_loss_curve_: list[float]
    validation_scores_: list[float]
    best_validation_score_: float
    best_epoch_: int
    history_: dict[str, Array]
    stop_reason_: str
    t_: int
    n_iter_: int
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    plan_: dict[str, Any]
    n_layers_: int
    n_outputs_: int
    out_activation_: str
    input_mean_: NDArray[np.float64]
    input_scale_: NDArray[np.float64]
    input_clip_: float
    input_quantiles_: NDArray[np.float64]
    embedded_features_: NDArray[Any]
    bin_edges_: list[NDArray[np.float64]]
    embedding_weights_: list[Array]
    categorical_embeddings_: list[Array]
    learned_input_scale_: Array
    member_scale_: Array
