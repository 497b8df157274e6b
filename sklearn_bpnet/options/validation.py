"""Options of validation samples: early stopping, and folds of the members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sklearn_bpnet.net.hyperparameters import is_count
from sklearn_bpnet.net.names import did_you_mean, listed
from sklearn_bpnet.options.base import Option
from sklearn_bpnet.training.monitor.patience import TIES


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
    refit : bool, default=False
        Whether the network is then trained anew, on all samples: for as many epochs as
        are best for the validation samples; an ensemble for those of the best mean
        score of its members.

    Raises
    ------
    ValueError
        If a value is not valid.

    Examples
    --------
    >>> from sklearn_bpnet import BPNetClassifier
    >>> from sklearn_bpnet.options import EarlyStopping
    >>> clf = BPNetClassifier(early_stopping=EarlyStopping(refit=True))
    """

    ties: Literal["loss", "first", "last"] = "loss"
    refit: bool = False

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
