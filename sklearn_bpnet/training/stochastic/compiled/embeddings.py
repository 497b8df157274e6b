"""Numeric embeddings in compiled code, see `net.blocks.embeddings.Embedding`.

All that concerns a wave is done for all samples before the next one: vector
instructions run along the samples, however few frequencies and new numbers there are.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import carray, types
from numba.extending import overload

from sklearn_bpnet.training.stochastic.compiled.cache import jit

# Without error_model="numpy" every division is checked, and loops do not become vector
# instructions. Sums may be reordered, NaN is respected.
_OPTIONS: dict[str, Any] = {
    "error_model": "numpy", "nogil": True, "fastmath": {"reassoc", "contract", "nsz"}
}  # fmt: skip
_jit: Any = jit(**_OPTIONS)
_inlined: Any = numba.njit(**_OPTIONS)

# Numbers of float32, which float64 contains: arithmetic keeps either precision
_tau = 2 * np.pi
_half, _quarter = np.float32(0.5), np.float32(0.25)
_turns = np.float32(1 / _tau)  # of a phase

# sin(2 pi r) = r p(r^2) on [-1/4, 1/4], a fit at Chebyshev's points, exact to 4e-9
_S0, _S1 = np.float32(6.283185159611166), np.float32(-41.341654929343456)
_S2, _S3 = np.float32(81.6009981926139), np.float32(-76.54965682066803)
_S4 = np.float32(39.53581371191544)


@_inlined
def _sine_of_turn(r):  # type: ignore[no-untyped-def]
    """sin(2 pi r) for r in [-1/4, 1/4]."""
    r2 = r * r
    p = _S4 * r2 + _S3
    p = p * r2 + _S2
    p = p * r2 + _S1
    p = p * r2 + _S0
    return p * r


@_inlined
def _waves_of_float32(phase):  # type: ignore[no-untyped-def]
    """cos and sin without a branch or a call, for vector instructions."""
    turns = phase * _turns
    r = turns - np.floor(turns + _half)  # in [-1/2, 1/2]
    size = abs(r)
    folded = _sine_of_turn(_quarter - abs(size - _quarter))
    return _sine_of_turn(_quarter - size), np.copysign(folded, r)


@_inlined
def _waves_of_float64(phase):  # type: ignore[no-untyped-def]
    return np.cos(phase), np.sin(phase)


def _waves(phase: Any) -> Any:
    """cos and sin of a phase."""


@overload(_waves)
def _choose_waves(phase):  # type: ignore[no-untyped-def]
    chosen = _waves_of_float32 if phase == types.float32 else _waves_of_float64
    return lambda phase: chosen(phase)


@_jit
def embed(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """A = [X, E], with H = cos(2 pi w x + c) and E = H V + d of every feature.

    ``numbers`` are how many features are embedded, with how many frequencies, in how
    many new numbers each, and which. The memory holds rows of n numbers: the cosines
    and the sines of every wave, then a few for what concerns one feature.
    """
    n_f, K, m = numbers[0], numbers[1], numbers[2]
    X, out = carray(below, (n, n_in)), carray(A, (n, n_out))
    w_c, start = carray(theta, (2, n_f, K)), 2 * n_f * K
    all_V, d = carray(theta, start + n_f * K * m)[start:], start + n_f * K * m
    all_d = carray(theta, d + n_f * m)[d:]
    kept = carray(memory, (2 * n_f * K + m + 3, n))
    x, E = kept[2 * n_f * K], kept[2 * n_f * K + 3 :]
    full_turn = X.dtype.type(_tau)
    for i in range(n):
        for j in range(n_in):
            out[i, j] = X[i, j]
    for f in range(n_f):
        feature, first = numbers[3 + f], n_in + f * m
        for i in range(n):
            x[i] = X[i, feature] * full_turn
        for j in range(m):
            shift = all_d[f * m + j]
            for i in range(n):
                E[j, i] = shift
        for k in range(K):
            wave = f * K + k
            cosines, sines = kept[2 * wave], kept[2 * wave + 1]
            w, c = w_c[0, f, k], w_c[1, f, k]
            for i in range(n):
                cosines[i], sines[i] = _waves(x[i] * w + c)
        for j in range(m):
            e, k = E[j], 0
            while k < K:  # four waves at a time, as reading and writing e takes longest
                wave = f * K + k
                c_0, v_0 = kept[2 * wave], all_V[wave * m + j]
                if k + 4 <= K:
                    c_1, v_1 = kept[2 * wave + 2], all_V[(wave + 1) * m + j]
                    c_2, v_2 = kept[2 * wave + 4], all_V[(wave + 2) * m + j]
                    c_3, v_3 = kept[2 * wave + 6], all_V[(wave + 3) * m + j]
                    for i in range(n):
                        e[i] += (
                            c_0[i] * v_0 + c_1[i] * v_1 + c_2[i] * v_2 + c_3[i] * v_3
                        )
                    k += 4
                else:
                    for i in range(n):
                        e[i] += c_0[i] * v_0
                    k += 1
        for i in range(n):
            for j in range(m):
                out[i, first + j] = E[j, i]
    return 0.0


@_inlined
def _back_from_three(D, cosines, sines, x, v, dV):  # type: ignore[no-untyped-def]
    """dw and dc of a wave from which three numbers are made; write dV."""
    d_0, d_1, d_2 = D[0], D[1], D[2]
    v_0, v_1, v_2 = v[0], v[1], v[2]
    dw = dc = t_0 = t_1 = t_2 = x.dtype.type(0)
    for i in range(len(x)):
        g_0, g_1, g_2, h = d_0[i], d_1[i], d_2[i], cosines[i]
        d_phase = -(g_0 * v_0 + g_1 * v_1 + g_2 * v_2) * sines[i]
        dc += d_phase
        dw += x[i] * d_phase
        t_0 += g_0 * h
        t_1 += g_1 * h
        t_2 += g_2 * h
    dV[0], dV[1], dV[2] = t_0, t_1, t_2
    return dw, dc


@_jit
def embed_backward(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """dw, dc, dV and dd; G_below = dJ/dX."""
    n_f, K, m = numbers[0], numbers[1], numbers[2]
    X, above = carray(below, (n, n_in)), carray(G, (n, n_out))
    w_all = carray(theta, (n_f, K))
    dw_dc, start = carray(gradient, (2, n_f, K)), 2 * n_f * K
    V_end = start + n_f * K * m
    V = carray(theta, V_end)[start:]
    dV, dd = carray(gradient, V_end)[start:], carray(gradient, V_end + n_f * m)[V_end:]
    kept = carray(memory, (2 * n_f * K + m + 3, n))
    x, along, along_x = (
        kept[2 * n_f * K], kept[2 * n_f * K + 1], kept[2 * n_f * K + 2]
    )  # fmt: skip
    D = kept[2 * n_f * K + 3 :]  # dJ/dE of a feature
    zero, full_turn = X.dtype.type(0), X.dtype.type(_tau)
    if not is_lowest:
        of_X = carray(G_below, (n, n_in))
        for i in range(n):
            for j in range(n_in):
                of_X[i, j] = above[i, j]
    for f in range(n_f):
        feature, first = numbers[3 + f], n_in + f * m
        for i in range(n):
            x[i], along_x[i] = X[i, feature] * full_turn, zero
            for j in range(m):
                D[j, i] = above[i, first + j]
        for j in range(m):
            d, total = D[j], zero
            for i in range(n):
                total += d[i]
            dd[f * m + j] = total
        for k in range(K):
            wave = f * K + k
            cosines, sines = kept[2 * wave], kept[2 * wave + 1]
            w, dw, dc = w_all[f, k], zero, zero
            if m == 3 and is_lowest:  # the usual case needs no memory in between
                dw_dc[0, f, k], dw_dc[1, f, k] = _back_from_three(
                    D, cosines, sines, x, V[3 * wave :], dV[3 * wave :]
                )
                continue
            for i in range(n):
                along[i] = zero
            for j in range(m):
                v, d, total = V[wave * m + j], D[j], zero
                for i in range(n):
                    along[i] += d[i] * v
                    total += d[i] * cosines[i]
                dV[wave * m + j] = total
            for i in range(n):
                d_phase = -along[i] * sines[i]
                dc += d_phase
                dw += x[i] * d_phase
                along_x[i] += w * d_phase
            dw_dc[0, f, k], dw_dc[1, f, k] = dw, dc
        if not is_lowest:
            for i in range(n):
                carray(G_below, (n, n_in))[i, feature] += full_turn * along_x[i]
    return 0.0
