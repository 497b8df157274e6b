"""Whether a call that resumes another one has the samples of that."""

from __future__ import annotations

from collections.abc import Mapping

from sklearn_bpnet._data.samples import Data


def check_same_samples(
    before: Mapping[str, str], data: Data, *, early_stopping: bool
) -> None:
    """Raise ValueError unless the previous calls trained on the same samples.

    Parameters
    ----------
    before : mapping of str to str
        The identity of their samples.
    data : Data
        The samples.
    early_stopping : bool
        Whether those for validation must be the same, too.
    """
    now = data.identity
    changed = [name for name in before if before[name] != now.get(name)]
    arguments: list[str] = ["X", "y", "sample_weight"]
    names = [name for name in arguments if name in changed]
    if "sample_weight" in names and "class_weight" in changed:
        raise ValueError(
            "The checkpoint was written by a fit with class_weight="
            f"{before['class_weight']}; now it is {now['class_weight']}. Use the "
            "same, or train with partial_fit."
        )
    if names:
        raise ValueError(
            "The checkpoint was written by a fit to other samples: "
            f"{_differ(names)} in shape or in values. Pass the same, or train on "
            "these with partial_fit."
        )
    names = [name for name in changed if name.endswith("_val") and name in now]
    if early_stopping and names:
        raise ValueError(
            "The checkpoint was written by a fit with another validation: "
            f"{_differ(names)}. Use the same."
        )


def _differ(names: list[str]) -> str:
    """That what is named differs, in words."""
    return f"{', '.join(names)} {'differs' if len(names) == 1 else 'differ'}"
