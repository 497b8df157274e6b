"""Faults of one line that the tests must notice: signs, factors, axes, states, copies.

Each one names the text that it replaces, which stands in exactly one place of the
package, wherever that is; and the test modules to try before all others.
"""

from typing import NamedTuple


class Fault(NamedTuple):
    """A fault; ``tests`` names modules: "losses step" is test_losses and test_step."""

    name: str
    text: str
    replacement: str
    tests: str
    compiled: bool = False


NETWORK = [
    Fault("bias subtracted", "ws.Z += b", "ws.Z -= b", "network"),
    Fault(
        "output in the bias's gradient",
        "ones.dot(D, out=db)",
        "ones.dot(ws.A, out=db)",
        "network risk",
    ),
    Fault(
        "sample weights left out of BP1",
        "top.D *= 1 / n if s is None else (s / n)[:, None]",
        "top.D *= 1 / n",
        "risk",
    ),
    Fault(
        "BP1 divides by one row less",
        "top.D *= 1 / n",
        "top.D *= 1 / max(n - 1, 1)",
        "risk",
    ),
    Fault(
        "weights of largest 1, not mean 1",
        "return s / s.mean()",
        "return s / s.max()",
        "risk",
    ),
    Fault(
        "losses summed without weights",
        "losses.sum() if s is None else np.dot(losses, s)",
        "losses.sum()",
        "risk",
    ),
    Fault(
        "biases penalised",
        "array[...] = kind in block.penalised",
        "array[...] = 1",
        "risk",
    ),
    Fault(
        "penalty left out of the risk",
        "return risk + self.penalty_value(",
        "return risk + 0 * self.penalty_value(",
        "risk",
    ),
    Fault(
        "L2 gradient with the share of L1",
        "scratch *= 1 - self.l1_ratio",
        "scratch *= self.l1_ratio",
        "penalties risk",
    ),
    Fault(
        "prox without the share of L1",
        "strength * (self.l1_ratio * step)",
        "strength * step",
        "penalties",
    ),
    Fault("dead groups kept", "W[~alive] = 0", "pass", "penalties"),
    Fault(
        "group gradient of any norm",
        "self.alpha * W / norms[:, None]",
        "self.alpha * W",
        "penalties",
    ),
    Fault(
        "tanh' without the square",
        "np.multiply(A, A, out=out)\n        return np.sub",
        "np.copyto(out, A)\n        return np.sub",
        "activations",
    ),
    Fault(
        "GELU's density of another width", "out *= -0.5\n", "out *= -1\n", "activations"
    ),
    Fault(
        "softmax' without its sum",
        'np.subtract(G, np.einsum("ij,ij->i", G, A)[:, None], out=out)',
        "np.copyto(out, G)",
        "activations",
    ),
    Fault(
        "leaky slope wrong above zero",
        "out *= 1 - self.negative_slope\n",
        "pass\n",
        "activations",
    ),
    Fault(
        "one slope of ELU below zero",
        "out += np.minimum(A, zeros(A))\n",
        "pass\n",
        "activations",
    ),
    Fault(
        "ascending outputs summed the wrong way",
        "np.cumsum(groups[..., ::-1], axis=2)[..., ::-1]",
        "np.cumsum(groups, axis=2)",
        "activations linear_models what_losses_are_for",
    ),
    Fault(
        "log-softmax not shifted",
        "Z - Z.max(axis=1, keepdims=True)\n    shifted -= np.log",
        "Z.copy()\n    shifted -= np.log",
        "losses",
    ),
    Fault(
        "Huber's usual delta",
        "delta: float = 1.35",
        "delta: float = 1.0",
        "usual_values drop_in losses",
    ),
    Fault(
        "quantile of the other side",
        "out -= self._tau(A)",
        "out += self._tau(A)",
        "losses",
    ),
    Fault("Poisson without its mean", "- Y * Z + A\n", "- Y * Z\n", "losses"),
    Fault(
        "expectile of the other side",
        "np.where(error > 0, 1 - self.level, self.level)",
        "np.where(error < 0, 1 - self.level, self.level)",
        "losses",
    ),
    Fault(
        "focal delta of a certain no",
        "self._slope(-np.logaddexp(0, Z)) * A",
        "self._slope(-np.logaddexp(0, Z))",
        "losses",
    ),
    Fault(
        "labels smoothed twice",
        "self.label_smoothing / n_events",
        "2 * self.label_smoothing / n_events",
        "losses",
    ),
    Fault(
        "signs of the classes swapped",
        "return 2.0 * Y - 1.0",
        "return 1.0 - 2.0 * Y",
        "losses",
    ),
    Fault(
        "Tweedie's power off by one",
        "positive**-self.power",
        "positive**(1 - self.power)",
        "losses",
    ),
    Fault(
        "He's gain",
        'HE = VarianceScaling(2.0, "in")',
        'HE = VarianceScaling(1.0, "in")',
        "initializers",
    ),
    Fault(
        "uniform bound",
        "bound = sqrt(3) * deviation",
        "bound = 3 * deviation",
        "initializers",
    ),
    Fault(
        "orthogonal but not uniform",
        "Q *= np.sign(np.diag(R))",
        "Q *= 1",
        "initializers",
    ),
    Fault(
        "hull on the other side",
        "return b - (shares",
        "return b + (shares",
        "initializers",
    ),
    Fault("dropout changes the mean", "noise *= 1 / (1 - rate)", "noise *= 1", "noise"),
    Fault(
        "dropout not in the backward pass",
        "        G *= noise\n",
        "        pass\n",
        "noise",
    ),
    Fault(
        "variance for deviation",
        "noise *= self.deviation",
        "noise *= self.deviation**2",
        "noise",
    ),
    Fault("frequencies without 2 pi", "dw *= 2 * pi", "dw *= 2", "embeddings"),
    Fault(
        "scale left out of dJ/dX",
        "np.multiply(ws.G, s, out=G_below)",
        "np.copyto(G_below, ws.G)",
        "input_scale",
    ),
    Fault(
        "table: gradient of the last sample of a code",
        "np.add.at(out.reshape(-1), places.ravel(), G.ravel())",
        "out.reshape(-1)[places.ravel()] = G.ravel()",
        "lookup",
    ),
    Fault(
        "table: weights of joined codes",
        "below.weights * table.n_codes + unit",
        "below.weights * below.table.n_codes + unit",
        "lookup",
    ),
    Fault("table: unknown row not at zero", "T[-1:] = 0", "T[-1:] = T[:1]", "lookup"),
    Fault(
        "table: noise below it",
        "blocks = [block for block in inputs if block.reads_codes]",
        "blocks: list[Block] = []",
        "lookup",
    ),
    Fault(
        "classes' probabilities not normalised",
        "A / A.sum(axis=1, keepdims=True)",
        "A",
        "targets",
    ),
]

TRAINING = [
    Fault("codes are bent", "Z = Z[:, : self.n_numeric]", "Z = Z[:, :]", "batches"),
    Fault(
        "Nesterov without momentum",
        "learning_rate * self.momentum, out=gradient",
        "learning_rate, out=gradient",
        "optimizers",
    ),
    Fault(
        "prox of SGD without momentum's length",
        "learning_rate / (1 - self.momentum)",
        "learning_rate",
        "optimizers step",
    ),
    Fault(
        "Adam's betas swapped",
        "sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)\n",
        "sqrt(1 - self.beta_1**t) / (1 - self.beta_2**t)\n",
        "optimizers",
    ),
    Fault("Adam's time from 1", '{"t": 0, "m"', '{"t": 1, "m"', "optimizers"),
    Fault(
        "AMSGrad forgets the largest",
        "np.maximum(largest, v, out=largest)",
        "np.copyto(largest, v)",
        "optimizers",
    ),
    Fault(
        "NAdam's next momentum",
        "self._momentum(t), self._momentum(t + 1)",
        "self._momentum(t), self._momentum(t)",
        "optimizers",
    ),
    Fault("RAdam rectifies late", "if p_t <= 4:", "if p_t <= 5:", "optimizers"),
    Fault("AdaGrad of absolute values", "s += g * g", "s += np.abs(g)", "optimizers"),
    Fault(
        "RMSprop's usual decay",
        "rho: float = 0.9\n",
        "rho: float = 0.99\n",
        "optimizers usual_values",
    ),
    Fault(
        "AdaDelta's mean starts at once",
        "np.add(u, self.epsilon, out=scale)",
        "np.add(u, 1, out=scale)",
        "optimizers",
    ),
    Fault(
        "Lion's second beta",
        "gradient *= (1 - self.beta_2) / (1 - self.beta_1)",
        "pass",
        "optimizers",
    ),
    Fault(
        "Rprop moves where the sign changed",
        "gradient[agreement < 0] = 0",
        "pass",
        "optimizers",
    ),
    Fault(
        "short gradients scaled up",
        "min(1.0, largest / norm) if norm",
        "largest / norm if norm",
        "step",
    ),
    Fault(
        "schedule of the decay forgotten",
        "self.decay, learning_rate * decay_factor)",
        "self.decay, learning_rate)",
        "step",
    ),
    Fault(
        "biases decay",
        "weight_decay * network.is_weight(dtype)",
        "weight_decay * np.ones_like(network.is_weight(dtype))",
        "step",
    ),
    Fault(
        "factors left out of the prox",
        "length = length * self.factors",
        "length = length * 1",
        "step",
    ),
    Fault(
        "average corrected for one step more",
        "self.decay**self.n_steps)",
        "self.decay ** (self.n_steps + 1))",
        "averaging",
    ),
    Fault(
        "patience of one epoch more",
        "self.count >= self.n_iter_no_change",
        "self.count > self.n_iter_no_change",
        "patience",
    ),
    Fault(
        "an improvement by tol counts as none",
        "gain >= self.tol",
        "gain > self.tol",
        "patience",
    ),
    Fault(
        "near ties are none",
        "rise == 0 or abs(rise) < self.tol",
        "rise == 0",
        "patience",
    ),
    Fault(
        "the loss of the best forgotten",
        'self.best, self.best_loss = state["best"], state["best_loss"]',
        'self.best, self.best_loss = state["best"], inf',
        "patience",
    ),
    Fault(
        "best weights without the average",
        "self.best.theta[:] = self._averaged(theta)",
        "self.best.theta[:] = theta",
        "monitor validation early_stopping",
    ),
    Fault(
        "best weights shared with training",
        "self.best = Best(len(self.history), theta.copy())",
        "self.best = Best(len(self.history), theta)",
        "monitor early_stopping",
    ),
    Fault(
        "state kept after divergence",
        "self.progress.optimizer_state = {}",
        "pass",
        "training",
    ),
    Fault(
        "penalty left out of the loss",
        "total / batches.n_samples + penalty",
        "total / batches.n_samples",
        "training",
    ),
    Fault(
        "a detour is a standstill",
        "n_batches == 1 or self.total == 0",
        "True",
        "perceptron training epoch_pass",
    ),
    Fault(
        "last batch left out",
        "return -(-self.n_samples // self.batch_size)",
        "return self.n_samples // self.batch_size",
        "batches training",
    ),
    Fault(
        "sample weights not shuffled",
        "s = None if self.s is None else self._take(1, self.s, indices)",
        "s = None if self.s is None else self.s[piece]",
        "batches",
    ),
    Fault(
        "sparse features not scaled",
        "data = data * self._factor[S.indices]",
        "pass",
        "batches",
    ),
    Fault(
        "centring by the mean of D",
        "self.rows.m, D.sum(axis=0)",
        "self.rows.m, D.mean(axis=0)",
        "batches",
    ),
    Fault("no smooth clip", "Z /= bend", "Z /= 1", "scaling"),
    Fault(
        "inverse scaling one epoch late",
        "(int(time.epoch) + 1) ** -self.power_t",
        "(int(time.epoch) + 2) ** -self.power_t",
        "schedules",
    ),
    Fault(
        "adaptive goes on at the smallest rate",
        "learning_rate > self.smallest",
        "learning_rate >= self.smallest",
        "schedules training",
    ),
    Fault(
        "warm-up beyond the whole rate", "(1 - self.start) * done", "done", "schedules"
    ),
    Fault("waves of one length", "length *= self.multiplier", "pass", "schedules"),
    Fault(
        "rate constant in an epoch",
        "progress.n_epochs + i / n_batches",
        "progress.n_epochs",
        "training learning_rate",
    ),
    Fault("plateaus not counted", "progress.n_plateaus += 1", "pass", "training"),
    Fault(
        "overlap of p and q counted once",
        "value - 2 * float(",
        "value - float(",
        "full_batch linear_models",
    ),
    Fault(
        "a saturated unit is one with a slope",
        "<= SATURATED_BELOW *",
        ">= SATURATED_BELOW *",
        "recording",
    ),
    Fault(
        "last block of predictions in the memory of a whole one",
        "Z[piece] = network.forward_Z(blocks, X, ws)",
        "Z[:n] = network.forward_Z(blocks, X, ws)",
        "evaluation",
    ),
]

COMPILED = [
    Fault(
        "compiled: gradient of the last sample of a code",
        "gradient[row + j] += G[above + j]",
        "gradient[row + j] = G[above + j]",
        "compiled_lookup",
        True,
    ),
    Fault(
        "compiled: codes are bent",
        "n_numeric = self.standardization.n_numeric",
        "n_numeric = len(self._mean)",
        "compiled_lookup",
        True,
    ),
    Fault("compiled: tanh'", "g * (_1 - a * a)", "g * (_1 - a)", "compiled", True),
    Fault(
        "compiled: losses without weights",
        "total += weight * _loss(code, of_Z[i], of_Y[i], weight * share)",
        "total += _loss(code, of_Z[i], of_Y[i], weight * share)",
        "compiled",
        True,
    ),
    Fault(
        "compiled: Nesterov",
        "gradient + momentum * v[i] if code == _NESTEROV",
        "momentum * v[i] if code == _NESTEROV",
        "compiled",
        True,
    ),
    Fault(
        "compiled: Adam's first moment not corrected",
        "np.sqrt(1.0 - beta_2**t) / (1.0 - beta_1**t)",
        "np.sqrt(1.0 - beta_2**t)",
        "compiled",
        True,
    ),
    Fault(
        "compiled: decay adds",
        "theta[i] -= rate * decay[i] * theta[i]",
        "theta[i] += rate * decay[i] * theta[i]",
        "compiled",
        True,
    ),
    Fault(
        "compiled: factors left out of Adam",
        "step = factor * rate / ",
        "step = rate / ",
        "compiled",
        True,
    ),
    Fault(
        "compiled: the frequencies' gradient without the input",
        "dw[k] += x * d_phase",
        "dw[k] += d_phase",
        "compiled",
        True,
    ),
    Fault(
        "compiled: the mix's slope without its weight",
        "w[j] * kept[i, 1, j] + (",
        "kept[i, 1, j] + (",
        "compiled",
        True,
    ),
    Fault(
        "compiled: L1's threshold not clipped",
        "threshold, momentum = scale / (1.0 - beta_1), beta_1",
        "threshold, momentum = 1.0 / (1.0 - beta_1), beta_1",
        "compiled",
        True,
    ),
    Fault(
        "compiled: noise of the samples before",
        "(b * link[_NOISE] + first * n_in)",
        "(b * link[_NOISE])",
        "compiled",
        True,
    ),
    Fault(
        "compiled: the highest of all but the last",
        "highest = max(highest, z[j])",
        "highest = z[j]",
        "compiled",
        True,
    ),
]

DATA = [
    Fault(
        "balanced without sample weights",
        "totals = np.bincount(codes, weights, minlength=n_classes)",
        "totals = np.bincount(codes, minlength=n_classes)",
        "equivalence",
    ),
    Fault(
        "rows of weight zero are trained on",
        "samples.indices = samples.weights.nonzero()[0]",
        "samples.indices = None",
        "equivalence validation",
    ),
    Fault(
        "mean weight of all rows",
        "weights = self.take(self.weights)\n        return 1.0",
        "weights = self.weights\n        return 1.0",
        "equivalence mlp_faults",
    ),
    Fault(
        "a class may lose all its rows",
        "np.maximum(_shares(counts, fraction), 1), spare)",
        "np.maximum(_shares(counts, fraction), 1), counts)",
        "validation early_stopping",
    ),
    Fault(
        "a single validation sample of few",
        "while sizes.sum() < _SMALLEST:",
        "while False:",
        "small_splits",
    ),
    Fault(
        "R2 of equal targets divided by a rounding error",
        "scores[is_constant] = (P == Y).all(axis=0)[is_constant]",
        "pass",
        "validation",
    ),
    Fault(
        "an infinite score is the best",
        "if not isfinite(value):\n            self.count += 1",
        "if isnan(value):\n            self.count += 1",
        "validation patience",
    ),
    Fault(
        "patience without a number is convergence",
        "CONVERGED if self.patience.has_value else StopReason.FAILED",
        "CONVERGED",
        "validation",
    ),
    Fault(
        "scorers of probabilities infer the classes",
        "self.scorer = with_classes(self.scorer, task.classes)",
        "pass",
        "scorers",
    ),
    Fault(
        "networks as processes return them",
        "yield replace(network, network=problem.risk.network), outcome",
        "yield network, outcome",
        "ensembles",
    ),
    Fault(
        "numbers within the rows for rows",
        "= True\n    return indices[~held_out], indices[held_out]",
        "= True\n    return np.flatnonzero(~held_out), np.flatnonzero(held_out)",
        "validation early_stopping mlp_faults",
    ),
    Fault(
        "variance for deviation of rare ones",
        "raised = np.sqrt(np.divide(",
        "raised = np.asarray(np.divide(",
        "scaling",
    ),
    Fault(
        "quantile above its rank",
        "(cumulative < q * cumulative[-1])",
        "(cumulative <= q * cumulative[-1])",
        "scaling",
    ),
    Fault(
        "whole range for half",
        "return (high - low) / 2",
        "return high - low",
        "scaling",
    ),
    Fault(
        "sparse statistics unweighted",
        "mean_variance_axis(X, axis=0, weights=weights)",
        "mean_variance_axis(X, axis=0)",
        "scaling equivalence inputs",
    ),
    Fault(
        "certain after a few rows",
        "label_smoothing=1 / (n + 1)",
        "label_smoothing=0.0",
        "calibration",
    ),
    Fault(
        "sum of weights for number of samples",
        "n = len(Y) if weights is None else int(np.count_nonzero(weights))",
        "n = len(Y) if weights is None else float(np.sum(weights))",
        "calibration",
    ),
    Fault(
        "statistics of weights of any size",
        "weights = weights / unit_of(weights if indices is None else weights[indices])",
        "pass",
        "weights",
    ),
    Fault(
        "temperature without weights",
        "np.average(loss.value_from_Z(Y, scaled, A), weights=weights)",
        "np.mean(loss.value_from_Z(Y, scaled, A))",
        "calibration",
    ),
    Fault(
        "a fingerprint without shapes",
        "digest.update(repr(array.shape).encode())",
        "pass",
        "checkpoint ensemble",
    ),
    Fault(
        "targets centred, not scaled",
        "(Y - self.mean) / self.scale",
        "(Y - self.mean)",
        "equivalence inputs linear_models",
    ),
    Fault(
        "mean not added to predictions",
        "by_target += self.mean[:, None]",
        "pass",
        "equivalence linear_models",
    ),
    Fault(
        "unequal quotas rounded down",
        "shares[largest_remainders] += 1",
        "pass",
        "validation early_stopping",
    ),
    Fault(
        "unknown categories as the first level",
        "last = self.n_codes[k] - 1",
        "last = 0",
        "categories frames",
    ),
    Fault(
        "missing categories as unknown ones",
        "len(self.levels[k]) if self.has_missing[k] else last",
        "last",
        "categories frames",
    ),
    Fault(
        "shares of categories without weights",
        "counts if weights is None else np.bincount(codes, weights, n)",
        "counts",
        "categories",
    ),
    Fault(
        "gaps filled with zero",
        "np.copyto(numbers, self.fill.astype(numbers.dtype), where=is_gap)",
        "np.copyto(numbers, 0, where=is_gap)",
        "gaps",
    ),
    Fault(
        "indicators of numbers instead of gaps",
        "indicators[...] = is_gap[:, self.indicated]",
        "indicators[...] = ~is_gap[:, self.indicated]",
        "gaps categories",
    ),
]

FIT = [
    Fault(
        "the generator's state not kept",
        "rng=dict(self.rng.bit_generator.state)",
        "rng=dict(previous.rng)",
        "checkpoint warm_start",
    ),
    Fault(
        "a resumed fit makes all epochs",
        "self.max_iter = plan.max_iter - self.n_iter_before",
        "self.max_iter = plan.max_iter",
        "checkpoint",
    ),
    Fault(
        "state shared with a checkpoint's",
        "state.progress = deepcopy(progress)",
        "state.progress = progress",
        "warm_start callbacks checkpoint",
    ),
    Fault(
        "history starts anew",
        '{} if previous is None else previous.attributes["history_"]',
        "{}",
        "warm_start checkpoint",
    ),
    Fault(
        "a stream's schedule counts one epoch",
        "n_epochs = plan.horizon",
        "pass",
        "learning_rate warm_start",
    ),
    Fault(
        "patience starts anew",
        "monitor.patience.state = state.patience",
        "pass",
        "warm_start checkpoint",
    ),
    Fault(
        "t_ of one epoch",
        "self.t_before + outcome.n_iter * samples.n",
        "self.t_before + samples.n",
        "warm_start drop_in history",
    ),
    Fault(
        "training goes on from the best weights",
        "start.flat[:] = state.theta",
        "pass",
        "warm_start",
    ),
    Fault(
        "average of edited weights kept",
        "state.average = None",
        "pass",
        "warm_start early_stopping checkpoint",
    ),
    Fault(
        "sum for the mean of members",
        "mean: Array = total - np.log(n)",
        "mean: Array = total",
        "ensemble",
    ),
    Fault(
        "sample deviation of members",
        "np.sqrt(squares / n)",
        "np.sqrt(squares / max(n - 1, 1))",
        "ensemble",
    ),
    Fault(
        "negative scales make features important",
        "scaled: Array = above * np.abs(arrays[0])",
        "scaled: Array = above * arrays[0]",
        "input_scale regularization",
    ),
    Fault(
        "missing members get seeds of others",
        "state.member_seeds(n_members)[len(finished) :]",
        "state.member_seeds(n_members)",
        "ensemble",
    ),
    Fault(
        "validation loss unweighted",
        "np.average(risk.losses(self.Y, Z, A), weights=self.weights)",
        "np.mean(risk.losses(self.Y, Z, A))",
        "validation early_stopping",
    ),
    Fault(
        "NTK of a rule with the scale in its step",
        "1 / sqrt(n_in) if optimizer.scale_free else 1 / n_in",
        "1 / sqrt(n_in)",
        "rates",
    ),
    Fault(
        "auto penalty of any number of classes",
        "(n_choices * n_samples**0.75)",
        "n_samples**0.75",
        "usual_values",
    ),
    Fault(
        "checkpoint without a checksum",
        "checksum is None or checksum[1] != _digest(written_by, content)",
        "checksum is None",
        "checkpoint",
    ),
    Fault(
        "largest batch for few rows",
        "max(n_samples // 100, _SMALLEST_BATCH)",
        "max(n_samples // 10, _SMALLEST_BATCH)",
        "usual_values drop_in",
    ),
    Fault(
        "auto rate of any number of features",
        "usual_rate * min(1.0, cbrt(_FEATURES_AT_USUAL_RATE / n_features))",
        "usual_rate",
        "usual_values",
    ),
    Fault(
        "members forget the unit of the weights",
        "state.weight_unit = shared.weight_unit",
        "pass",
        "weights",
    ),
    Fault(
        "members forget the mean of the weights",
        "state.mean_weight = shared.mean_weight",
        "pass",
        "ensemble",
    ),
    Fault(
        "margin of two neurons reversed",
        "S[:, 1] - S[:, 0]",
        "S[:, 0] - S[:, 1]",
        "targets specifications",
    ),
]


FAULTS = [*NETWORK, *TRAINING, *COMPILED, *DATA, *FIT]
