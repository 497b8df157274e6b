"""The empirical risk that the settings define: loss, penalty and its strength."""

from __future__ import annotations

from math import sqrt

import numpy as np

from sklearn_bpnet._settings.architecture import one_or_each
from sklearn_bpnet._settings.curvature import is_regression
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._settings.solver import solver_of
from sklearn_bpnet.net.losses import Loss
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import ElasticNet, GroupLasso
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.optimizers import Optimizer

# Chosen by `python -m benchmarks.tabular`, see the guide's page "Choosing".
_AUTO_ALPHA = 1.1
_LARGEST_AUTO_ALPHA = 0.01
# In regression: of a weight before the samples are known, and without any noise
_PRIOR_STD, _SMALLEST_AUTO_ALPHA = 0.25, 1e-5
_STREAM_SAMPLES = 15_000  # assumed by partial_fit, which does not know the number


def build_risk(
    settings: Settings,
    network: Network,
    loss: Loss,
    *,
    n_samples: int,
    n_choices: int,
    is_sparse: bool = False,
    incremental: bool = False,
    noise: float | None = None,
) -> EmpiricalRisk:
    """Build the empirical risk of a network.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters.
    network : Network
        f(x, theta).
    loss : Loss
        L(y, a).
    n_samples : int
        Number of training samples of positive weight.
    n_choices : int
        Number of classes to choose from per sample or label; 2 in regression.
    is_sparse : bool, default=False
        Whether X is sparse.
    incremental : bool, default=False
        Whether the call is `partial_fit`, whose samples are part of a stream.
    noise : float or None, default=None
        In regression, the share of the targets' variance that is noise, if it is known.

    Returns
    -------
    EmpiricalRisk

    Raises
    ------
    ValueError
        If parameters are not compatible.
    """
    dropout = settings.option("dropout")
    if is_sparse and (dropout.input_rate or dropout.input_noise):
        raise ValueError(
            "dropout of features (dropout__input_rate) and noise (dropout__input_noise)"
            " need dense X; got sparse X. Use X.toarray(), or dropout in the hidden "
            "layers."
        )
    if settings.group_alpha:
        _check_group_penalty(settings, network)
    n_samples = max(n_samples, _STREAM_SAMPLES) if incremental else n_samples
    risk = EmpiricalRisk(
        network,
        loss,
        _alpha(settings.alpha, network, loss, n_samples, n_choices, noise),
        ElasticNet(settings.l1_ratio),
        GroupLasso(settings.group_alpha),
    )
    if risk.is_penalised and settings.l1_ratio and not _can_threshold(settings):
        raise ValueError(
            f"l1_ratio={settings.l1_ratio} needs a solver with proximal steps; "
            f"solver={settings.solver!r} has none. Use 'adam', 'sgd', 'gd' or "
            "'lbfgs', or l1_ratio=0."
        )
    return risk


def _can_threshold(settings: Settings) -> bool:
    """Whether the solver makes weights exactly zero: all but rules of signs do."""
    solver = solver_of(settings)
    return not isinstance(solver, Optimizer) or solver.has_proximal_step


def _check_group_penalty(settings: Settings, network: Network) -> None:
    """Raise ValueError if other parameters do not allow a group penalty."""
    group_alpha, solver = settings.group_alpha, solver_of(settings)
    if not isinstance(solver, Optimizer) or not solver.has_proximal_step:
        raise ValueError(
            f"group_alpha={group_alpha} needs a solver with proximal steps; "
            f"solver={settings.solver!r} has none. Use 'adam', 'sgd' or 'gd'."
        )
    if settings.learned_input_scale:
        raise ValueError(
            f"group_alpha={group_alpha} penalises the weights that leave a "
            "feature; learned_input_scale=True multiplies them by a factor that is "
            "not penalised and would compensate for it. Use one of the two."
        )
    if settings.numeric_embedding is not None:
        raise ValueError(
            f"group_alpha={group_alpha} penalises the weights that leave a "
            "feature; with numeric_embedding="
            f"{settings.numeric_embedding!r} a feature is several inputs of the first "
            "layer, and would not be switched off as a whole. Use one of the two."
        )
    if settings.shared_members is not None:
        raise ValueError(
            f"group_alpha={group_alpha} penalises the weights that leave a feature; "
            f"shared_members={settings.shared_members} multiplies them by factors that "
            "are not penalised and would compensate for it. Use one of the two."
        )
    if "categorical_embedding" in network.kinds:
        raise ValueError(
            f"group_alpha={group_alpha} penalises the weights that leave a feature; "
            f"with categorical_embedding={settings.categorical_embedding!r} those of "
            "many categories are learned numbers, which would compensate for it. Use "
            "categorical_embedding=None."
        )


def usual_alpha(n_samples: int, n_choices: int, noise: float | None) -> float:
    """What "auto" is for ``alpha``, between units of slope 1.

    With normal noise of variance s^2 and a normal prior of the weights, of standard
    deviation r, the most probable weights given N samples minimise
    (1/N) sum_n (y_n - a_n)^2 / 2 + alpha |W|^2 / 2 with alpha = s^2 / (r^2 N). This is
    "auto" where s^2 is known.

    Otherwise, as in classification, "auto" decreases a little more slowly than 1 / N,
    which fits both hundreds and tens of thousands of samples, and it decreases with the
    number of classes, as more classes need larger weights.
    """
    if noise is not None:
        return max(noise / (_PRIOR_STD**2 * n_samples), _SMALLEST_AUTO_ALPHA)
    return min(float(_AUTO_ALPHA / (n_choices * n_samples**0.75)), _LARGEST_AUTO_ALPHA)


def _alpha(
    alpha: object,
    network: Network,
    loss: Loss,
    n_samples: int,
    n_choices: int,
    noise: float | None,
) -> float | tuple[float, ...]:
    """Alpha as one number, or one number for every layer of weights.

    Logistic units need larger weights for the same effect, see `_usual_sizes`, and the
    penalty of the effect is the same.
    """
    n_layers = len(network.layers)
    if isinstance(alpha, str):
        usual = usual_alpha(n_samples, n_choices, noise)
        sizes = _usual_sizes(network, loss)
        if all(size == 1 for size in sizes):
            return usual
        return tuple(usual / size**2 for size in sizes)
    alphas = one_or_each(alpha, n_layers)
    if alphas is None or not (np.isfinite(alphas).all() and (alphas >= 0).all()):
        raise ValueError(
            "alpha must be a number of at least 0, or one for each of the "
            f"{n_layers} layers of weights; got {alpha!r}."
        )
    return float(alphas) if alphas.ndim == 0 else tuple(alphas.tolist())


def _usual_sizes(network: Network, loss: Loss) -> list[float]:
    """How large the weights of every layer are, relative to those between tanh units.

    The logistic function is 1/2 + tanh(z / 2) / 2, so that the same function of a
    network takes weights twice as large below it, and twice as large above it. To
    separate classes, units have to be bent sharply, for which weights below are another
    four times as large; in regression that fits noise. What the output layer computes
    is the same for all functions of hidden units.
    """
    hidden = [sqrt(layer.activation.stretch) for layer in network.layers[:-1]]
    bends = not is_regression(network, loss)
    own = [size**3 if bends else size for size in hidden]
    pairs = zip([*own, 1.0], [1.0, *hidden], strict=True)
    return [size * below for size, below in pairs]
