# SPDX-License-Identifier: MIT
"""Statistics: slopes, medians over blocks, paired bootstrap, crossings.

A sample is an array with one value per block; a missing value is NaN."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats as scipy_stats

EFFECT = 0.05           # smaller differences are not shown as differences
SAME = 2 * EFFECT       # an interval within this of 1 shows equality
RESAMPLES = 4000
SEED = 20261123         # the bootstrap of one set of raw data is reproducible


@dataclass(frozen=True)
class Summary:
    """A cost: its median over blocks and its whole spread."""
    median: float
    low: float          # 95 % bootstrap interval of the median
    high: float
    minimum: float
    p25: float
    p75: float
    maximum: float
    blocks: int
    r2: float = float("nan")

    @property
    def resolved(self):
        """A cost that is not above zero is lost in the noise."""
        return self.blocks > 0 and self.low > 0


@dataclass(frozen=True)
class Ratio:
    """A ratio of medians with its 95 % interval."""
    value: float
    low: float
    high: float
    blocks: int

    @property
    def resolved(self):
        return self.blocks > 0 and bool(
            np.isfinite(self.low) and np.isfinite(self.high) and self.low > 0)

    @property
    def no_difference(self):
        """The interval holds 1, or lies within the effect threshold."""
        inside = self.low >= 1 - EFFECT and self.high <= 1 + EFFECT
        return inside or self.low <= 1 <= self.high

    @property
    def equal(self):
        """The interval is narrow enough to show that there is next to no
        difference, which is more than showing none."""
        return self.resolved and self.no_difference \
            and self.low > 1 - SAME and self.high < 1 + SAME

    @property
    def above(self):
        return self.resolved and self.low > 1 and not self.no_difference

    @property
    def below(self):
        return self.resolved and self.high < 1 and not self.no_difference


NONE = Ratio(float("nan"), float("nan"), float("nan"), 0)


def slope(sizes, times):
    """Time per item: the least-squares slope of time over size."""
    if len(set(sizes)) < 2:
        return float("nan")
    return float(scipy_stats.linregress(sizes, times).slope)


def pooled_r2(sizes, times):
    """How well one straight line fits the runs of all blocks."""
    if len(set(sizes)) < 2 or len(sizes) < 3:
        return float("nan")
    return float(scipy_stats.linregress(sizes, times).rvalue ** 2)


@lru_cache(maxsize=None)
def resamples(blocks):
    """Indices of resampled blocks: one matrix for everything, so that all
    ratios see the same resampled blocks."""
    random = np.random.default_rng(SEED)
    return random.integers(0, blocks, size=(RESAMPLES, blocks))


def boot_medians(sample):
    """The median of each resample of a sample without NaN."""
    return np.median(sample[resamples(len(sample))], axis=1)


def interval(values):
    """The middle 95 % of bootstrap values."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def summary(sample, r2=float("nan")):
    """The summary of one sample."""
    sample = np.asarray(sample, float)
    sample = sample[np.isfinite(sample)]
    if len(sample) == 0:
        nan = float("nan")
        return Summary(nan, nan, nan, nan, nan, nan, nan, 0)
    low, high = interval(boot_medians(sample))
    p25, p75 = np.percentile(sample, [25, 75])
    return Summary(float(np.median(sample)), low, high, float(sample.min()),
                   float(p25), float(p75), float(sample.max()), len(sample),
                   r2)


def ratio(above, below):
    """median(above) / median(below), blocks resampled in pairs."""
    above, below = np.asarray(above, float), np.asarray(below, float)
    both = np.isfinite(above) & np.isfinite(below)
    above, below = above[both], below[both]
    if len(above) == 0:
        return NONE
    top, bottom = np.median(above), np.median(below)
    tops, bottoms = boot_medians(above), boot_medians(below)
    if top <= 0 or bottom <= 0 or (bottoms <= 0).any() or (tops <= 0).any():
        return Ratio(float(top / bottom) if bottom > 0 else float("nan"),
                     float("nan"), float("nan"), len(above))
    low, high = interval(tops / bottoms)
    return Ratio(float(top / bottom), low, high, len(above))


def geometric_mean(values):
    values = np.asarray(values, float)
    return float(np.exp(np.log(values).mean())) if len(values) else \
        float("nan")


@dataclass(frozen=True)
class Crossing:
    """The work per item above which a speed-up stays above 1."""
    kind: str           # crosses, always, never or unknown
    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    open_low: bool = False      # the interval reaches the end of the range
    open_high: bool = False
    shares: tuple = ()  # of resamples: crosses, always, never


def last_crossing(works, speedups):
    """Where the speed-up rises through 1 for the last time, interpolated
    between logarithms; 0 when it is above 1 everywhere, infinity when it is
    below 1 at the greatest work."""
    logs = np.log(speedups)
    if logs[-1] <= 0:
        return float("inf")
    below = np.nonzero(logs <= 0)[0]
    if len(below) == 0:
        return 0.0
    i = below[-1]
    x0, x1 = np.log(works[i]), np.log(works[i + 1])
    fraction = -logs[i] / (logs[i + 1] - logs[i])
    return float(np.exp(x0 + fraction * (x1 - x0)))


def crossing(base, other):
    """The crossing of two costs, each a list of samples by rising work; the
    work itself is the measured cost of the base."""
    base, other = np.asarray(base, float), np.asarray(other, float)
    whole = np.isfinite(base).all(axis=0) & np.isfinite(other).all(axis=0)
    base, other = base[:, whole], other[:, whole]
    if base.shape[0] < 2 or base.shape[1] == 0:
        return Crossing("unknown")
    value = _crossing_of(np.median(base, axis=1), np.median(other, axis=1))
    index = resamples(base.shape[1])
    bases = np.median(base[:, index], axis=2)
    others = np.median(other[:, index], axis=2)
    found = np.array([_crossing_of(bases[:, i], others[:, i])
                      for i in range(index.shape[0])])
    if np.isnan(value) or np.isnan(found).any():
        return Crossing("unknown")
    shares = (float(np.mean((found > 0) & np.isfinite(found))),
              float(np.mean(found == 0)), float(np.mean(np.isinf(found))))
    low, high = np.percentile(found, [2.5, 97.5], method="nearest")
    kind = "always" if value == 0 else "never" if np.isinf(value) else \
        "crosses"
    return Crossing(kind, value, float(low), float(high), bool(low == 0),
                    bool(np.isinf(high)), shares)


def _crossing_of(base, other):
    """last_crossing of medians, NaN when a cost is lost in the noise."""
    if (base <= 0).any() or (other <= 0).any():
        return float("nan")
    order = np.argsort(base)
    return last_crossing(base[order], (base / other)[order])


def trend(times):
    """The first run of a series against the median of its second half."""
    later = times[len(times) // 2:]
    return times[0] / float(np.median(later)) if later else float("nan")
