"""The parameters that the estimators of a cluster have besides the ordinary ones."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from numbers import Integral
from typing import Any

from sklearn_bpnet._sklearn_compat import Interval

DEFAULTS: dict[str, Any] = {"local_steps": 1, "client": None}
CONSTRAINTS = {
    "local_steps": [Interval(Integral, 1, None, closed="left")],
    "client": "no_validation",
}


def constructor(local: Any) -> Callable[..., None]:
    """The constructor of an estimator, with the parameters of a cluster."""
    known = inspect.signature(local.__init__)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value)
        for name, value in DEFAULTS.items()
    ]
    signature = known.replace(parameters=[*known.parameters.values(), *added])

    def construct(self: Any, *args: Any, **kwargs: Any) -> None:
        own = {name: kwargs.pop(name, value) for name, value in DEFAULTS.items()}
        local.__init__(self, *args, **kwargs)
        vars(self).update(own)

    construct.__name__ = "__init__"
    construct.__signature__ = signature  # type: ignore[attr-defined]
    return construct


__all__ = ["CONSTRAINTS", "DEFAULTS", "constructor"]
