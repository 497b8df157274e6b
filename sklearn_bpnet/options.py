"""Options: parameters of an estimator with several fields.

A parameter such as ``dropout`` takes a plain value, ``dropout=0.2``, or an object with
further fields, ``dropout=Dropout(0.2, schedule="flat_cosine")``. The fields are nested
parameters: ``set_params(dropout__schedule="flat_cosine")`` replaces the plain value by
the object.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np

from sklearn_bpnet.net.blocks.tables import usual_width
from sklearn_bpnet.net.hyperparameters import (
    Configurable,
    is_count,
    is_finite,
    is_real,
)
from sklearn_bpnet.net.initializers import (
    BIAS_INITIALIZERS,
    INITIALIZERS,
    BiasInitializer,
    Initializer,
)
from sklearn_bpnet.net.names import did_you_mean, listed
from sklearn_bpnet.training.monitor.patience import TIES
from sklearn_bpnet.training.schedules import Schedule, schedule_from

# Of "auto": on tables made up with 150 and 1000 categories, 4 numbers had the accuracy
# of 8 and 16 with early stopping, and without it a higher one by 0.7 and 1.2 %.
_EMBEDDING_SIZE = 4
# With thousands of samples, embeddings of columns from 10 levels on had 0.89 of the
# error of one-hot encoding in one real table, 0.94 in a second and 1.0 in a third. With
# about a thousand they had 0.84 and 0.96, but 1.03 in two tables of dozens of columns.
_MANY, _MANY_OF_FEW, _MANY_SAMPLES = 10, 41, 2500


@dataclass(frozen=True)
class Option(Configurable):
    """The base class of the options."""

    @classmethod
    def of(cls, value: Any) -> Self:
        """Return the option that a value of the estimator's parameter denotes.

        Parameters
        ----------
        value : object
            An option, which is returned unchanged, or the value of its first field.
        """
        return value if isinstance(value, cls) else cls(value)  # type: ignore[call-arg]

    def with_params(self, **changes: Any) -> Self:
        """Return a copy with some fields changed.

        Parameters
        ----------
        **changes : dict
            New values by name. ``name__hyper_parameter`` changes a hyper-parameter of a
            field, or of the object that the value of the field denotes.

        Raises
        ------
        ValueError
            If there is no such field, or its value is not allowed.
        """
        whole = {name: value for name, value in changes.items() if "__" not in name}
        changed = super().with_params(**whole)
        inner = {name: value for name, value in changes.items() if "__" in name}
        instances: dict[str, Any] = {
            name: self._instance(name, getattr(changed, name))
            for name in {key.partition("__")[0] for key in inner}
            if hasattr(changed, name)
        }
        return Configurable.with_params(replace(changed, **instances), **inner)

    def _instance(self, name: str, value: Any) -> Any:
        """The object that the value of a field denotes, if it has hyper-parameters."""
        return value


@dataclass(frozen=True)
class Dropout(Option):
    """Dropout of hidden units and features, and noise, for the parameter ``dropout``.

    Parameters
    ----------
    rate : float or sequence of float, default=0.0
        Probability with which a hidden unit is left out of a training step, in [0, 1),
        or one for every hidden layer.
    input_rate : float, default=0.0
        The same for features, in [0, 1). With standardised features, one that is left
        out takes its mean. Needs dense X.
    schedule : str, callable or Schedule, default="constant"
        Schedule of a factor of both rates: any schedule of ``learning_rate`` except
        those that follow plateaus. "flat_cosine" keeps the rates for half of the
        epochs, and then decreases them to 0.
    input_noise : float, default=0.0
        Standard deviation of normal noise that is added to the scaled features in
        training, at least 0. It has no schedule, and needs dense X.

    Raises
    ------
    ValueError
        If a rate, the noise or the schedule is not valid.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: a simple way
    to prevent neural networks from overfitting", JMLR 15, 2014.

    Examples
    --------
    >>> from sklearn_bpnet import BPNetClassifier
    >>> from sklearn_bpnet.options import Dropout
    >>> clf = BPNetClassifier(dropout=Dropout(0.5, input_rate=0.2))
    >>> clf.set_params(dropout__schedule="flat_cosine").dropout
    Dropout(rate=0.5, input_rate=0.2, schedule='flat_cosine', input_noise=0.0)
    """

    rate: float | Sequence[float] = 0.0
    input_rate: float = 0.0
    schedule: str | Callable[[float], float] | Schedule = "constant"
    input_noise: float = 0.0

    def __post_init__(self) -> None:
        rate: Any = self.rate
        is_list = isinstance(rate, Sequence) and not isinstance(rate, str)
        if is_list or (isinstance(rate, np.ndarray) and rate.ndim > 0):
            object.__setattr__(self, "rate", tuple(rate))
        if not all(map(_is_rate, self.rates)):
            raise ValueError(
                "rate must be a number in [0, 1), or a sequence with one for every "
                f"hidden layer; got {rate!r}."
            )
        if isinstance(self.rate, tuple):  # in plain floats
            object.__setattr__(self, "rate", tuple(np.asarray(self.rate).tolist()))
        if not _is_rate(self.input_rate):
            raise ValueError(f"input_rate must lie in [0, 1); got {self.input_rate!r}.")
        if not (is_finite(self.input_noise) and self.input_noise >= 0):
            raise ValueError(
                f"input_noise must be a number >= 0; got {self.input_noise!r}."
            )
        _check_schedule(self.schedule)

    @property
    def rates(self) -> tuple[float, ...]:
        """The rates of the hidden layers as a tuple, of length 1 for a common rate."""
        return self.rate if isinstance(self.rate, tuple) else (self.rate,)

    def _instance(self, name: str, value: Any) -> Any:
        return schedule_from(value) if name == "schedule" else value


@dataclass(frozen=True)
class WeightDecay(Option):
    """Decoupled weight decay, for the parameter ``weight_decay``.

    Parameters
    ----------
    rate : float or None, default=None
        Before every step, the weights (not the biases) are multiplied by
        ``1 - learning_rate * rate``; at least 0. None is the default of the solver:
        0.01 for "adamw" and 0 for the others.
    schedule : str, callable or Schedule, default="constant"
        Schedule of a factor of the rate: any schedule of ``learning_rate`` except those
        that follow plateaus.

    Raises
    ------
    ValueError
        If the rate or the schedule is not valid.

    References
    ----------
    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Examples
    --------
    >>> from sklearn_bpnet import BPNetRegressor
    >>> from sklearn_bpnet.options import WeightDecay
    >>> reg = BPNetRegressor(weight_decay=WeightDecay(0.02, schedule="flat_cosine"))
    """

    rate: float | None = None
    schedule: str | Callable[[float], float] | Schedule = "constant"

    def __post_init__(self) -> None:
        rate = self.rate
        if rate is not None and not (is_finite(rate) and rate >= 0):
            raise ValueError(f"rate must be at least 0, or None; got {rate!r}.")
        _check_schedule(self.schedule)

    def _instance(self, name: str, value: Any) -> Any:
        return schedule_from(value) if name == "schedule" else value


@dataclass(frozen=True)
class EarlyStopping(Option):
    """Early stopping, for the parameter ``early_stopping``.

    Parameters
    ----------
    ties : {"loss", "first", "last"}, default="loss"
        Which of two epochs is better. "loss": if the score differs from the best one by
        less than ``tol``, the loss on the validation samples decides. "first" or
        "last": of equal scores the earlier or the later one; neither counts as an
        improvement.

    Raises
    ------
    ValueError
        If ``ties`` is not valid.

    Examples
    --------
    >>> from sklearn_bpnet import BPNetClassifier
    >>> from sklearn_bpnet.options import EarlyStopping
    >>> clf = BPNetClassifier(early_stopping=EarlyStopping(ties="last"))
    """

    ties: Literal["loss", "first", "last"] = "loss"

    def __post_init__(self) -> None:
        if not isinstance(self.ties, str) or self.ties not in TIES:
            raise ValueError(
                f"ties must be one of {listed(TIES)}; got {self.ties!r}."
                f"{did_you_mean(self.ties, TIES)}"
            )

    @classmethod
    def of(cls, value: Any) -> EarlyStopping | None:  # type: ignore[override]
        """Return the option that a value of ``early_stopping`` denotes.

        Parameters
        ----------
        value : bool or EarlyStopping
            True denotes the default option, False none.

        Returns
        -------
        EarlyStopping or None
        """
        if isinstance(value, cls):
            return value
        return cls() if value else None


@dataclass(frozen=True)
class MemberFolds(Option):
    """Members that hold out different samples, for the parameter ``member_folds``.

    Parameters
    ----------
    folds : int, splitter or list of pairs
        Number of folds, at least 2: of equal size, drawn with ``random_state`` and
        stratified by class; with `groups` of ``fit``, those of ``GroupKFold``. Or a
        splitter of scikit-learn such as ``RepeatedKFold()``, or a list of pairs
        (training, held out) of indices into X.
    refit : bool, default=False
        Whether the members are then trained anew, on all samples: for as many epochs as
        are best for the mean validation score of the folds.

    Raises
    ------
    ValueError
        If a value is not valid.

    Examples
    --------
    >>> from sklearn_bpnet import BPNetClassifier
    >>> from sklearn_bpnet.options import MemberFolds
    >>> clf = BPNetClassifier(
    ...     n_members=5, member_folds=MemberFolds(5, refit=True), early_stopping=True
    ... )
    """

    folds: Any
    refit: bool = False

    def __post_init__(self) -> None:
        folds = self.folds
        is_splitter = hasattr(folds, "split") and hasattr(folds, "get_n_splits")
        is_list = isinstance(folds, (list, tuple)) and len(folds) >= 2
        if not (is_count(folds, 2) or is_list or is_splitter):
            raise ValueError(
                "folds must be a whole number of at least 2, a splitter of "
                "scikit-learn, or a list of at least 2 pairs of indices; got "
                f"{folds!r}."
            )

    @classmethod
    def of(cls, value: Any) -> MemberFolds | None:  # type: ignore[override]
        """Return the option that a value of ``member_folds`` denotes.

        Parameters
        ----------
        value : int, splitter, list, None or MemberFolds
            None denotes that all members have the same samples; other values are the
            folds.

        Returns
        -------
        MemberFolds or None
        """
        if value is None or isinstance(value, cls):
            return value
        return cls(value)


@dataclass(frozen=True)
class Initialization(Option):
    """Initial weights and biases, for the parameter ``initializer``.

    Parameters
    ----------
    weights : str or Initializer, default="auto"
        Initialisation scheme of the weights. "auto" follows the activation of each
        layer.
    biases : str or BiasInitializer, default="zeros"
        Initialisation scheme of the biases.
    output : str, Initializer or None, default=None
        Initialisation scheme of the weights of the output layer; None means
        ``weights``. With "zeros", the biases of the layer are zero, too, so that the
        initial outputs are the same for all samples.

    Raises
    ------
    ValueError
        If a scheme is unknown.

    Examples
    --------
    >>> from sklearn_bpnet import BPNetClassifier
    >>> from sklearn_bpnet.options import Initialization
    >>> start = Initialization("lecun_normal", biases="normal", output="zeros")
    >>> clf = BPNetClassifier(initializer=start)
    >>> clf.set_params(initializer__biases__deviation=0.1).initializer.biases
    NormalBiases(deviation=0.1)
    """

    weights: str | Initializer = "auto"
    biases: str | BiasInitializer = "zeros"
    output: str | Initializer | None = None

    def __post_init__(self) -> None:
        for name in ("weights", "biases", "output"):
            self._instance(name, getattr(self, name))

    def _instance(self, name: str, value: Any) -> Any:
        if name == "output" and value is None:
            return None
        return (BIAS_INITIALIZERS if name == "biases" else INITIALIZERS).resolve(value)


@dataclass(frozen=True)
class CategoricalEmbedding(Option):
    """Learned embeddings of categories, for the parameter ``categorical_embedding``.

    Parameters
    ----------
    size : int or "auto", default="auto"
        How many numbers represent a category, at least 1. "auto" is 4, and fewer for
        columns of more than 5000 levels.
    min_categories : int or "auto", default="auto"
        Number of levels from which on a column has an embedding, at least 3; missing
        values and rare levels count as levels. Columns of fewer levels are one-hot
        encoded. "auto" is 10 with 2,500 training samples or more, and 41 with fewer.
    deviation : float, default=0.1
        Standard deviation of the initial embeddings, positive.

    Raises
    ------
    ValueError
        If a number is not valid.

    References
    ----------
    Guo and Berkhahn, "Entity embeddings of categorical variables", arXiv 1604.06737,
    2016.

    Examples
    --------
    >>> from sklearn_bpnet import BPNetClassifier
    >>> from sklearn_bpnet.options import CategoricalEmbedding
    >>> embedding = CategoricalEmbedding(4, min_categories=10)
    >>> clf = BPNetClassifier(categorical_embedding=embedding)
    """

    size: int | Literal["auto"] = "auto"
    min_categories: int | Literal["auto"] = "auto"
    deviation: float = 0.1

    def __post_init__(self) -> None:
        if self.size != "auto" and not is_count(self.size):
            raise ValueError(
                f"size must be a whole number of at least 1, or 'auto'; got "
                f"{self.size!r}."
            )
        least: Any = self.min_categories
        if least != "auto" and not (is_count(least) and least >= 3):
            raise ValueError(
                "min_categories must be a whole number of at least 3, or 'auto'; got "
                f"{least!r}."
            )
        if not (is_finite(self.deviation) and self.deviation > 0):
            raise ValueError(f"deviation must be positive; got {self.deviation!r}.")

    @classmethod
    def of(cls, value: Any) -> CategoricalEmbedding | None:  # type: ignore[override]
        """Return the option that a value of ``categorical_embedding`` denotes.

        Parameters
        ----------
        value : int, "auto", None or CategoricalEmbedding
            None denotes that there is no embedding, other values are the size.

        Returns
        -------
        CategoricalEmbedding or None
        """
        if value is None or isinstance(value, cls):
            return value
        return cls(value)

    def width(self, n_categories: int, n_samples: int) -> int:
        """Return the size of the embedding of a column, 0 if it has none.

        Parameters
        ----------
        n_categories : int
            Number of its levels.
        n_samples : int
            Number of training samples.
        """
        least: Any = self.min_categories
        if least == "auto":
            least = _MANY if n_samples >= _MANY_SAMPLES else _MANY_OF_FEW
        if n_categories < least:
            return 0
        if self.size != "auto":
            return int(self.size)
        return min(_EMBEDDING_SIZE, usual_width(n_categories))


def _is_rate(value: Any) -> bool:
    """Whether a value is a probability below 1."""
    return is_real(value) and 0 <= value < 1


def _check_schedule(spec: Any) -> None:
    """Raise ValueError if a schedule is unknown or follows plateaus.

    The latter determine when training ends, which only the learning rate may.
    """
    if schedule_from(spec).follows_plateaus:
        raise ValueError(
            f"schedule={spec!r} follows plateaus, which only learning_rate can. Use a "
            "schedule that follows the epochs, such as 'flat_cosine'."
        )
