"""Parameters that are "auto": what they stand for in a call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sklearn_bpnet._data.samples import Data, Samples
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._settings.choices import FEWEST_TO_EMBED, Facts, choose
from sklearn_bpnet._settings.plan import TrainingPlan
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.net.risk import EmpiricalRisk


def with_input_scaling(call: Call, data: Data, *, numeric: bool) -> Call:
    """The first call with the scaling of its features, which the encoder has to know.

    Counts the numeric columns of ``data``.

    Parameters
    ----------
    call : Call
        The call.
    data : Data
        Its samples, not encoded yet.
    numeric : bool
        Whether the targets are numeric.
    """
    data.n_numeric = _n_numeric(call.settings, data.training)
    facts = _facts(call, data, data.training.X.shape[1], numeric=numeric)
    scaling = {"input_scaling": choose(call.settings, facts)["input_scaling"]}
    return replace(call, settings=call.settings.chosen(scaling))


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
    facts = _facts(call, data, data.encoder.n_inputs, numeric=numeric)
    return call.with_choices(choose(call.settings, facts))


def _facts(call: Call, data: Data, n_inputs: int, *, numeric: bool) -> Facts | None:
    """What is known of the table; None if the call shows a part of it only."""
    if call.arguments.incremental:
        return None
    return Facts(
        "regression" if numeric else "classification",
        data.training.n_positive_weight,
        n_inputs,
        data.n_numeric,
        is_sparse=data.training.is_sparse,
        is_given=any(given is not None for given in call.arguments.init),
    )


def _n_numeric(settings: Settings, samples: Samples) -> int:
    """The number of columns with more than two values, if it matters; otherwise 0."""
    matters = (
        isinstance(settings.hidden_layer_sizes, str)
        and settings.numeric_embedding is not None
        and samples.n_positive_weight >= FEWEST_TO_EMBED
        and not samples.is_sparse
    )
    return samples.count_many_valued() if matters else 0


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
