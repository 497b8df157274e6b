"""Classes of warnings, so that a filter can select them.

All warnings of this package belong to one of these classes or to two of scikit-learn's:
``ConvergenceWarning`` if training reached ``max_iter`` or its solver failed, and
``UndefinedMetricWarning`` if no validation score was a number.
"""

from __future__ import annotations

from sklearn.exceptions import ConvergenceWarning

__all__ = [
    "DivergenceWarning",
    "ParameterWithoutEffectWarning",
    "TrainingInterruptedWarning",
]


class ParameterWithoutEffectWarning(UserWarning):
    """A parameter or an argument was set, but it has no effect.

    Other parameters or the data leave no use for it, such as ``batch_size`` with
    L-BFGS, or a batch size above the number of samples.

    Examples
    --------
    >>> import warnings
    >>> from sklearn_bpnet.exceptions import ParameterWithoutEffectWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", ParameterWithoutEffectWarning)
    ...     # a search over parameters that do not apply to all candidates
    """


class DivergenceWarning(ConvergenceWarning):
    """Training diverged: the empirical risk did not stay finite.

    A subclass of scikit-learn's ``ConvergenceWarning``, whose filters apply to it.
    """


class TrainingInterruptedWarning(UserWarning):
    """Ctrl-C ended training; the estimator is fitted with the weights so far."""
