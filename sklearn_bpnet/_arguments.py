"""Errors for arguments that a method does not take: its class, and what was meant."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from sklearn_bpnet.net.names import did_you_mean, listed

F = TypeVar("F", bound=Callable[..., Any])

# what arguments of other packages are called here
_CALLED_HERE = {
    "eval_set": "the arguments X_val and y_val",
    "validation_data": "the arguments X_val and y_val",
    "validation_split": "the parameters early_stopping and validation_fraction",
    "eval_sample_weight": "the argument sample_weight_val",
    "epochs": "the parameter max_iter",
    "n_epochs": "the parameter max_iter",
    "early_stopping_rounds": "the parameters early_stopping and n_iter_no_change",
    "lr": "the parameter learning_rate_init",
    "callbacks": "the method set_callbacks",
    "initial_weights": "the arguments coefs_init and intercepts_init",
}


def explains_arguments(method: F) -> F:
    """Decorate a method so that a TypeError about its arguments is one of its class.

    Python names the class that defines the method, which is not for direct use.
    """
    signature = inspect.signature(method)

    @wraps(method)
    def explained(self: Any, *args: Any, **kwargs: Any) -> Any:
        caller = f"{type(self).__name__}.{method.__name__}()"
        for name in kwargs:
            if name not in signature.parameters:
                raise TypeError(
                    f"{caller} got an unexpected keyword argument {name!r}."
                    f"{_explanation(self, name, list(signature.parameters)[1:])}"
                )
        try:
            signature.bind(self, *args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{caller}: {error}.") from None
        return method(self, *args, **kwargs)

    return cast(F, explained)


def _explanation(instance: Any, name: str, known: list[str]) -> str:
    """What to use in place of an unknown argument."""
    if name in inspect.signature(type(instance)).parameters:
        return (
            " It is a parameter of the constructor: "
            f"{type(instance).__name__}({name}=...)."
        )
    if name in _CALLED_HERE:
        return f" Use {_CALLED_HERE[name]}."
    return f"{did_you_mean(name, known)} The arguments are {listed(known)}."
