"""A fitted network in a few lines, as text and as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import fill
from typing import Any

import numpy as np

from sklearn_bpnet._fit.fitted import Fitted
from sklearn_bpnet.net.activations import ACTIVATIONS, Activation, Grouped
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.theta import n_numbers

_COLUMNS = ("Block", "Units", "Shape of W", "Parameters", "Activation")
_LINE = 88  # characters


@dataclass(frozen=True)
class Summary:
    """What a fitted estimator consists of; printed as text, in a notebook as a table.

    The method ``summary`` of an estimator returns it.

    Parameters
    ----------
    title : str
        The estimator and its data.
    blocks : tuple of tuple of str
        Of every block of the network: its name, its units, the shape of its weights,
        the number of its parameters, and its activation.
    facts : dict of str to str
        What holds for all of it, by name.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_bpnet import BPNetClassifier
    >>> clf = BPNetClassifier((8,), random_state=0).fit(*load_iris(return_X_y=True))
    >>> summary = clf.summary()
    >>> summary.title
    'BPNetClassifier: 4 features, 3 output units'
    >>> summary.blocks[0]
    ('hidden layer 1', '8', '4 x 8', '40', 'relu')
    >>> summary.facts["Parameters"]
    '67 in float32, 268 bytes'
    """

    title: str
    blocks: tuple[tuple[str, ...], ...]
    facts: Mapping[str, str]

    def __str__(self) -> str:
        rows = [_COLUMNS, *self.blocks]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [self.title, ""]
        for row in rows:
            first, *middle, last = row
            cells = [first.ljust(widths[0])]
            cells += [c.rjust(w) for c, w in zip(middle, widths[1:-1], strict=True)]
            lines.append("  ".join([*cells, last]).rstrip())
        width = max(map(len, self.facts))
        lines.insert(3, "-" * max(map(len, lines[2:])))
        lines.append("")
        for name, text in self.facts.items():
            first, rest = f"{name.ljust(width)}  ", " " * (width + 2)
            lines.append(
                fill(
                    text,
                    _LINE,
                    initial_indent=first,
                    subsequent_indent=rest,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
            )
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = _html_row(_COLUMNS, "th")
        body = "".join(_html_row(row, "td") for row in self.blocks)
        facts = "".join(
            f"<tr>{_cell(name, 'th', 'left')}{_cell(text, 'td', 'left')}</tr>"
            for name, text in self.facts.items()
        )
        return (
            f"<table><caption>{escape(self.title)}</caption>"
            f"<thead>{head}</thead><tbody>{body}</tbody></table>"
            f"<table><tbody>{facts}</tbody></table>"
        )


def _html_row(cells: Sequence[str], tag: str) -> str:
    """A row of HTML; numbers are aligned to the right."""
    n = len(cells) - 1
    sides = ("left" if i in (0, n) else "right" for i in range(len(cells)))
    pairs = zip(cells, sides, strict=True)
    return "<tr>" + "".join(_cell(cell, tag, side) for cell, side in pairs) + "</tr>"


def _cell(text: str, tag: str, side: str) -> str:
    style = f"text-align: {side}; vertical-align: top; padding: 0.2em 0.8em"
    return f'<{tag} style="{style}">{escape(text)}</{tag}>'


def summarised(
    name: str, fitted: Fitted, parameters: Mapping[str, Any], shown: Mapping[str, Any]
) -> Summary:
    """The summary of a fitted estimator.

    Parameters
    ----------
    name : str
        Of its class.
    fitted : Fitted
        What it learned.
    parameters : mapping of str to object
        Those of its constructor.
    shown : mapping of str to object
        Its fitted attributes.
    """
    network, n_networks = fitted.networks[0].network, len(fitted.networks)
    encoder = fitted.encoder
    title = f"{name}: {_counted(encoder.n_features, 'feature')}"
    if len(encoder.categorical):
        title += f" ({len(encoder.categorical)} categorical)"
    title += f", {_counted(network.output.n_out, 'output unit')}"
    dtype = fitted.networks[0].dtype
    total = network.n_parameters * n_networks
    size = f"{total:,} in {dtype}, {_bytes(total * dtype.itemsize)}"
    facts = {"Parameters": size}
    if fitted.is_ensemble:
        facts["Members"] = (
            f"{_counted(n_networks, 'network')}, "
            f"{network.n_parameters:,} parameters each"
        )
    if network.n_members > 1:
        facts["Shared members"] = f"{network.n_members} in every network"
    facts["Training"] = _training(fitted, shown)
    if chosen := dict(_chosen(parameters, fitted, shown)):
        facts["Chosen"] = ", ".join(f"{n}={_short(v)}" for n, v in chosen.items())
    return Summary(title, tuple(_rows(network)), facts)


def _rows(network: Network) -> Iterator[tuple[str, ...]]:
    """The cells of every block."""
    n_layers = len(network.layers)
    per_block = zip(
        network.blocks, network.n_layers_below, network.rows_below[1:], strict=True
    )
    for block, n_below, n_rows in per_block:
        units = f"{n_rows} x {block.n_out}" if n_rows > 1 else str(block.n_out)
        n_parameters = f"{n_numbers([block.shapes]):,}"
        if not block.is_layer:
            words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(block).__name__)
            yield words.lower(), units, "", n_parameters, ""
            continue
        name = f"hidden layer {n_below + 1}" if n_below < n_layers - 1 else "output"
        shape = " x ".join(map(str, block.shapes[0]))
        f = network.layers[n_below].activation
        yield name, units, shape, n_parameters, _name_of(f)


def _name_of(f: Activation) -> str:
    """The name of an activation, or those of groups of outputs."""
    if isinstance(f, Grouped):
        return ", ".join(map(ACTIVATIONS.name_of, f.activations))
    return ACTIVATIONS.name_of(f)


def _training(fitted: Fitted, shown: Mapping[str, Any]) -> str:
    """How training ended: of several networks, how often in each way."""
    each = [network.attributes for network in fitted.networks]
    reasons = [one["stop_reason_"] for one in each]
    counts = {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)}
    epochs = [one["n_iter_"] for one in each]
    spread = (
        f"{min(epochs)} to {max(epochs)}" if min(epochs) < max(epochs) else epochs[0]
    )
    ends = ", ".join(
        f"{reason} ({n})" if len(counts) > 1 else reason for reason, n in counts.items()
    )
    return f"n_iter_={spread}, loss_={shown['loss_']:.6g}, stop_reason_: {ends}"


def _chosen(
    parameters: Mapping[str, Any], fitted: Fitted, shown: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """What "auto" stands for in the parameters that follow the data."""
    known = {**fitted.choices, **fitted.plan}
    known["output_activation"] = shown["out_activation_"]
    for name, value in parameters.items():
        if isinstance(value, str) and value == "auto" and name in known:
            yield name, known[name]


def _short(value: Any) -> str:
    """A value as it is written, floats with six digits."""
    is_float = isinstance(value, (float, np.floating))
    return f"{value:.6g}" if is_float else repr(value)


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n:,} {noun}s"


def _bytes(n: float) -> str:
    """A number of bytes, with a unit."""
    for unit in ("bytes", "kB"):
        if n < 1000:
            return f"{n:.3g} {unit}"
        n /= 1000
    return f"{n:,.3g} MB" if n < 1000 else f"{n:,.0f} MB"
