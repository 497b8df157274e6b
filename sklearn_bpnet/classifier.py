"""BPNetClassifier: from labels to output neurons and back."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if

from sklearn_bpnet._base import BaseBPNet, Call
from sklearn_bpnet._data.classification import Classification, given_classes
from sklearn_bpnet._data.reading import Table
from sklearn_bpnet._settings.constraints import loss_constraint
from sklearn_bpnet._sklearn_compat import StrOptions, fit_context
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.targets import TARGET_ENCODINGS


class BPNetClassifier(ClassifierMixin, BaseBPNet):
    """Multi-layer perceptron classifier, trained by backpropagation in NumPy.

    Minimises the empirical risk (1/N) sum_n s_n L(y_n, f(x_n, theta)) +
    alpha Omega(theta) over the weights and biases theta of a feed-forward network f.
    Every parameter, method and attribute of scikit-learn's MLPClassifier is here
    under the same name.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Number of units of every hidden layer; ``()`` for a linear model.

    activation : str, Activation, pair of functions, or list of these, default="relu"
        Activation of the hidden layers, or a list with one for each. Names:
        "identity", "heaviside", "sigmoid" (also "logistic"), "tanh", "relu",
        "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "softsign",
        "exp", "softmax", "prelu" (its slopes are learned). No gradient passes a
        "heaviside" layer: what lies below keeps its initial weights. A pair
        ``(f, derivative)`` of your own functions of Z will do as well.

    loss : str, Loss, or pair of functions, default="log_loss"
        The loss L(y, a) of a row, summed over the outputs. Names: "log_loss",
        "squared_error", "focal"; without probabilities "hinge", "squared_hinge",
        "perceptron". An instance carries its own parameters, such as
        ``LogLoss(label_smoothing=0.1)``. Or two functions, ``(value, gradient)``, of
        Y and A.

    output_activation : str or Activation, default="auto"
        Activation of the output. "auto" is softmax for three classes or more and the
        logistic sigmoid for two classes and for label indicators; the identity for
        "hinge" and "squared_hinge", a step for "perceptron".

    initializer : str or Initializer, default="auto"
        Law of the initial weights. "auto" follows each layer's activation:
        "he_uniform" for the rectifiers, "lecun_normal" for SELU, "glorot_uniform"
        otherwise. Also "glorot_normal", "he_normal", "lecun_uniform", "orthogonal",
        "zeros", and "unit_variance", which looks at training rows: normal weights,
        scaled so that every pre-activation has variance 1 over them.

    bias_initializer : str or BiasInitializer, default="zeros"
        Law of the initial biases: "zeros"; "normal" with mean 0 and standard
        deviation 1; "hull", which puts the bend of every unit among training rows.

    output_initializer : str, Initializer or None, default=None
        Law of the output layer's weights; None is that of the others. With "zeros"
        its biases are zero too, whatever `bias_initializer` says, so that training
        starts from outputs that are the same for all rows.

    solver : str, Optimizer or FullBatchSolver, default="adam"
        How the empirical risk is minimised. By steps along gradients of mini-batches:
        "sgd", "adagrad", "rmsprop", "adadelta", "adam", "amsgrad", "adamw", "nadam",
        "radam", "lion". By all rows in every step, for small data: "lbfgs", "cg",
        "gd", "rprop"; only "lbfgs" and "cg" need no learning rate. An instance, such
        as ``Adam(beta_1=0.8)``, carries its own hyper-parameters.

    alpha : "auto", float or sequence of float, default="auto"
        Strength lambda of the penalty in the empirical risk, at least 0, or one for
        every layer of weights, from the input up. A number means the same for every
        batch size, number of rows and scale of the sample weights. scikit-learn's
        alpha divided by the batch size (by the number of rows for "lbfgs") gives the
        same strength. "auto" is 1.1 / (K N^(3/4)) for N rows of K classes (two, for
        label indicators), at most 0.01: the more rows, the less the weights need a
        prior. `partial_fit` takes its rows to be some of 15,000.

    l1_ratio : float, default=0.0
        Share of L1 in the penalty, in [0, 1]: 0 is L2, 1 is L1, as in ElasticNet.
        With L1, weights become exactly zero.

    group_alpha : float, default=0.0
        Strength of a group penalty, at least 0: the sum over the features of the
        Euclidean norm of the weights that leave it. It switches whole features off,
        exactly. Not for "lbfgs", "cg", "lion" and "rprop".

    dropout : float or sequence of float, default=0.0
        Probability of a hidden unit to be left out of a training step, in [0, 1), or
        one for every hidden layer.

    input_dropout : float, default=0.0
        The same for features, in [0, 1); a feature that is left out is set to its mean
        by the standardisation. Needs dense X.

    dropout_schedule : str, callable or Schedule, default="constant"
        Course of `dropout` and `input_dropout`: the factor of these rates as training
        goes on, by the names of `learning_rate` that do not wait for plateaus.
        "flat_cosine" keeps them for half of the epochs, then lowers them to 0.

    input_noise : float, default=0.0
        Standard deviation of normal noise that is added to the features in training,
        at least 0, in units of the scaled features. Needs dense X.

    batch_size : int, "auto" or "full", default="auto"
        Rows a mini-batch. "full" is all rows. "auto" is a hundredth of them, but at
        least 64 (or all) and at most 200.

    learning_rate : str, callable or Schedule, default="auto"
        Course of the learning rate, for every solver that has one.

        - "auto" is "cosine", which comes down to 0 in the last of `max_iter` epochs;
          in `partial_fit` and with `warm_start`, whose end nobody knows, "constant".
        - "constant" is `learning_rate_init`.
        - "invscaling" is ``learning_rate_init / t**power_t`` in epoch t = 1, 2, ...
        - "adaptive" (also "on_plateau") divides it by 5 each time `n_iter_no_change`
          epochs in a row did not improve; training ends once it is at most 1e-6.
        - "step", "exponential", "cosine", "cosine_restarts", "one_cycle",
          "flat_cosine", "coslog4" and "warmup" are in the user guide.
        - A function from the part of training that is done, in [0, 1], gives the
          factor of `learning_rate_init` for every batch.

    learning_rate_init : "auto" or float, default="auto"
        The learning rate that `learning_rate` multiplies, positive. "auto" is what
        suits the solver: 0.008 for "adam", "amsgrad", "adamw", "nadam" and "radam",
        0.01 for "sgd", 0.1 for "gd", 0.03 for "adagrad", 0.003 for "rmsprop" and
        "rprop", 0.001 for "lion", 3 for "adadelta"; for n > 20 features these times
        (20 / n)^(1/3).

    power_t : float, default=0.5
        Exponent of "invscaling", at least 0.

    max_iter : int, default=100
        Most epochs (iterations of "lbfgs" and "cg") in a call of `fit`.

    shuffle : bool, default=True
        Whether to shuffle the rows before every epoch.

    random_state : int, RandomState instance or None, default=None
        Determines the initial weights, the validation split and the shuffling. The
        same int, data and versions give bit-identical predictions. NumPy's global
        random state is neither read nor changed.

    tol : float, default=1e-4
        Least improvement of the loss, or of the validation score, that counts; for
        "lbfgs" and "cg" the largest component of the gradient at convergence.

    verbose : bool or int, default=False
        Whether to print the loss and the other facts of every epoch; of an ensemble
        those of every member.

    warm_start : bool, default=False
        Whether `fit` goes on from the call before: the weights, the optimiser's state,
        the schedule, the patience and the random stream. `max_iter` then counts the
        epochs to add.

    momentum : float, default=0.9
        Momentum of "sgd", in [0, 1].

    nesterovs_momentum : bool, default=True
        Whether the momentum of "sgd" is Nesterov's.

    early_stopping : bool, default=False
        Whether to stop when the validation no longer improves, see `scoring`, and to
        keep the best weights. The validation rows are `X_val` of `fit`, or some of
        the training rows, see `validation_fraction`.

    validation_fraction : float or splitter, default=0.1
        Share of the rows that early stopping sets aside, in [0, 1); at least two
        rows, and one of every class that has more than one. The split is stratified
        by class, except for label indicators; with `groups` it keeps groups together.
        Or a splitter of scikit-learn such as ``TimeSeriesSplit()``, whose first split
        is taken.

    scoring : "loss", str, callable or None, default=None
        What early stopping watches on the validation rows. None is the accuracy, "loss"
        the mean loss without the penalty; else the name of a scorer of scikit-learn,
        or a callable ``scorer(estimator, X, y)`` (with ``sample_weight`` where there
        are weights), larger being better.

    ties : {"loss", "first", "last"}, default="loss"
        Which of two epochs is the better one for early stopping. With "loss", where
        the score differs from the best by less than `tol`, the loss on the validation
        rows decides. With "first" or "last", of equal scores the earlier or the later,
        and neither counts as an improvement.

    ema_decay : float or None, default=None
        If given, in [0, 1), what is validated and kept is the exponential moving
        average of the weights over the steps, in place of the last weights; about
        the last 1 / (1 - ema_decay) steps count.

    record : str, list or tuple of str, default=()
        What `history_` shall hold beside the curves, for every layer: "gradient_norm"
        and "saturation", from at most 1000 training rows once an epoch.

    beta_1 : float, default=0.9
        Decay rate of the first moment of "adam", "amsgrad", "adamw", "nadam" and
        "radam", in [0, 1).

    beta_2 : float, default=0.999
        Decay rate of their second moment, in [0, 1).

    epsilon : float, default=1e-8
        Keeps their division finite; positive.

    n_iter_no_change : "auto", int or inf, default="auto"
        Training stops after exactly so many epochs in a row without improvement;
        inf makes all `max_iter` epochs, without a warning. "auto" is 10, but inf
        where no validation score is watched and the learning rate comes down to 0:
        a loss that stands still means then that the rate is still high.

    max_fun : int, default=15000
        Most evaluations of the risk by "lbfgs".

    weight_decay : float or None, default=None
        Decoupled weight decay, at least 0: before every step the weights (not the
        biases) shrink by ``learning_rate * weight_decay`` of themselves, whatever the
        optimiser does to the gradient. None is 0.01 for "adamw" and 0 for the others.

    weight_decay_schedule : str, callable or Schedule, default="constant"
        Course of `weight_decay`: its factor as training goes on, as for
        `dropout_schedule`.

    clip_norm : float or None, default=None
        Largest Euclidean norm of a batch's gradient, positive: a longer gradient is
        scaled down to it. None means no limit.

    learning_rate_factors : array-like, dict or None, default=None
        Factors of the learning rate, at least 0: one number for each layer of
        weights, first to last, or a dictionary. Its keys are "W" for the weights and
        "b" for the biases, with such numbers or one for all layers, "activation"
        for the weights that activations learn, "input_scale", and "embedding".
        ``{"b": 0.1}`` makes biases learn at a tenth of the rate; 0 leaves parameters as
        they are. "ntk" as the factor of weights is 1 / sqrt(n_in) of their layer
        (1 / n_in for "sgd" and "gd"): they are trained as if they were stored with
        variance 1.

    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, which multiply those of the rows. "balanced" gives
        every class the same total weight, `sample_weight` counted (in `partial_fit`,
        among the rows of the call). For label indicators a list of one dict each, or
        "balanced".

    target_encoding : {"one-hot", "binary", "ordinal"}, default="one-hot"
        What the output neurons mean, for three classes or more.

        - "one-hot": one neuron for every class.
        - "binary": ceil(log2 K) neurons for K classes, the class's number in binary.
        - "ordinal": a single neuron, a regression on the class's number.

        Two classes have a single neuron in all three, label indicators one each.

    calibration : {"temperature"} or None, default=None
        "temperature" divides the logits by one number, after training, that makes the
        log loss on the validation rows the lowest. Predicted classes stay the same. The
        members of an ensemble are averaged first, and their average is calibrated. It
        needs validation rows (`early_stopping`, or `X_val` in `fit`) and a logistic or
        softmax output.

    input_scaling : {"standard", "squash"} or None, default="standard"
        How features are scaled inside the estimator, with statistics weighted by
        `sample_weight`. "standard": to mean 0 and standard deviation 1. "squash": the
        median is subtracted, and the rest divided by the distance of the quartiles and
        bent smoothly into (-3, 3), so that outliers stay near; it needs dense X. None
        leaves them as they are.

    numeric_embedding : "pbld", PBLD or None, default=None
        What the network sees of a feature with more than two values in the training
        rows. None: the scaled feature. "pbld": beside it three learned functions of
        it, linear maps of 16 waves, so that the target may change fast, or up and down,
        along a feature. Features with two values stay as they are. Needs dense X.
        ``PBLD(n_frequencies, embedding_size, deviation)`` has other numbers.

    learned_input_scale : bool, default=False
        Whether the network learns a number for every scaled feature, which it is
        multiplied by before the first layer; see `learned_input_scale_`. They start
        at 1 and are not penalised.

    n_members : int, default=1
        Number of networks, at least 1. With more than one, they are trained from
        initial weights and orders of the rows of their own, on the same rows, with
        the same validation rows, and their probabilities are averaged; see
        `estimators_`.

    n_jobs : int or None, default=None
        How many of them are trained at the same time, each in one thread; None is 1
        (unless in a ``joblib.parallel_config`` context) and -1 all processors. The
        results are the same, bit for bit.

    dtype : {"auto", "float32", "float64"}, default="auto"
        Of the weights and the arithmetic. "auto" is float64 for full-batch training
        ("lbfgs", "cg", or batches that hold all rows) and float32 for mini-batches.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels; for label indicators the numbers of the columns.

    estimators_ : list of BPNetClassifier, length n_members
        The members, with ``n_members > 1``: a fitted estimator of one network each.
        What differs between them is theirs alone: `coefs_`, `intercepts_`,
        `activation_weights_`, `history_` and the curves, `stop_reason_`, `t_` and all
        "best" ones. The ensemble has what they share; its `n_iter_` is the largest,
        its `loss_` and its `feature_importances_` are the mean.

    coefs_ : list of ndarray of shape (n_in, n_out), length n_layers_ - 1
        Weights W of every layer. Editing them takes effect.

    intercepts_ : list of ndarray of shape (n_out,), length n_layers_ - 1
        Biases b of every layer.

    activation_weights_ : list of ndarray of shape (n_out,) or None
        For every layer the weights that its activation has learned; None where it
        learns none.

    temperature_ : float or None
        What the logits are divided by, with ``calibration="temperature"``.

    feature_importances_ : ndarray of shape (n_features_in_,)
        The Euclidean norm of the weights that leave every feature, ``coefs_[0]``, times
        its learned scale if there is one, and of all that an embedding makes of it: for
        features on one scale, and exactly 0 where `group_alpha` switched one off. It is
        what ``SelectFromModel`` and ``RFE`` look at.

    loss_ : float
        The empirical risk, penalty included: for mini-batches its mean over the last
        epoch, for "lbfgs" and "cg" its value at the final weights.

    best_loss_ : float or None
        Smallest of `loss_curve_`; None with early stopping.

    loss_curve_ : list of float
        The empirical risk of every epoch, or iteration of "lbfgs" or "cg". Calls that
        go on append to it.

    validation_loss_curve_ : list of float or None
        The mean loss on the validation rows after every epoch, without the penalty;
        None without validation rows.

    validation_scores_ : list of float or None
        The score of the validation rows after every epoch, see `scoring`; None
        without validation rows and for ``scoring="loss"``.

    best_validation_score_ : float or None
        Largest of `validation_scores_`.

    best_epoch_ : int
        The epoch, from 1, whose weights were kept: with early stopping that of the
        best validation, else the last; 0 for the weights that training started from.

    history_ : dict of str to ndarray of float of shape (n_epochs,)
        A number for every epoch: "loss", "learning_rate" (NaN for "lbfgs" and "cg"),
        "seconds", "validation_loss" and "validation_score" where there are validation
        rows, and for every layer what `record` asks for, such as "saturation_1".
        ``pandas.DataFrame(history_)`` makes a table of it.

    stop_reason_ : str
        Why training ended: "converged" (the loss or the score no longer improved),
        "max_iter", "diverged", "interrupted" (Ctrl-C), "stopped" (by a callback) or
        "failed" (the solver gave up).

    t_ : int
        Number of training rows seen, counted again in every epoch.

    n_iter_ : int
        Epochs, or iterations of "lbfgs" or "cg", of the last call.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had names that are all strings.

    n_layers_ : int
        Number of layers, input and output included.

    n_outputs_ : int
        Number of output units.

    out_activation_ : str
        Name of the output activation.

    input_mean_, input_scale_ : ndarray of shape (n_features_in_,) or None
        What is subtracted from the features, and what they are divided by.

    input_clip_ : float or None
        Where scaled features are bent to, by "squash".

    embedded_features_ : ndarray of int or None
        The features that `numeric_embedding` embeds.

    embedding_weights_ : list of 4 ndarray or None
        What was learned of them: frequencies and phases of the waves, of shape
        (n_embedded, n_frequencies), their linear map, of shape (n_embedded,
        n_frequencies, embedding_size - 1), and what is added, of shape (n_embedded,
        embedding_size - 1). The first layer sees the features, then these functions
        of the first embedded feature, of the second, and so on.

    learned_input_scale_ : ndarray of shape (n_features_in_,) or None
        What the scaled features are multiplied by, with `learned_input_scale`; else
        None. Behind an embedding there is a number for everything that it hands on.

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

    _parameter_constraints: ClassVar[dict] = {
        **BaseBPNet._parameter_constraints,
        "loss": loss_constraint("classification"),
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
        "calibration": [StrOptions({"temperature"}), None],
        "target_encoding": [StrOptions(set(TARGET_ENCODINGS))],
    }

    _kind: ClassVar[str] = "classification"

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        *,
        activation="relu",
        loss="log_loss",
        output_activation="auto",
        initializer="auto",
        bias_initializer="zeros",
        output_initializer=None,
        solver="adam",
        alpha="auto",
        l1_ratio=0.0,
        group_alpha=0.0,
        dropout=0.0,
        input_dropout=0.0,
        dropout_schedule="constant",
        input_noise=0.0,
        batch_size="auto",
        learning_rate="auto",
        learning_rate_init="auto",
        power_t=0.5,
        max_iter=100,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        scoring=None,
        ties="loss",
        ema_decay=None,
        record=(),
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change="auto",
        max_fun=15_000,
        weight_decay=None,
        weight_decay_schedule="constant",
        clip_norm=None,
        learning_rate_factors=None,
        class_weight=None,
        target_encoding="one-hot",
        calibration=None,
        input_scaling="standard",
        numeric_embedding=None,
        learned_input_scale=False,
        n_members=1,
        n_jobs=None,
        dtype="auto",
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.output_activation = output_activation
        self.initializer = initializer
        self.bias_initializer = bias_initializer
        self.output_initializer = output_initializer
        self.solver = solver
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.group_alpha = group_alpha
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.dropout_schedule = dropout_schedule
        self.input_noise = input_noise
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.ties = ties
        self.ema_decay = ema_decay
        self.record = record
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.weight_decay = weight_decay
        self.weight_decay_schedule = weight_decay_schedule
        self.clip_norm = clip_norm
        self.learning_rate_factors = learning_rate_factors
        self.class_weight = class_weight
        self.target_encoding = target_encoding
        self.calibration = calibration
        self.input_scaling = input_scaling
        self.numeric_embedding = numeric_embedding
        self.learned_input_scale = learned_input_scale
        self.n_members = n_members
        self.n_jobs = n_jobs
        self.dtype = dtype

    @classmethod
    def from_weights(
        cls,
        coefs,
        intercepts,
        *,
        classes=None,
        multilabel=False,
        input_mean=None,
        input_scale=None,
        **parameters,
    ):
        """Build a fitted classifier from given weights, without training.

        It predicts at once. `partial_fit`, and `fit` with ``warm_start=True``, go on
        from the weights.

        Parameters
        ----------
        coefs : list of array-like of shape (n_in, n_out)
            Weights W of every layer, as in `coefs_`; they are copied.
        intercepts : list of array-like of shape (n_out,)
            Biases b of every layer, as in `intercepts_`.
        classes : array-like of shape (n_classes,), default=None
            The distinct labels, in the order of the outputs; one output stands for
            the second of two. None numbers them from 0, one for each output.
        multilabel : bool, default=False
            Whether every output is a label of its own, 0 or 1, rather than one of
            several classes.
        input_mean, input_scale : array-like of shape (n_features,), default=None
            What is subtracted from the features, and what they are divided by, before
            the weights act on them. None: the weights act on the raw features.
        **parameters
            Parameters of the constructor. `hidden_layer_sizes` follows from the
            weights; `input_scaling` is None unless the statistics are given.

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
        given = input_mean is not None or input_scale is not None
        clf = cls._with_layers_of(coefs, parameters, {"input_scaling": given})
        n_outputs = np.shape(coefs[-1])[1]
        task = given_classes(clf._settings, classes, bool(multilabel), n_outputs)
        return clf._with_weights(task, coefs, intercepts, input_mean, input_scale)

    def _learn_task(self, settings, y, before, classes):
        return Classification.learn(settings, y, before=before, classes=classes)

    def _known_task(self, settings, facts):
        return Classification.of_classes(settings, **facts)

    @available_if(BaseBPNet._check_solver)
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X,
        y,
        sample_weight=None,
        classes=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Train one epoch over the given data, from where training stands.

        The optimiser's state, the schedule, the patience and the random stream go on
        from call to call. The first call decides the scaling of the inputs and the
        unit of the sample weights; those hold from then on. No row is set aside for
        early stopping, which looks at `X_val` and `y_val` if given: `coefs_` are then
        the best weights so far, and `stop_reason_` says "converged" once patience has
        run out.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs of this call.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            The labels of this call, or label indicators.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, at least 0.
        classes : array-like of shape (n_classes,), default=None
            All class labels that any call will see; needed in the first call.
        X_val : {array-like, sparse matrix, dataframe} of shape (n_val, n_features), \
default=None
            Validation inputs, which training never sees. With `early_stopping` they
            decide which weights to keep; without it their loss and score are only
            recorded.
        y_val : array-like of shape (n_val,) or (n_val, n_classes), default=None
            Validation targets; given if and only if `X_val` is.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation rows.

        Returns
        -------
        self : object
            The estimator, one epoch further.
        """
        table, validation = (X, y, sample_weight), (X_val, y_val, sample_weight_val)
        return self._fit(
            Call(Table(*table), Table(*validation), incremental=True, classes=classes)
        )

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            The labels, or label indicators, with the dtype of ``classes_``.
        """
        scores = self.decision_function(X)
        return self._fitted.task.labels(scores)

    def decision_function(self, X):
        """Predict scores, the higher the likelier.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        ndarray of float64 of shape (n_samples,) or (n_samples, n_classes)
            For two classes one number a row, positive where the second is predicted;
            for more one for every class, the highest predicted; for label indicators
            one for every label, positive where it is predicted. They are the
            pre-activations z of the output neurons (log-odds, for a logistic output)
            for the usual outputs, and the logarithms of `predict_proba` for another
            `target_encoding` than "one-hot".
        """
        task, Z, A = self._outputs(X)
        return task.scores(Z, A)

    def _outputs(self, X):
        """What reads the outputs for samples of X, their logits Z and outputs A."""
        X = self._check_samples(X)
        model = self._model
        networks, task = model.networks, model.task
        return task.combine(model.outputs(X), len(networks), model.temperature)

    def _check_probabilities(self):
        if not LOSSES.resolve(self.loss).estimates_probabilities:
            raise AttributeError(
                f"predict_proba is not available with loss={self.loss!r}, whose "
                "minimiser is not a probability. Use decision_function, "
                "loss='log_loss', or sklearn.calibration.CalibratedClassifierCV."
            )
        return True

    @available_if(_check_probabilities)
    def predict_proba(self, X):
        """Predict probabilities.

        Outputs that are no probabilities, such as those of an identity, are clipped
        to [0, 1]; those of exclusive classes are divided by their sum.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_classes)
            The probability of every class, in the order of ``classes_``; for label
            indicators that of every label, below 1. None is below the smallest normal
            number.
        """
        task, _, A = self._outputs(X)
        return task.probabilities(A)

    @available_if(_check_probabilities)
    def predict_log_proba(self, X):
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_classes)
            ``log(predict_proba(X))``, always finite.
        """
        return np.log(self.predict_proba(X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
