"""BPNetRegressor: the estimator for regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self, overload

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from sklearn_bpnet import _types as types
from sklearn_bpnet._arguments import explains_arguments
from sklearn_bpnet._base import BaseBPNet
from sklearn_bpnet._data.determination import r2
from sklearn_bpnet._data.moments import mean_and_std
from sklearn_bpnet._data.numbers import as_numbers
from sklearn_bpnet._data.regression import Regression
from sklearn_bpnet._data.sources import opened
from sklearn_bpnet._data.weights import weights_of_score
from sklearn_bpnet._fit.given_weights import given_standardization
from sklearn_bpnet._settings.constraints import constraints
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._sklearn_compat import RegressorMixin
from sklearn_bpnet.net._typing import Array


class BPNetRegressor(RegressorMixin, BaseBPNet):
    """Multi-layer perceptron regressor, trained by backpropagation in NumPy.

    Minimises the empirical risk (1/N) sum_n s_n L(y_n, f(x_n, theta)) +
    alpha Omega(theta) over the weights and biases theta of a feed-forward network f.
    All parameters, methods and attributes of scikit-learn's MLPRegressor exist
    under the same names.

    Parameters
    ----------
    hidden_layer_sizes : int, array-like of int or "auto", default="auto"
        Number of units of every hidden layer; ``()`` for a linear model. "auto":
        (96, 96) with `shared_members` and (128, 128) without, above a numeric embedding
        or in classification with members; otherwise (100,). `plan_` shows what "auto"
        stands for in this and in other parameters; see :ref:`following-the-table` for
        the rules.

    activation : str, Activation, pair of functions, or list of these, default="relu"
        Activation of the hidden layers, or a list with one for each: "identity",
        "sigmoid" (also "logistic"), "tanh", "relu", "gelu", "silu", "selu" or another
        of the table in :ref:`activations`; an instance with other parameters; or a
        pair ``(f, derivative)`` of user-defined functions of Z. "heaviside" passes no
        gradient: only the layers above it are trained.

    output_activation : str, Activation or pair of functions, default="auto"
        Activation of the output. "auto" depends on the task, the targets and the loss:
        softmax for three classes or more, the logistic sigmoid for two classes and for
        label indicators, the identity for most regressions; :ref:`output-activation`
        has the others. For several columns of classes, it is that of every column.

    initializer : str, Initializer or Initialization, default="auto"
        Initialisation scheme of the weights. "auto" follows each layer's activation: He
        for rectifiers, LeCun for SELU, four times LeCun for hidden logistic units,
        Glorot otherwise; :ref:`initialisers` has the others. ``Initialization(weights,
        biases, output)`` of `sklearn_bpnet.options` has schemes of the biases, which
        are zeros by default, and of the output layer.

    numeric_embedding : {"auto", "pbld", "ple", "pwl"}, NumericEmbedding or None, \
default="auto"
        Embedding of the features with more than two values among the training samples,
        for targets that vary fast or non-monotonically along a feature; see
        :ref:`embedding`. Features with two values are not embedded. Needs dense X. An
        instance, such as ``PWL(n_bins=32)``, has other sizes.

        - "auto": "pbld" with ``hidden_layer_sizes="auto"``, at least 40 samples, 20 per
          numeric column and up to 100 such columns of a dense X, and a solver with
          mini-batches; otherwise None, also in `partial_fit` and without
          `input_scaling`.
        - None: the input of the network is the scaled feature.
        - "pbld": the scaled feature and three learned functions of it, linear maps of
          16 waves.
        - "ple": piecewise-linear encoding, up to 48 numbers in place of the feature,
          how far it has filled each of as many bins. Nothing of it is learned.
        - "pwl": eight learned functions in place of the feature, which are linear in
          each of up to 48 bins.

    learned_input_scale : bool, default=False
        Whether every scaled feature is multiplied by a learned factor before the first
        layer; see `learned_input_scale_`. The factors start at 1 and are not penalised.

    loss : str, Loss, or pair of functions, default="squared_error"
        The loss L(y, a) of a sample, summed over the outputs: "squared_error" (the
        mean), "absolute_error" (the median), "huber", "quantile", "poisson" for counts,
        or another of the table in :ref:`losses`. An instance has other
        parameters: ``Quantile((0.05, 0.5, 0.95))`` predicts three quantiles that do not
        cross. A pair of functions ``(value, gradient)`` of Y and A is a user-defined
        loss.

    alpha : "auto", float or sequence of float, default="auto"
        Strength lambda of the penalty in the empirical risk, at least 0, or one for
        every layer of weights, from the input up. A number means the same for every
        batch size, number of samples and scale of the sample weights; see :ref:`alpha`
        for scikit-learn's. "auto" decreases with the number of training samples and of
        classes; in regression it follows the noise of the targets, see
        :ref:`auto-alpha`.

    l1_ratio : float, default=0.0
        Share of L1 in the penalty, in [0, 1]: 0 is L2, 1 is L1, as in ElasticNet.
        With L1, weights become exactly zero.

    group_alpha : float, default=0.0
        Strength of a group penalty, at least 0: the sum over the features of the
        Euclidean norm of the weights that leave it. It removes whole features, whose
        weights become exactly zero. Needs a solver with proximal steps, such as "adam",
        "sgd" or "gd".

    dropout : float, sequence of float or Dropout, default=0.0
        Probability with which a hidden unit is left out of a training step, in [0, 1),
        or one for every hidden layer. ``Dropout(rate, input_rate, schedule,
        input_noise)`` of `sklearn_bpnet.options` also leaves out features, has a
        schedule of the rates, and adds noise to the features.

    solver : str, Optimizer or FullBatchSolver, default="adam"
        How the empirical risk is minimised: by steps along gradients of mini-batches,
        as "sgd", "adam", "adamw" and others do, or by all samples in every step, for
        small data, as "lbfgs", "cg", "gd" and "rprop" do. The table in :ref:`solvers`
        has all of them. An instance, such as ``Adam(beta_1=0.8)``, sets other
        hyper-parameters.

    batch_size : int, "auto" or "full", default="auto"
        Samples per mini-batch. "full" is all samples. "auto" is a hundredth of them,
        but at least 64 (32 with `shared_members`) or all, and at most 200; of wide
        tables a sixth and at most 400, see :ref:`wide`.

    momentum : float, default=0.9
        Momentum of "sgd", in [0, 1].

    nesterovs_momentum : bool, default=True
        Whether the momentum of "sgd" is Nesterov's.

    beta_1 : float, default=0.9
        Decay rate of the first moment of "adam" and its variants, in [0, 1).

    beta_2 : float, default=0.999
        Decay rate of their second moment, in [0, 1).

    epsilon : float, default=1e-8
        Positive constant that keeps the division in their steps finite.

    weight_decay : float, WeightDecay or None, default=None
        Decoupled weight decay, at least 0: before every step the weights (not the
        biases) are multiplied by ``1 - learning_rate * weight_decay``, independently of
        the gradient. None is 0.01 for "adamw" and 0 for the others.
        ``WeightDecay(rate, schedule)`` of `sklearn_bpnet.options` has a schedule.

    clip_norm : float or None, default=None
        Largest Euclidean norm of a batch's gradient, positive: a longer gradient is
        scaled down to it. None means no limit.

    learning_rate_factors : array-like, dict or None, default=None
        Factors of the learning rate, at least 0: one number for each layer of
        weights, first to last, or a dictionary. Its keys are "W" for the weights and
        "b" for the biases, with such numbers or one for all layers, "activation"
        for the weights that activations learn, "input_scale", "member_scale", and
        "embedding". ``{"b": 0.1}`` makes biases learn at a tenth of the rate; 0 leaves
        parameters as they are. "ntk" as the factor of weights is 1 / sqrt(n_in) of
        their layer (1 / n_in for "sgd" and "gd"): they are trained as if they were
        stored with variance 1, if `epsilon` is negligible beside their gradients.

    ema_decay : float or None, default=None
        Decay of an exponential moving average of the weights over the steps, in [0, 1).
        If given, the average is validated and kept in place of the last weights; it
        covers about the last 1 / (1 - ema_decay) steps.

    shuffle : bool, default=True
        Whether to shuffle the samples before every epoch.

    max_fun : int, default=15000
        Maximum number of evaluations of the empirical risk by "lbfgs".

    learning_rate_init : "auto" or float, default="auto"
        Learning rate that the schedule `learning_rate` multiplies by a factor;
        positive. "auto" depends on the solver, see the table in :ref:`solvers`, and
        decreases with the number of features; that of "gd" with the width, too.

    learning_rate : str, callable or Schedule, default="auto"
        Schedule of the learning rate, for every solver that has one.

        - "auto" is "cosine", which anneals to zero in the last of `max_iter` epochs;
          in `partial_fit` and with `warm_start`, whose end is unknown, "constant".
        - "constant" is `learning_rate_init`.
        - "invscaling" is ``learning_rate_init / t**power_t`` in epoch t = 1, 2, ...
        - "adaptive" (also "on_plateau") divides it by 5 after `n_iter_no_change`
          consecutive epochs without improvement; training ends once it is at most 1e-6.
        - Other names, and instances, are in the table in :ref:`schedules`.
        - A function of the completed share of training, in [0, 1], returns the factor
          of `learning_rate_init` for every batch.

    power_t : float, default=0.5
        Exponent of "invscaling", at least 0.

    max_iter : int or "auto", default="auto"
        Maximum number of epochs (iterations of "lbfgs" and "cg") per call of `fit`.
        "auto": 100; where the other parameters that are "auto" give two hidden layers
        30, and 50 with dropout; more with few samples.

    time_budget : float or None, default=None
        Seconds that `fit` may take, kept within about 20 %; None for no limit. Members
        are trained until there is no time for another, at most `n_members`. If there is
        not enough time for one, it has fewer epochs than `max_iter`, over which its
        schedules end; `plan_` shows their number. The result then depends on the speed
        of the machine. Not for "lbfgs" and "cg", `warm_start` and `member_folds`.

    tol : float, default=1e-4
        Smallest improvement of the loss, or of the validation score, that counts; for
        "lbfgs" and "cg" the largest component of the gradient at convergence.

    n_iter_no_change : "auto", int or inf, default="auto"
        Number of consecutive epochs without improvement after which training stops;
        with inf, all `max_iter` epochs are trained, without a warning. "auto" is 10,
        but inf if no validation score is monitored and the learning rate anneals to
        zero: a plateau of the loss then only shows that the rate is still high. Few
        samples of a wide table also end training once fitted, see :ref:`wide`.

    early_stopping : bool or EarlyStopping, default=False
        Whether to stop when the validation score no longer improves, see `scoring`, and
        to keep the best weights. The validation samples are `X_val` of `fit`, or some
        of the training samples, see `validation_fraction` and `member_folds`.
        ``EarlyStopping(ties, refit)`` of `sklearn_bpnet.options` determines which of
        two epochs with equal scores is better, and with ``refit=True`` trains anew, on
        all samples, for the best number of epochs; see :ref:`refit`.

    validation_fraction : float or splitter, default=0.1
        Share of the samples that early stopping sets aside, in [0, 1), at least two; or
        a splitter of scikit-learn such as ``TimeSeriesSplit()``, whose first split is
        used. A classifier's split is stratified by class, with one sample of every
        class that has more than one, except for label indicators; for several columns
        of classes by combination of classes, of which those of less than ten samples
        are one stratum. With `groups` of `fit`, groups stay together.

    scoring : "loss", str, callable or None, default=None
        What early stopping monitors on the validation samples. None is the accuracy of
        a classifier and the R2 of a regressor, "loss" the mean loss without the
        penalty; otherwise the name of a scorer of scikit-learn, or a callable
        ``scorer(estimator, X, y)`` (with ``sample_weight`` where there are weights),
        larger being better.

    categorical_features : array-like, "from_dtype" or None, default="from_dtype"
        Columns of X that hold categories, in any type of values. "from_dtype": columns
        of a dataframe whose dtype is one of categories or text, and none of an array;
        booleans are numbers. Otherwise names, indices or a mask of the columns; None
        for none. The levels are those of the training samples, compared by value. A
        missing value is a level of its own if training saw one; a value that it did not
        see acts as a rare level, or as the mean of all levels; see :ref:`tables`.

    max_categories : int or None, default=None
        Largest number of levels of a categorical column, at least 2, missing values and
        rare levels included: the most frequent levels remain, and all others are one,
        the rare level. None: there is no limit.

    categorical_embedding : "auto", int, CategoricalEmbedding or None, default="auto"
        How the network sees a category: by an input for every level (one-hot encoding,
        a single one for two levels), or by a learned embedding, a vector of numbers for
        every level. None: always one-hot. "auto": an embedding for columns of many
        levels; a number is its size. ``CategoricalEmbedding(size, min_categories)`` of
        `sklearn_bpnet.options` also sets from how many levels on.

    input_scaling : {"auto", "standard", "squash", "quantile"} or None, default="auto"
        How features are scaled inside the estimator, with statistics weighted by
        `sample_weight`. "standard": to mean 0 and standard deviation 1. "squash": the
        median is subtracted, the difference is divided by the interquartile range and
        clipped smoothly to (-3, 3), which limits the effect of outliers. "quantile": a
        number is replaced by the normal quantile at its level among the training
        samples, so that features are normal whatever their distribution. Both need
        dense X. None: they are not scaled. "auto": "quantile" in classification
        below a numeric embedding, with ``hidden_layer_sizes="auto"`` and at least 1500
        samples; otherwise "standard".

    target_scaling : {"auto", "standard"}, pair (low, high) or None, default="auto"
        Whether the network is trained on scaled targets, and predictions are mapped
        back. "auto" standardises them if that does not change the minimiser, as for a
        mean, a median or a quantile with the identity as output activation, and does
        not scale counts and other targets of "poisson", "gamma" and "tweedie";
        "standard" always standardises. A pair is the range of the targets, to which the
        range of a bounded `output_activation` is mapped; all predictions lie in it.

    clip_predictions : bool, default=False
        Whether predictions are clipped to the range of the training targets, from
        `target_min_` to `target_max_`; the loss is that of the unclipped outputs.

    dtype : {"auto", "input", "float32", "float64"}, default="auto"
        Type of the weights and of all arithmetic. "auto" is float64 for full-batch
        training ("lbfgs", "cg", or batches that hold all samples) and float32 for
        mini-batches, also if one holds all samples of a wide table (:ref:`wide`).
        "input" is float32 for float32 X and float64 for any other. With both, training
        that continues keeps the type of its weights.

    n_members : int, default=1
        Number of networks, at least 1. With more than one, all are trained on the same
        samples, with the same validation samples (unless `member_folds` is given), but
        from different initial weights and with a different order of the samples, and
        their probabilities (of a classifier) or predictions are averaged; see
        `estimators_`.

    member_folds : int, splitter, list, MemberFolds or None, default=None
        Whether members hold out different samples: member m trains without fold m
        (modulo the number of folds), which are its validation samples. An int is the
        number of folds, random and stratified by class, or with `groups` of `fit` those
        of ``GroupKFold``; otherwise a splitter of scikit-learn, or a list of pairs
        (training, held out) of indices. `n_members` is the number of folds or a
        multiple of it. ``MemberFolds(folds, refit=True)`` of `sklearn_bpnet.options`
        then trains all members anew on all samples; see :ref:`member-folds`. None: all
        members have the same samples.

    shared_members : int, None or "auto", default="auto"
        Number of members within every network that share its hidden layers, as in
        TabM-mini, at least 1; None for an ordinary network. Each has a learned scale of
        the inputs, `member_scale_`, and an output layer of its own. Training minimises
        the mean of their losses, and their probabilities (of a classifier) or
        predictions are averaged, as those of `n_members` are. Early stopping judges the
        average. "auto": from 40 samples on, with ``hidden_layer_sizes="auto"``
        and above a numeric embedding or up to 200 inputs, 8 in classification and 4 in
        regressions of up to 2000 samples; otherwise None.

    n_jobs : int or None, default=None
        Number of members that are trained in parallel, each in one thread; None is 1
        (unless in a ``joblib.parallel_config`` context) and -1 all processors. The
        results do not depend on it, bit for bit.

    record : str, list or tuple of str, default=()
        Additional quantities in `history_`, for every layer: "gradient_norm" and
        "saturation", computed from at most 1000 training samples once per epoch.

    verbose : bool or int, default=False
        Whether to print a table with a row per epoch, in which an asterisk marks the
        best epoch so far, and a line at the end. A number k prints every k-th epoch.
        For an ensemble a line per member is printed instead.

    warm_start : bool, default=False
        Whether `fit` continues the training of the previous call: the weights, the
        optimiser's state, the schedule, the patience and the random stream. `max_iter`
        is then the number of additional epochs.

    random_state : int, RandomState instance or None, default=None
        Determines the initial weights, the validation split and the shuffling. The
        same int, data and versions give bit-identical predictions. NumPy's global
        random state is neither read nor changed.

    Attributes
    ----------
    estimators_ : list of estimators, length n_members
        Only with ``n_members > 1``: the members, each a fitted estimator with one
        network. Only they have the attributes that differ between them: `coefs_`,
        `intercepts_`, `activation_weights_`, `history_` and the curves, `stop_reason_`,
        `t_` and all "best" ones. The ensemble has the common ones; its `n_iter_` is the
        largest of the members', its `loss_` and its `feature_importances_` are the
        mean.

    oof_prediction_ : ndarray of shape (n_samples, ...), or list of such arrays
        Out-of-fold predictions, with `member_folds`: for every sample of X what the
        members that held it out predict together, as `predict_proba` of a classifier
        (`decision_function`, if the loss estimates no probabilities) or `predict` of a
        regressor. NaN for samples that no member held out.

    oof_score_ : float
        The accuracy or R2 of `oof_prediction_`, weighted by `sample_weight`.

    oof_fold_ : ndarray of int of shape (n_samples,)
        The fold that holds out every sample, from 0; -1 if none does. Absent if folds
        overlap.

    coefs_ : list of ndarray of shape (n_in, n_out), length n_layers_ - 1
        Weights W of every layer. Changes take effect in predictions. With
        `shared_members`, the last array has the shape (shared_members, n_in, n_out).

    intercepts_ : list of ndarray of shape (n_out,), length n_layers_ - 1
        Biases b of every layer; with `shared_members`, the last array has the shape
        (shared_members, n_out).

    activation_weights_ : list of ndarray of shape (n_out,) or None
        For every layer the weights that its activation has learned; None if it has
        none.

    feature_importances_ : ndarray of shape (n_features_in_,)
        The Euclidean norm of the weights that leave every column, ``coefs_[0]``,
        multiplied by learned scales, for all inputs that are made of it. They are
        comparable for features of the same scale, and exactly 0 for features that
        `group_alpha` removed. Used by ``SelectFromModel`` and ``RFE``.

    loss_ : float
        The empirical risk, penalty included: for mini-batches its mean over the last
        epoch, for "lbfgs" and "cg", and if training diverged, its value at the final
        weights.

    best_loss_ : float
        Smallest of `loss_curve_`, without early stopping.

    loss_curve_ : list of float
        The empirical risk of every epoch, or iteration of "lbfgs" or "cg". Calls that
        continue training append to it.

    validation_loss_curve_ : list of float
        The mean loss on the validation samples after every epoch, without the penalty;
        only with validation samples. NaN for later calls without. This curve and the
        next two attributes are those of the first training if there is a refit.

    validation_scores_ : list of float
        The score of the validation samples after every epoch, see `scoring`; only with
        validation samples, and not for ``scoring="loss"``.

    best_validation_score_ : float
        Largest finite one of `validation_scores_`, if there are any; NaN if none is
        finite.

    best_epoch_ : int
        The epoch, from 1, whose weights were kept: with early stopping that of the
        best validation score, otherwise the last, or an earlier one if training
        diverged; 0 for the initial weights.

    history_ : dict of str to ndarray of float of shape (n_epochs,)
        One number per epoch: "loss", "learning_rate" (NaN for "lbfgs" and "cg"),
        "seconds", "validation_loss" and "validation_score" if there are validation
        samples, and the quantities of `record` for every layer, such as "saturation_1".
        ``pandas.DataFrame(history_)`` converts it to a table.

    stop_reason_ : str
        Why training ended: "converged" (the loss or the score no longer improved),
        "max_iter", "diverged", "interrupted" (Ctrl-C), "stopped" (by a callback) or
        "failed" (the solver gave up).

    t_ : int
        Number of training samples seen, counted again in every epoch.

    n_iter_ : int
        Epochs, or iterations of "lbfgs" or "cg", of the last call; of a refit its own.

    n_features_in_ : int
        Number of columns of X.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X had names that are all strings.

    plan_ : dict
        What "auto" stands for, by parameter: those of `hidden_layer_sizes`,
        `numeric_embedding`, `shared_members`, `input_scaling`, `max_iter`, `alpha`,
        `batch_size` and `learning_rate_init` that are "auto", and with a `time_budget`
        `max_iter`.

    n_layers_ : int
        Number of layers, input and output included.

    n_outputs_ : int
        Number of output units.

    out_activation_ : str or list of str
        Name of the output activation; if several columns of classes have outputs, a
        list with a name for each of these columns.

    input_mean_, input_scale_ : ndarray of shape (n_numeric,)
        What is subtracted from the numeric features, and what they are divided by; only
        if they are scaled. After them come the indicators of missing values.

    input_clip_ : float
        Bound of the smooth clip of the scaled features, for "squash".

    input_quantiles_ : ndarray of shape (n_quantiles, n_numeric)
        Quantiles of the numeric features at equal distances, for "quantile".

    embedded_features_ : ndarray of int
        Indices of the features that `numeric_embedding` embeds.

    bin_edges_ : list of ndarray of shape (n_bins + 1,)
        For "ple" and "pwl", the edges of the bins of every embedded feature, scaled.

    embedding_weights_ : list of ndarray
        Learned parameters of the embedding. For "pbld" frequencies and phases of the
        waves, of shape (n_embedded, n_frequencies), weights of their linear map, of
        shape (n_embedded, n_frequencies, embedding_size - 1), and its biases, of shape
        (n_embedded, embedding_size - 1). For "pwl" slopes and shifts, of shape
        (n_embedded, embedding_size), and what is added in each bin, of shape
        (n_all_bins, embedding_size). `get_network_input_names` tells the inputs of the
        first layer.

    categorical_embeddings_ : list of ndarray of shape (n_levels + 1, size)
        Learned embeddings, one for every categorical column that has one, and in it a
        row for every level; the last one is that of rare levels or of values that
        training did not see.

    learned_input_scale_ : ndarray of shape (n_inputs,)
        Learned factors of the scaled features, with `learned_input_scale`. There is one
        for every input of the first layer, such as those of an embedding.

    member_scale_ : ndarray of shape (shared_members, n_inputs)
        The factors by which the inputs of every member are multiplied, with
        `shared_members`.

    target_mean_, target_scale_ : ndarray of shape (n_outputs_,)
        What is subtracted from the targets, and what they are divided by; only if they
        are scaled.

    target_min_, target_max_ : ndarray of shape (n_targets,)
        Smallest and largest training target, in all calls that continued training; not
        after `from_weights`.

    See Also
    --------
    BPNetClassifier : The same network for classification.

    References
    ----------
    Rumelhart, Hinton and Williams, "Learning representations by back-propagating
    errors", Nature 323, 1986.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_bpnet import BPNetRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = BPNetRegressor((), solver="lbfgs", random_state=0).fit(X, y)
    >>> round(reg.score(X, y), 2)
    0.52
    """

    estimators_: list[BPNetRegressor]
    target_mean_: Array
    target_scale_: Array
    target_min_: Array
    target_max_: Array

    _parameter_constraints: ClassVar[dict[str, Any]] = constraints("regression")

    _kind: ClassVar[str] = "regression"

    @explains_arguments
    def __init__(
        self,
        hidden_layer_sizes: types.Sizes = "auto",
        activation: types.ActivationLike = "relu",
        *,
        output_activation: types.OneActivation = "auto",
        initializer: types.InitializerLike = "auto",
        numeric_embedding: types.EmbeddingLike = "auto",
        learned_input_scale: bool = False,
        loss: types.LossLike = "squared_error",
        alpha: types.AlphaLike = "auto",
        l1_ratio: float = 0.0,
        group_alpha: float = 0.0,
        dropout: types.DropoutLike = 0.0,
        solver: types.SolverLike = "adam",
        batch_size: types.BatchSize = "auto",
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: types.WeightDecayLike = None,
        clip_norm: float | None = None,
        learning_rate_factors: types.RateFactors | types.Numbers | None = None,
        ema_decay: float | None = None,
        shuffle: bool = True,
        max_fun: int = 15_000,
        learning_rate_init: float | Literal["auto"] = "auto",
        learning_rate: types.ScheduleLike = "auto",
        power_t: float = 0.5,
        max_iter: types.Epochs = "auto",
        time_budget: float | None = None,
        tol: float = 1e-4,
        n_iter_no_change: float | Literal["auto"] = "auto",
        early_stopping: types.EarlyStoppingLike = False,
        validation_fraction: float | types.Splitter = 0.1,
        scoring: types.Scoring = None,
        categorical_features: types.CategoricalFeatures = "from_dtype",
        max_categories: int | None = None,
        categorical_embedding: types.CategoricalEmbeddingLike = "auto",
        input_scaling: types.InputScaling = "auto",
        target_scaling: types.TargetScaling = "auto",
        clip_predictions: bool = False,
        dtype: types.DType = "auto",
        n_members: int = 1,
        member_folds: types.MemberFoldsLike = None,
        shared_members: types.SharedMembers = "auto",
        n_jobs: int | None = None,
        record: str | tuple[str, ...] | list[str] = (),
        verbose: bool | int = False,
        warm_start: bool = False,
        random_state: types.RandomState = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.output_activation = output_activation
        self.initializer = initializer
        self.numeric_embedding = numeric_embedding
        self.learned_input_scale = learned_input_scale
        self.loss = loss
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.group_alpha = group_alpha
        self.dropout = dropout
        self.solver = solver
        self.batch_size = batch_size
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.learning_rate_factors = learning_rate_factors
        self.ema_decay = ema_decay
        self.shuffle = shuffle
        self.max_fun = max_fun
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.power_t = power_t
        self.max_iter = max_iter
        self.time_budget = time_budget
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.categorical_features = categorical_features
        self.max_categories = max_categories
        self.categorical_embedding = categorical_embedding
        self.input_scaling = input_scaling
        self.target_scaling = target_scaling
        self.clip_predictions = clip_predictions
        self.dtype = dtype
        self.n_members = n_members
        self.member_folds = member_folds
        self.shared_members = shared_members
        self.n_jobs = n_jobs
        self.record = record
        self.verbose = verbose
        self.warm_start = warm_start
        self.random_state = random_state

    @classmethod
    def from_weights(
        cls,
        coefs: Sequence[ArrayLike],
        intercepts: Sequence[ArrayLike],
        *,
        input_mean: ArrayLike | None = None,
        input_scale: ArrayLike | None = None,
        target_mean: ArrayLike | None = None,
        target_scale: ArrayLike | None = None,
        **parameters: Any,
    ) -> Self:
        """Build a fitted regressor from given weights, without training.

        The estimator can predict. Training continues from the weights with
        `partial_fit`, and with `fit` and ``warm_start=True``.

        Parameters
        ----------
        coefs : list of array-like of shape (n_in, n_out)
            Weights W of every layer, as in `coefs_`; they are copied.
        intercepts : list of array-like of shape (n_out,)
            Biases b of every layer, as in `intercepts_`.
        input_mean, input_scale : array-like of shape (n_features,), default=None
            What is subtracted from the features, and what they are divided by, before
            the weights act on them. None: the weights act on the unscaled features.
        target_mean, target_scale : array-like of shape (n_outputs,), default=None
            A prediction is the network's output times `target_scale` plus
            `target_mean`. None: the output is the prediction.
        **parameters : object
            Parameters of the constructor. `hidden_layer_sizes` follows from the
            weights; scaling of inputs and targets is None unless the statistics are
            given.

        Returns
        -------
        BPNetRegressor

        Raises
        ------
        ValueError
            If shapes do not fit together, or a parameter is not valid.

        Examples
        --------
        The absolute value, as a network of two rectifiers:

        >>> reg = BPNetRegressor.from_weights(
        ...     [[[1, -1]], [[1], [1]]], [[0, 0], [0]], activation="relu"
        ... )
        >>> reg.predict([[-3], [2]])
        array([3., 2.])
        """
        scales = {
            "input_scaling": input_mean is not None or input_scale is not None,
            "target_scaling": target_mean is not None or target_scale is not None,
        }
        reg: Self = cls._for_layers(coefs, parameters, scales)
        units = given_standardization(
            target_mean, target_scale, np.shape(coefs[-1])[1], "target"
        )
        task = Regression.of_settings(reg._settings)
        if units is not None:
            task = replace(task, mean=units.mean, scale=units.scale)
        return reg._with_weights(task, coefs, intercepts, input_mean, input_scale)

    def _learn_task(
        self, settings: Settings, y: Any, previous: Any, classes: Any
    ) -> tuple[Regression, Any]:
        return Regression.learn(settings, y, previous=previous)

    def _known_task(self, settings: Settings, facts: Mapping[str, Any]) -> Regression:
        return replace(Regression.of_settings(settings), **facts)

    @overload
    def predict(
        self, X: types.TableLike, return_std: Literal[False] = False
    ) -> Array: ...

    @overload
    def predict(
        self, X: types.TableLike, return_std: Literal[True]
    ) -> tuple[Array, Array]: ...

    @overload
    def predict(
        self, X: types.TableLike, return_std: bool
    ) -> Array | tuple[Array, Array]: ...

    def predict(
        self, X: types.TableLike, return_std: bool = False
    ) -> Array | tuple[Array, Array]:
        """Predict targets.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs.
        return_std : bool, default=False
            Whether to return also the standard deviation over the members of an
            ensemble, see `n_members`. Members that share weights are averaged first:
            they are no independent networks.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            The predictions, of an ensemble the mean of its members': float32 for
            float32 X, float64 otherwise. With several levels of
            ``loss=Quantile(levels)`` they have one axis more, of length n_levels.
        std : ndarray of the shape of y
            With ``return_std=True``: the standard deviation of the members'
            predictions. It measures their disagreement, not the noise of y.

        Raises
        ------
        ValueError
            If ``return_std=True`` and there is a single network, whatever its
            `shared_members`.
        """
        samples = self._check_samples(X)
        model = self._model
        assert isinstance(model.task, Regression)
        task = replace(model.task, clips=self.clip_predictions)
        if return_std and len(model.networks) < 2:
            raise ValueError(
                "return_std=True needs the predictions of several networks; this "
                "estimator has a single one. Fit with n_members > 1."
            )
        each = (task.mean_prediction(of) for of in model.outputs_of_networks(samples))
        if len(model.networks) == 1:
            return task.shaped(next(each), samples.dtype)
        mean, std = (task.shaped(A, samples.dtype) for A in mean_and_std(each))
        return (mean, std) if return_std else mean

    def score(
        self,
        X: types.TableLike,
        y: types.MatrixLike,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Return R2 of the predictions: 1 is perfect, 0 as good as the mean of y.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets, or names of columns as in `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, of which only the ratios matter.

        Returns
        -------
        float
            R2; with several quantiles, that of the level nearest to 1/2. Of a target
            whose values are all equal it is 1 for exact predictions, otherwise 0.
        """
        X, y, sample_weight = opened(X, y, sample_weight, "X")
        predicted = self.predict(X)
        loss = self._fitted.task.loss
        if loss.n_outputs(1) > 1:
            predicted = predicted[..., loss.central_output]
        weights = weights_of_score(sample_weight)
        targets: Any = as_numbers(y, "y")
        if sparse.issparse(targets):
            targets = targets.toarray()
        return r2(np.asarray(targets), predicted, weights)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
