"""Parameters that are "auto": what they stand for in a call."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_bpnet._data.samples import Data, Samples
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._settings.choices import FEWEST_TO_EMBED, Facts, choose
from sklearn_bpnet._settings.plan import TrainingPlan
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.net.risk import EmpiricalRisk


def follow(call: Call, data: Data, *, numeric: bool) -> Call:
    """The call with values for the parameters that follow the table.

    Parameters
    ----------
    call : Call
        The call.
    data : Data
        Its samples, encoded.
    numeric : bool
        Whether the targets are numeric.
    """
    if call.previous is not None:
        return call.with_choices(call.previous.choices)
    if call.arguments.incremental:
        return call.with_choices(choose(call.settings, None))
    samples = data.training
    facts = Facts(
        "regression" if numeric else "classification",
        samples.n_positive_weight,
        data.encoder.n_inputs,
        _n_numeric(call.settings, samples),
        is_sparse=samples.is_sparse,
        is_given=any(given is not None for given in call.arguments.init),
    )
    return call.with_choices(choose(call.settings, facts))


def _n_numeric(settings: Settings, samples: Samples) -> int:
    """The number of features with more than two values, if it matters; otherwise 0.

    It takes passes over X.
    """
    matters = (
        isinstance(settings.hidden_layer_sizes, str)
        and settings.numeric_embedding is not None
        and samples.n_positive_weight >= FEWEST_TO_EMBED
        and not samples.is_sparse
    )
    return int(samples.has_many_values.sum()) if matters else 0


def followed(call: Call, plan: TrainingPlan, risk: EmpiricalRisk) -> dict[str, Any]:
    """The parameters that were "auto", and what training uses."""
    known = dict(call.choices) | {
        "alpha": risk.alpha,
        "batch_size": plan.batch_size,
        "learning_rate_init": float(plan.learning_rate),
    }
    if np.isnan(plan.learning_rate):
        del known["learning_rate_init"]  # of a full-batch solver, as it has none
    return {name: known[name] for name in call.follow if name in known}
