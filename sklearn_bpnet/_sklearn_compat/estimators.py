"""Base classes and decorators of estimators, and the constraints of their parameters.

scikit-learn has no type annotations, and to a type checker a class with an untyped base
accepts every attribute and argument. Type checkers therefore use the stand-ins of
`_sklearn_stubs` in place of scikit-learn's classes and decorators.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    Options,
)

from sklearn_bpnet.net.names import did_you_mean

HAS_CALLBACKS: bool = True
if TYPE_CHECKING:
    from sklearn_bpnet._sklearn_stubs import (
        BaseEstimator,
        CallbackSupportMixin,
        ClassifierMixin,
        RegressorMixin,
        available_if,
        fit_context,
    )
else:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.base import _fit_context as fit_context
    from sklearn.utils.metaestimators import available_if

    try:
        from sklearn.callback import CallbackSupportMixin
    except ImportError:  # before 1.9
        HAS_CALLBACKS = False

        class CallbackSupportMixin:
            """A stand-in for versions without callbacks."""


class SuggestingEstimator(BaseEstimator):
    """An estimator whose error for an unknown name contains the most similar one."""

    _parameter_constraints: ClassVar[dict[str, Any]]

    def _validate_params(self) -> None:
        try:
            super()._validate_params()
        except InvalidParameterError as error:
            message = str(error)
            for name, value in self.get_params(deep=False).items():
                if message.startswith(f"The {name!r} parameter "):
                    allowed = self._parameter_constraints[name]
                    known = {o for c in allowed for o in getattr(c, "options", ())}
                    names = [option for option in known if isinstance(option, str)]
                    message += did_you_mean(value, names)
            raise InvalidParameterError(message) from None


def validate_parameters(estimator: Any) -> None:
    """Raise ValueError if a parameter violates its constraints."""
    estimator._validate_params()


__all__ = [
    "HAS_CALLBACKS",
    "BaseEstimator",
    "CallbackSupportMixin",
    "ClassifierMixin",
    "HasMethods",
    "Interval",
    "Options",
    "RegressorMixin",
    "SuggestingEstimator",
    "available_if",
    "fit_context",
    "validate_parameters",
]
