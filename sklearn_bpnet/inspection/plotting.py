"""What all displays share: axes and names, the fitted network inside an estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sklearn_bpnet._base import BaseBPNet

MAX_NAME = 28  # characters; of a longer name, its two ends are shown
INCHES_PER_LABEL = 0.18  # along an axis, so that labels do not touch


def new_axes(ax: Any = None, **options: Any) -> Any:
    """The given axes, or those of a new figure.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Plotting needs matplotlib: python -m pip install matplotlib"
        ) from error
    if ax is None:
        _, ax = plt.subplots(layout="constrained", **options)
    return ax


def fitted_network(estimator: Any, member: int | None = None) -> BaseBPNet:
    """The fitted estimator of this package inside a pipeline or a search.

    Parameters
    ----------
    estimator : object
        A BPNetClassifier or BPNetRegressor, a pipeline that ends with one, or a search
        over one of them; fitted.
    member : int or None, default=None
        Which member of an ensemble is meant; None for one network only.

    Raises
    ------
    TypeError
        If there is no such estimator inside.
    ValueError
        If it is an ensemble and no member is named, or none of that number exists.
    """
    inner = estimator
    while not isinstance(inner, BaseBPNet):
        if hasattr(inner, "best_estimator_"):
            inner = inner.best_estimator_
        elif hasattr(inner, "steps"):
            inner = inner.steps[-1][1]
        elif hasattr(inner, "regressor_"):
            inner = inner.regressor_
        else:
            check_is_fitted(inner)
            raise TypeError(
                "estimator must be a BPNetClassifier or BPNetRegressor, a pipeline "
                f"that ends with one, or a search over them; got {estimator!r}."
            )
    check_is_fitted(inner)
    members = vars(inner).get("estimators_")
    if members is None:
        if member not in (None, 0):
            raise ValueError(f"member={member!r}, but the estimator is one network.")
        return inner
    if member is None or not 0 <= member < len(members):
        raise ValueError(
            f"The estimator is an ensemble of {len(members)} networks. Choose one with "
            f"member=0 to member={len(members) - 1}; got member={member!r}."
        )
    network: BaseBPNet = members[member]
    return network


def network_inputs(estimator: Any, X: Any) -> Any:
    """X as the steps of a pipeline before the network transform it."""
    if isinstance(estimator, BaseBPNet):
        return X
    if hasattr(estimator, "best_estimator_"):
        return network_inputs(estimator.best_estimator_, X)
    if hasattr(estimator, "steps"):
        if len(estimator.steps) > 1:
            X = estimator[:-1].transform(X)
        return network_inputs(estimator.steps[-1][1], X)
    return network_inputs(estimator.regressor_, X)


def layer_weights(estimator: BaseBPNet) -> list[NDArray[Any]]:
    """W of every layer, each a matrix.

    The output layers of members that share weights are side by side.
    """
    *hidden, output = estimator.coefs_
    if output.ndim == 3:
        output = output.transpose(1, 0, 2).reshape(output.shape[1], -1)
    return [*hidden, output]


def input_names(estimator: BaseBPNet, n_inputs: int) -> list[str]:
    """Names of the first layer's inputs: columns, levels, numbers of embeddings."""
    names = estimator.get_network_input_names()
    return names if len(names) == n_inputs else [f"x{j}" for j in range(n_inputs)]


def output_names(estimator: BaseBPNet, n_outputs: int) -> list[str]:
    """Names of the output units: the classes, where there is a unit for each.

    Of members that share weights, with the number of the member.
    """
    if estimator.coefs_[-1].ndim == 3:
        k = len(estimator.coefs_[-1])
        names = _output_names(estimator, n_outputs // k)
        return [f"{name}, member {i}" for i in range(k) for name in names]
    return _output_names(estimator, n_outputs)


def _output_names(estimator: BaseBPNet, n_outputs: int) -> list[str]:
    classes = getattr(estimator, "classes_", None)
    if classes is not None and len(classes) == n_outputs:
        return [str(label) for label in classes]
    return ["output"] if n_outputs == 1 else [f"output {k}" for k in range(n_outputs)]


def shortened(name: str) -> str:
    """The two ends of a long name, as the last characters often make the difference."""
    if len(name) <= MAX_NAME:
        return name
    n_first = MAX_NAME // 2
    last = name[len(name) - (MAX_NAME - n_first - 1) :]
    return f"{name[:n_first]}\N{HORIZONTAL ELLIPSIS}{last}"


def counted(n: int, word: str) -> str:
    """A number and a noun: 1 unit, 2 units."""
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def name_ticks(axis: Any, names: Sequence[str], inches: float) -> None:
    """Label the rows or columns of an image, every second, fifth, ... one if need be.

    Parameters
    ----------
    axis : matplotlib Axis
        Whose integers are the rows or columns.
    names : sequence of str
        Their names.
    inches : float
        Length of the axis.
    """
    capacity = max(int(inches / INCHES_PER_LABEL), 2)
    steps = (k * 10**power for power in range(9) for k in (1, 2, 5))
    step = next(step for step in steps if -(-len(names) // step) <= capacity)
    places = range(0, len(names), step)
    axis.set_ticks(places, [shortened(str(names[place])) for place in places])


def mark_kept_epoch(axes: Sequence[Any], best_epoch: int) -> Any:
    """Draw a vertical line at the epoch whose weights are kept; for the legend, a bar.

    A bar, as a line of the legend would look like that of a curve if printed without
    colours.
    """
    from matplotlib.lines import Line2D

    label = f"kept weights, epoch {best_epoch}"
    for axis in axes:
        axis.axvline(best_epoch, color="0.4", linewidth=1, label=label)
        axis.xaxis.get_major_locator().set_params(integer=True)
    return Line2D(
        [], [], color="0.4", marker="|", markersize=12, linestyle="none", label=label
    )


def logarithmic(ax: Any, numbers: Any) -> None:
    """Make the vertical axis logarithmic; labels do not touch in a low panel."""
    from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullFormatter

    ax.set_yscale("log")
    subs = (1.0,) if numbers.max() >= 100 * numbers.min() else (1.0, 3.0)
    ax.yaxis.set_major_locator(LogLocator(subs=subs))
    ax.yaxis.set_major_formatter(LogFormatterSciNotation(minor_thresholds=(9, 9)))
    ax.yaxis.set_minor_formatter(NullFormatter())
