"""Members that share weights: k scales of the inputs, one trunk, k heads.

What lies between `MemberScale` and `MemberHeads` is an ordinary chain of blocks. It is
given k rows per sample, those of a sample one after the other: row n k + i is member i
of sample n. So the rows of some samples are neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.blocks.base import Block
from sklearn_bpnet.net.blocks.dense import Dense, LayerWorkspace
from sklearn_bpnet.net.initializers import Initialization
from sklearn_bpnet.net.memory import aligned
from sklearn_bpnet.net.theta import Shape


def by_member(rows: Array, n_members: int) -> Array:
    """Rows of samples as a view of shape (n_members, n_samples, n_units)."""
    return rows.reshape(-1, n_members, rows.shape[-1]).transpose(1, 0, 2)


@dataclass
class MemberScaleWorkspace:
    """Memory of the block for one batch, each (n_samples * n_members, n_units).

    A is handed on; G = dJ/dA comes back.
    """

    A: Array
    G: Array
    n_members: int

    def part(self, samples: slice) -> MemberScaleWorkspace:
        """The same memory for some samples of the batch."""
        k = self.n_members
        A, G = (
            array.reshape(-1, k, array.shape[-1])[samples].reshape(-1, array.shape[-1])
            for array in (self.A, self.G)
        )
        return MemberScaleWorkspace(A, G, k)


@dataclass(frozen=True)
class MemberScale(Block):
    """A scale of the inputs for every member, a_i = r_i * x.

    At the start r is random, so that the members see different inputs, and become
    different functions of x although they share the weights above. The numbers of a
    group, such as those that are made of one column, start with the same factor. A
    single member starts with r = 1.

    Parameters
    ----------
    n_units : int
        Number of inputs.
    n_members : int
        Number k of members, at least 1.
    groups : tuple of int or None, default=None
        The group of every input, from 0 on; None for a group each.
    normal : bool, default=False
        Whether r ~ N(0, 1) at the start; otherwise it is -1 or 1.

    References
    ----------
    Gorishniy, Kotelnikov and Babenko, "TabM: advancing tabular deep learning with
    parameter-efficient ensembling", ICLR 2025, arXiv 2410.24210, section 3 (TabM-mini).
    """

    compiled_as: ClassVar[str | None] = "member_scale"
    makes_dense: ClassVar[bool] = True

    n_units: int
    n_members: int
    groups: tuple[int, ...] | None = None
    normal: bool = False

    descriptions: ClassVar[Mapping[str, str]] = {
        "member_scale": "scales of the inputs, one per shared member"
    }
    parameters: ClassVar[Mapping[str, str]] = {"member_scale": "shared_members"}

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape of r."""
        return ((self.n_members, self.n_units),)

    @property
    def kinds(self) -> tuple[str, ...]:
        """What r is."""
        return ("member_scale",)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Where a fitted estimator shows r."""
        return ("member_scale_",)

    @property
    def n_in(self) -> int:
        """Number of inputs."""
        return self.n_units

    @property
    def n_out(self) -> int:
        """Numbers in a row handed on, the same."""
        return self.n_units

    @property
    def n_copies(self) -> int:
        """Rows handed on for every row below: one per member."""
        return self.n_members

    def workspace(
        self,
        n_samples: int,
        dtype: DTypeLike,
        keep_Z: bool = False,
        backward: bool = True,
    ) -> MemberScaleWorkspace:
        """Memory for one batch; without ``backward`` G is empty."""
        A = aligned((n_samples * self.n_members, self.n_units), dtype)
        G = np.empty_like(A) if backward else A[:0]
        return MemberScaleWorkspace(A, G, self.n_members)

    def start(
        self,
        arrays: Sequence[Array],
        scheme: Initialization,
        rng: np.random.Generator,
        A_below: Operand | None = None,
    ) -> None:
        """Draw r, whatever the scheme; of a single member it is 1."""
        (r,) = arrays
        if self.n_members == 1:
            r[...] = 1
            return
        groups = np.arange(self.n_units) if self.groups is None else self.groups
        shape = self.n_members, int(np.max(groups)) + 1
        if self.normal:
            factors = rng.normal(size=shape)
        else:
            factors = rng.choice(np.array([-1.0, 1.0]), size=shape)
        r[...] = factors[:, groups]

    def forward(
        self, arrays: Sequence[Array], A_below: Operand, ws: MemberScaleWorkspace
    ) -> Array:
        """a_i = r_i * x for every member i."""
        if not isinstance(A_below, np.ndarray):
            raise ValueError(
                "The scales of shared members need dense X; got a sparse one. Use "
                "X.toarray()."
            )
        np.multiply(A_below[:, None], arrays[0], out=self._of_samples(ws.A))
        return ws.A

    def backward(
        self,
        arrays: Sequence[Array],
        A_below: Array,
        ws: MemberScaleWorkspace,
        gradient: Sequence[Array],
        G_below: Array | None,
    ) -> None:
        """Write dJ/dr_i = sum_n x_n * g_ni and, if asked for, sum_i r_i * g_ni."""
        (r,), (dr,) = arrays, gradient
        G = self._of_samples(ws.G)
        dr[...] = np.einsum("nj,nij->ij", A_below, G)
        if G_below is not None:
            G_below[...] = np.einsum("ij,nij->nj", r, G)

    def _of_samples(self, rows: Array) -> Array:
        """Rows as a view of shape (n_samples, n_members, n_units)."""
        return rows.reshape(-1, self.n_members, self.n_units)

    def importances(self, arrays: Sequence[Array], above: Array | None) -> Array:
        """The mean over the members of those of their scaled inputs, times |r|."""
        assert above is not None
        mean: Array = np.mean(np.abs(arrays[0]) * above, axis=0)
        return mean


@dataclass(frozen=True)
class MemberHeads(Dense):
    """An output layer for every member, z_i = a_i' W_i + b_i.

    Parameters
    ----------
    n_in, n_out : int
        Number of units below, and of outputs of a member.
    activation : Activation
        The function f of the layer, which has no weights of its own.
    n_members : int
        Number k of members, at least 1.
    """

    compiled_as: ClassVar[str | None] = "member_heads"

    n_members: int

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shapes of W and b."""
        k = self.n_members
        return (k, self.n_in, self.n_out), (k, self.n_out)

    @property
    def penalty_share(self) -> float:
        """Of the mean of the members' risks, 1 / k of its own member's."""
        return 1 / self.n_members

    def start(
        self,
        arrays: Sequence[Array],
        scheme: Initialization,
        rng: np.random.Generator,
        A_below: Any = None,
    ) -> None:
        """Write the initial W and b, drawn for one member after the other."""
        W, b = arrays
        for i in range(self.n_members):
            seen = None if A_below is None else A_below[i :: self.n_members]
            super().start((W[i], b[i]), scheme, rng, seen)

    def affine(
        self, arrays: Sequence[Array], A_below: Any, ws: LayerWorkspace
    ) -> Array:
        """z_i = a_i' W_i + b_i for every member i."""
        (W, b), k = arrays, self.n_members
        if k == 1:  # with the very operations of a layer
            return super().affine((W[0], b[0]), A_below, ws)
        Z = by_member(ws.Z, k)
        np.matmul(by_member(A_below, k), W, out=Z)
        Z += b[:, None]
        return ws.Z

    def backward_from_delta(
        self,
        arrays: Sequence[Array],
        A_below: Any,
        ws: LayerWorkspace,
        gradient: Sequence[Array],
        G_below: Array | None,
    ) -> None:
        """BP3 and BP4 of every member, and its G[l-1] of BP2."""
        (W, b), (dW, db), k = arrays, gradient, self.n_members
        if k == 1:
            only, its_gradient = (W[0], b[0]), (dW[0], db[0])
            super().backward_from_delta(only, A_below, ws, its_gradient, G_below)
            return
        D = by_member(ws.D, k)
        np.add.reduce(D, axis=1, out=db)
        np.matmul(by_member(A_below, k).transpose(0, 2, 1), D, out=dW)
        if G_below is not None:
            np.matmul(D, W.transpose(0, 2, 1), out=by_member(G_below, k))

    def importances(self, arrays: Sequence[Array], above: Array | None) -> Array:
        """The norm of the weights that leave every input, for every member."""
        norms: Array = np.linalg.norm(arrays[0], axis=2)
        return norms
