"""BPNetClassifier: the estimator for classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.metrics import accuracy_score
from sklearn.utils import check_array

from sklearn_bpnet import _types as types
from sklearn_bpnet._arguments import explains_arguments
from sklearn_bpnet._base import BaseBPNet
from sklearn_bpnet._data.class_columns import ClassColumns
from sklearn_bpnet._data.class_tasks import (
    ClassTask,
    given_classes,
    known_task,
    learn_task,
)
from sklearn_bpnet._data.label_values import as_labels
from sklearn_bpnet._data.labels import check_indicators, read_labels
from sklearn_bpnet._data.reading import Table
from sklearn_bpnet._data.sources import opened
from sklearn_bpnet._data.weights import weights_of_score
from sklearn_bpnet._fit.call import Arguments
from sklearn_bpnet._settings.constraints import constraints
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._sklearn_compat import (
    ClassifierMixin,
    available_if,
    fit_context,
)
from sklearn_bpnet.net.losses import LOSSES


class BPNetClassifier(ClassifierMixin, BaseBPNet):
    """Multi-layer perceptron classifier, trained by backpropagation in NumPy.

    Minimises the empirical risk (1/N) sum_n s_n L(y_n, f(x_n, theta)) +
    alpha Omega(theta) over the weights and biases theta of a feed-forward network f.
    All parameters, methods and attributes of scikit-learn's MLPClassifier exist
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

    target_encoding : {"one-hot", "binary", "ordinal"}, default="one-hot"
        What the output neurons mean, for three classes or more.

        - "one-hot": one neuron for every class.
        - "binary": ceil(log2 K) neurons for K classes, the class index in binary.
        - "ordinal": a single neuron, a regression on the class index.

        Two classes have a single neuron in all three cases, label indicators one each.
        Several columns of classes have the neurons of each.

    loss : str, Loss, or pair of functions, default="log_loss"
        The loss L(y, a) of a sample, summed over the outputs, also those of several
        columns of classes: "log_loss", "squared_error" or another of the table in
        :ref:`losses`, some of which estimate no probabilities, such as "hinge". An
        instance has other parameters, such as ``LogLoss(label_smoothing=0.1)``. A pair
        of functions ``(value, gradient)`` of Y and A is a user-defined loss.

    class_weight : dict, "balanced", list of dict or None, default=None
        Weights of the classes, which multiply those of the samples. "balanced" gives
        every class the same total weight, including `sample_weight` (in `partial_fit`,
        among the samples of the call). In a dict, classes without a key have the
        weight 1; keys of classes that y lacks are ignored if all others have one. For
        label indicators and several columns of classes, a list with one dict for each
        column, or "balanced": their weights are multiplied.

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

    calibration : {"temperature"} or None, default=None
        "temperature" divides the logits, after training, by the number that minimises
        the log loss on the validation samples. Predicted classes do not change. For an
        ensemble or `shared_members`, the average of the members is calibrated; with
        `member_folds` every member, by what members predict for the samples that they
        held out. It needs validation samples (`early_stopping`, `member_folds`, or
        `X_val` in `fit`) and a logistic or softmax output.

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
    classes_ : ndarray of shape (n_classes,), or list of such arrays
        The class labels; for label indicators the column indices; for several columns
        of classes a list with those of each.

    n_classes_ : int or list of int
        Number of classes, for several columns that of each; not for label indicators.

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

    temperature_ : float
        Divisor of the logits, with ``calibration="temperature"``; with `member_folds`
        that of every member, before they are averaged.

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

    See Also
    --------
    BPNetRegressor : The same network for regression.

    References
    ----------
    Rumelhart, Hinton and Williams, "Learning representations by back-propagating
    errors", Nature 323, 1986.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_bpnet import BPNetClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = BPNetClassifier((10,), solver="lbfgs", random_state=0).fit(X, y)
    >>> clf.predict(X[:3])
    array([0, 0, 0])
    >>> clf.predict_proba(X[:3]).shape
    (3, 3)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = constraints("classification")

    _kind: ClassVar[str] = "classification"
    classes_: NDArray[Any]
    n_classes_: int
    temperature_: float
    estimators_: list[BPNetClassifier]

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
        target_encoding: Literal["one-hot", "binary", "ordinal"] = "one-hot",
        loss: types.LossLike = "log_loss",
        class_weight: types.ClassWeight = None,
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
        dtype: types.DType = "auto",
        n_members: int = 1,
        member_folds: types.MemberFoldsLike = None,
        shared_members: types.SharedMembers = "auto",
        n_jobs: int | None = None,
        calibration: Literal["temperature"] | None = None,
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
        self.target_encoding = target_encoding
        self.loss = loss
        self.class_weight = class_weight
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
        self.dtype = dtype
        self.n_members = n_members
        self.member_folds = member_folds
        self.shared_members = shared_members
        self.n_jobs = n_jobs
        self.calibration = calibration
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
        classes: types.Classes | None = None,
        multilabel: bool = False,
        input_mean: ArrayLike | None = None,
        input_scale: ArrayLike | None = None,
        **parameters: Any,
    ) -> Self:
        """Build a fitted classifier from given weights, without training.

        The estimator can predict. Training continues from the weights with
        `partial_fit`, and with `fit` and ``warm_start=True``.

        Parameters
        ----------
        coefs : list of array-like of shape (n_in, n_out)
            Weights W of every layer, as in `coefs_`; they are copied.
        intercepts : list of array-like of shape (n_out,)
            Biases b of every layer, as in `intercepts_`.
        classes : array-like of shape (n_classes,), or list of these, default=None
            The distinct labels, sorted, in the order of the outputs; a single output
            represents the second of two classes. For several columns of classes, a list
            with those of each. None, and always for label indicators: 0, 1, ..., one
            per output.
        multilabel : bool, default=False
            Whether the outputs are label indicators, each 0 or 1, rather than exclusive
            classes.
        input_mean, input_scale : array-like of shape (n_features,), default=None
            What is subtracted from the features, and what they are divided by, before
            the weights act on them. None: the weights act on the unscaled features.
        **parameters : object
            Parameters of the constructor. `hidden_layer_sizes` follows from the
            weights; scaling of inputs and targets is None unless the statistics are
            given.

        Returns
        -------
        BPNetClassifier

        Raises
        ------
        ValueError
            If shapes do not fit together, or a parameter is not valid.

        Examples
        --------
        A neuron that computes NOT (x1 AND x2):

        >>> nand = BPNetClassifier.from_weights(
        ...     [[[-2], [-2]]], [[3]], output_activation="heaviside"
        ... )
        >>> nand.predict([[0, 0], [0, 1], [1, 0], [1, 1]])
        array([1, 1, 1, 0])
        """
        scales = {"input_scaling": input_mean is not None or input_scale is not None}
        clf: Self = cls._for_layers(coefs, parameters, scales)
        n_outputs = np.shape(coefs[-1])[1]
        task = given_classes(clf._settings, classes, bool(multilabel), n_outputs)
        return clf._with_weights(task, coefs, intercepts, input_mean, input_scale)

    def _learn_task(
        self, settings: Settings, y: Any, previous: Any, classes: Any
    ) -> tuple[ClassTask, Any]:
        return learn_task(settings, y, previous, classes)

    def _known_task(self, settings: Settings, facts: Mapping[str, Any]) -> ClassTask:
        return known_task(settings, facts)

    @available_if(BaseBPNet._check_solver)
    @explains_arguments
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: types.TableLike,
        y: types.MatrixLike,
        sample_weight: ArrayLike | None = None,
        classes: types.Classes | None = None,
        *,
        X_val: types.TableLike | None = None,
        y_val: types.MatrixLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train one epoch over the given data, continuing earlier calls.

        The optimiser's state, the schedule, the patience and the random stream continue
        from call to call. The first call determines the scaling of the inputs and of
        a regressor's targets, the levels of categories and the unit of the sample
        weights, for all calls; the scaling of a column waits until 20 samples have been
        seen and differ. A later value is an unknown one if the first call lacked it and
        the dtype does not declare it. No sample is set aside for early stopping, which
        monitors `X_val` and `y_val` if given: `coefs_` are then the best weights so
        far, and `stop_reason_` is "converged" once the patience is exhausted.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs of this call, of the kinds that `fit` reads.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets of this call: class labels, or several columns of label
            indicators, 0 and 1, or of class labels, in classification; real numbers in
            regression.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, at least 0.
        classes : array-like of shape (n_classes,), or list of these, default=None
            All class labels that any call will see; needed in the first call. For
            label indicators, ``range(n_labels)``; for several columns of classes, a
            list with the labels of each.
        X_val : {array-like, sparse matrix, dataframe} of shape (n_val, n_features), \
default=None
            Validation inputs, which are not trained on. With `early_stopping` they
            determine which weights to keep; without it their loss and score are only
            recorded. The columns must be those of X.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Validation targets; given if and only if `X_val` is.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation samples.

        Returns
        -------
        self : object
            The estimator, trained for one more epoch.

        Raises
        ------
        AttributeError
            If the solver is not stochastic.
        ValueError
            If X, y, the weights or a parameter are not valid, or do not fit the
            previous calls.
        """
        table = Table(X, y, sample_weight)
        validation = Table(X_val, y_val, sample_weight_val)
        return self._fit(
            Arguments(table, validation, incremental=True, classes=classes)
        )

    def predict(self, X: types.TableLike) -> NDArray[Any]:
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_columns)
            The labels, or label indicators, with the dtype of ``classes_``. Labels of
            several columns of different kinds are objects.
        """
        scores = self.decision_function(X)
        task: Any = self._fitted.task
        labels: NDArray[Any] = task.labels(scores)
        return labels

    def decision_function(self, X: types.TableLike) -> NDArray[np.float64]:
        """Predict the scores of the classes; a higher score means more probable.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        ndarray of float64 of shape (n_samples,) or (n_samples, n_classes), or list of \
such arrays
            For several columns of classes, a list with the scores of each. For two
            classes one score per sample, positive if the second class is predicted; for
            more classes one score per class, of which the largest is
            predicted; for label indicators one score per label, positive if it is
            predicted. The scores are the pre-activations z of the output neurons
            (log-odds, for a logistic output) for the usual output activations, and the
            logarithms of `predict_proba` if `target_encoding` is not "one-hot". With
            a single class, which is predicted without training, all scores are 0.
        """
        task, Z, A = self._outputs(X)
        scores: Any = task.scores(Z, A)
        return scores

    def _outputs(self, X: types.TableLike) -> tuple[ClassTask, Any, Any]:
        """The task that interprets the outputs for X, their logits Z and values A."""
        samples = self._check_samples(X)
        model = self._model
        task: Any = model.task
        combined: tuple[ClassTask, Any, Any] = task.combine(
            model.outputs(samples), model.n_predictions, model.temperature
        )
        return combined

    def _check_probabilities(self) -> bool:
        """Raise AttributeError if the loss does not estimate probabilities."""
        if not LOSSES.resolve(self.loss).estimates_probabilities:
            raise AttributeError(
                f"predict_proba is not available with loss={self.loss!r}, whose "
                "minimiser is not a probability. Use decision_function, "
                "loss='log_loss', or sklearn.calibration.CalibratedClassifierCV."
            )
        return True

    @available_if(_check_probabilities)
    def predict_proba(self, X: types.TableLike) -> NDArray[np.float64]:
        """Predict probabilities.

        Outputs that are not probabilities, such as those of the identity, are clipped
        to [0, 1], and divided by their sum for exclusive classes.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_classes), or list of such arrays
            The probability of every class, in the order of ``classes_``; for label
            indicators that of every label, below 1; for several columns of classes a
            list with those of each. All are at least the smallest normal number of
            float64.
        """
        task, _, A = self._outputs(X)
        probabilities: Any = task.probabilities(A)
        return probabilities

    @available_if(_check_probabilities)
    def predict_log_proba(self, X: types.TableLike) -> NDArray[np.float64]:
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_classes), or list of such arrays
            ``log(predict_proba(X))``, always finite.
        """
        probabilities: Any = self.predict_proba(X)
        if isinstance(probabilities, list):
            logs: Any = [np.log(of_column) for of_column in probabilities]
            return logs
        return np.log(probabilities)

    def score(
        self,
        X: types.TableLike,
        y: types.MatrixLike,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Return the accuracy of the predictions.

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
            The share of samples with the right class, or with all labels right: those
            of label indicators, or those of several columns of classes.

        Raises
        ------
        ValueError
            If y does not have the columns of the y of `fit`, label indicators are not
            0 and 1, or a label is missing.
        """
        X, y, sample_weight = opened(X, y, sample_weight, "X")
        predicted, targets = self.predict(X), as_labels(y, "y")
        if _is_sparse_column(y):  # which metrics do not take
            targets = targets.toarray().ravel()
        weights = weights_of_score(sample_weight)
        if predicted.ndim == 2:
            table = check_array(
                targets, accept_sparse="csr", dtype=None, ensure_2d=False
            )
            targets = read_labels(table, "y")
            task: Any = self._fitted.task
            if isinstance(task, ClassColumns):
                targets = task.are_equal(targets, predicted)
                predicted = np.ones_like(targets)
            elif targets.ndim == 2:
                targets = check_indicators(targets, "y")
        return float(accuracy_score(targets, predicted, sample_weight=weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # target_tags.multi_output is False, as for MLPClassifier: its check compares
        # ranks of probabilities with those of log-odds, and fails where these exceed 30
        tags.classifier_tags.multi_label = True
        return tags


def _is_sparse_column(y: Any) -> bool:
    """Whether y is a sparse matrix of one column."""
    return bool(sparse.issparse(y) and y.shape[1] == 1)
