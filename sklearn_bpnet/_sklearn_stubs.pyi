"""What the estimators have from scikit-learn, with types; for type checkers only."""

from collections.abc import Callable
from typing import Any, Self, TypeVar

from numpy.typing import ArrayLike

from sklearn_bpnet._types import MatrixLike

F = TypeVar("F", bound=Callable[..., Any])

class BaseEstimator:
    def get_params(self, deep: bool = True) -> dict[str, Any]: ...
    def set_params(self, **params: Any) -> Self: ...
    def get_metadata_routing(self) -> Any: ...
    def set_fit_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
        X_val: bool | str | None = ...,
        y_val: bool | str | None = ...,
        sample_weight_val: bool | str | None = ...,
        groups: bool | str | None = ...,
        coefs_init: bool | str | None = ...,
        intercepts_init: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(
        self,
        *,
        sample_weight: bool | str | None = ...,
        X_val: bool | str | None = ...,
        y_val: bool | str | None = ...,
        sample_weight_val: bool | str | None = ...,
        classes: bool | str | None = ...,
    ) -> Self: ...
    def set_score_request(self, *, sample_weight: bool | str | None = ...) -> Self: ...
    def _validate_params(self) -> None: ...
    def __sklearn_tags__(self) -> Any: ...
    def __sklearn_clone__(self) -> Self: ...

class ClassifierMixin:
    def score(
        self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None
    ) -> float: ...

class RegressorMixin:
    def score(
        self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None
    ) -> float: ...
    def set_predict_request(self, *, return_std: bool | str | None = ...) -> Self: ...

class CallbackSupportMixin:
    def set_callbacks(self, *callbacks: Any) -> Self: ...

def available_if(check: Callable[..., Any]) -> Callable[[F], F]: ...
def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[F], F]: ...
