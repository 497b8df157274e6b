"""A refit on all samples after early stopping: when there is one, and its errors."""

from __future__ import annotations

from dataclasses import replace

from sklearn_bpnet._data.samples import Data
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._fit.state import Refit
from sklearn_bpnet._settings import solver as solvers


def has_refit(call: Call) -> bool:
    """Whether a call trains anew, on all samples."""
    option = call.settings.option("early_stopping")
    return option is not None and bool(option.refit)


def check_refit(call: Call) -> None:
    """Raise ValueError if a refit does not go with the arguments of a call."""
    settings, arguments = call.settings, call.arguments
    name = settings.described(["early_stopping"])
    if not has_refit(call):
        if call.resumes and call.state.is_refit:
            raise ValueError(
                "The checkpoint was written by a fit with early_stopping="
                f"EarlyStopping(refit=True); now {name}. Use the same."
            )
        call.state.refit = None  # a call that may have been to follow does not
        return
    if arguments.incremental:
        raise ValueError(
            f"{name} trains twice, but partial_fit trains one epoch. Use fit, or "
            "refit=False."
        )
    if arguments.validation.is_given:
        raise ValueError(
            f"{name} trains anew on all samples of X, after some of them were set "
            "aside, so that there is no use for X_val and y_val. Append them to X and "
            "y, with a splitter as validation_fraction, or use refit=False."
        )
    if settings.member_folds is not None:
        raise ValueError(
            f"{name} does not go with {settings.described(['member_folds'])}. Use "
            "member_folds=MemberFolds(folds, refit=True), or refit=False."
        )
    for parameter, off in (("warm_start", False), ("time_budget", None)):
        if getattr(settings, parameter):
            raise ValueError(
                f"{name} trains anew on all samples, which "
                f"{settings.described([parameter])} does not go with. Use "
                f"{parameter}={off}, or refit=False."
            )
    if solvers.is_stochastic(settings) and solvers.schedule(settings).follows_plateaus:
        raise ValueError(
            f"{name} trains a number of epochs without validation, but learning_rate="
            f"{settings.learning_rate!r} follows plateaus. Use a schedule that follows "
            "the epochs, such as 'cosine'."
        )
    if call.resumes and call.state.refit is None:
        raise ValueError(
            f"The checkpoint was written by a fit without a refit; now {name}. Use "
            "the same."
        )


def samples_of_refit(call: Call, data: Data) -> Data | None:
    """All samples of a call, not encoded, if a refit on them follows; otherwise None.

    The state notes what the refit starts from.
    """
    if not has_refit(call) or call.state.is_refit:
        return None
    if call.state.refit is None:
        call.state.refit = Refit(dict(call.state.rng))
    return replace(data, training=replace(data.training))
