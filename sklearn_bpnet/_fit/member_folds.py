"""Errors of `member_folds`: arguments and parameters that do not go with it."""

from __future__ import annotations

from typing import Any

from sklearn_bpnet._data.folds import described, digest_of
from sklearn_bpnet._data.samples import Data
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._settings import solver as solvers
from sklearn_bpnet.net.hyperparameters import is_count


def check_member_folds(call: Call) -> None:
    """Raise ValueError if ``member_folds`` does not go with the arguments of a call."""
    settings, previous = call.settings, call.previous
    option = settings.option("member_folds")
    if option is None:
        if previous is None or not call.resumes:
            return
        if previous.out_of_fold or previous.state.folds:
            raise ValueError(
                "The checkpoint was written by a fit with member_folds; now it is "
                "None. Use the same."
            )
        return
    name = described(option.folds)
    if call.arguments.incremental:
        raise ValueError(
            f"{name} holds out samples for every member, but partial_fit trains on all "
            "samples of a call. Use fit, or member_folds=None."
        )
    if call.arguments.validation.is_given:
        raise ValueError(
            f"{name} makes every member hold out some samples of X, so that there is "
            "no use for X_val and y_val. Leave them out, or use member_folds=None."
        )
    if settings.n_members < 2 or is_count(option.folds):
        check_n_members(settings.n_members, option.folds, name)
    if not option.refit:
        return
    if settings.warm_start:
        raise ValueError(
            f"{name} with refit=True trains anew on all samples, which "
            "warm_start=True cannot continue from. Use one of them."
        )
    if solvers.is_stochastic(settings) and solvers.schedule(settings).follows_plateaus:
        raise ValueError(
            f"{name} with refit=True trains a number of epochs without validation, but "
            f"learning_rate={settings.learning_rate!r} follows plateaus. Use a "
            "schedule that follows the epochs, such as 'cosine'."
        )


def check_n_members(n_members: int, folds: Any, name: str) -> None:
    """Raise ValueError unless every fold has the same number of members.

    Parameters
    ----------
    n_members : int
        Number of members.
    folds : int or object
        Number of folds, or something else if it is not known yet.
    name : str
        The parameter ``member_folds`` in the message.
    """
    if not is_count(folds):
        needed = "as many members as folds, or a multiple of them"
        remedy = "another number of members"
    else:
        needed = f"{folds} members, or a multiple of {folds}"
        remedy = f"n_members={folds}"
    if n_members < 2 or (is_count(folds) and n_members % folds):
        raise ValueError(
            f"{name} needs {needed}, as each holds out one fold; got "
            f"n_members={n_members}. Use {remedy}."
        )


def check_same_folds(call: Call, data: Data) -> None:
    """Raise ValueError if members have trained on what they are now to hold out."""
    previous, samples = call.previous, data.training
    if previous is None:
        return
    before, name = previous.out_of_fold, described(call.settings.member_folds)
    if call.resumes and not (before or previous.state.folds):
        raise ValueError(
            f"The checkpoint was written by a fit without member_folds; now {name}. "
            "Use the same."
        )
    if call.resumes and before and before.n_epochs and not _has_refit(call):
        raise ValueError(
            f"The checkpoint was written by a fit with refit=True; now {name}. Use the "
            "same."
        )
    is_same = previous.networks[0].state.fingerprint == samples.fingerprint
    if before is None and not call.resumes and is_same:
        raise ValueError(
            f"Training cannot continue with {name}: so far all members have trained on "
            "these samples. Use member_folds=None, or warm_start=False to start again."
        )
    if before is not None and is_same and before.digest != digest_of(data.folds):
        raise ValueError(
            f"Training cannot continue with {name}: these are other folds than before. "
            "Use the same, with a random_state if they are random, or warm_start=False "
            "to start again."
        )


def _has_refit(call: Call) -> bool:
    """Whether members are trained anew on all samples."""
    option = call.settings.option("member_folds")
    return option is not None and bool(option.refit)
