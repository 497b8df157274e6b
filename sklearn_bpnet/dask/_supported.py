"""Parameters that a cluster does not honour, which are errors."""

from __future__ import annotations

from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._settings.solver import is_stochastic

# parameters that must be off, and why
_OFF = {
    "warm_start": (False, "a fit on a cluster starts anew"),
    "member_folds": (None, "members on a cluster train on the same samples"),
    "time_budget": (None, "the time of an epoch on a cluster is not planned"),
    "record": ((), "training samples are not in this process"),
}


def check_supported(settings: Settings) -> None:
    """Raise ValueError if a cluster does not honour a parameter."""
    for name, (off, why) in _OFF.items():
        value = getattr(settings, name)
        if value is not off and value != off and value != []:
            raise ValueError(
                f"{settings.described([name])} is not supported on a cluster: {why}. "
                f"Use {name}={off!r}."
            )
    option = settings.option("early_stopping")
    if option is not None and option.refit:
        raise ValueError(
            f"{settings.described(['early_stopping'])} is not supported on a cluster: "
            "the samples are read once. Use refit=False."
        )
    if settings.n_jobs not in (None, 1):
        raise ValueError(
            f"{settings.described(['n_jobs'])} is not supported on a cluster: members "
            "train one after the other, each on all workers. Use n_jobs=None."
        )
    if settings.early_stopping and hasattr(settings.validation_fraction, "split"):
        raise ValueError(
            f"{settings.described(['validation_fraction'])} is not supported on a "
            "cluster: a splitter needs all samples in one place. Use a fraction, or "
            "pass X_val and y_val to fit."
        )


def check_local_steps(settings: Settings, local_steps: int) -> None:
    """Raise ValueError if the solver makes no steps of mini-batches to be averaged."""
    if local_steps > 1 and not is_stochastic(settings):
        raise ValueError(
            f"local_steps={local_steps}, but {settings.described(['solver'])} makes no "
            "steps of mini-batches. Use local_steps=1, or another solver, such as "
            "'adam'."
        )
