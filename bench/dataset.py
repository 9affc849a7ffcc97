# SPDX-License-Identifier: MIT
"""Raw results made readable: rows, samples over accepted blocks, ratios."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

import machine
import stats

# With fewer accepted blocks than this no verdict is given: the median of
# five values lies between the least and the greatest in 94 % of cases.
LEAST_BLOCKS = 5


@dataclass(eq=False)
class Row:
    """A row of the raw results with its runs in the accepted blocks."""
    id: str
    workload: str
    arm: str
    policy: str
    mechanism: str
    wait: str
    placement: str
    params: dict
    unit: str
    role: str
    twin: str
    form: str
    sizes: list
    reads_text: bool = False
    items_unit: str = ""
    runs: dict = field(default_factory=dict)    # (block, size) -> runs

    def param(self, name):
        return self.params.get(name)


class Dataset:
    """Everything that the report reads."""

    def __init__(self, raw):
        self.raw = raw
        self.environment = raw["environment"]
        self.reasons = machine.rejections(raw["blocks"])
        self.rejected = [b for b, r in zip(raw["blocks"], self.reasons) if r]
        kept = [b for b, r in zip(raw["blocks"], self.reasons) if not r]
        # When everything was disturbed the numbers are shown, but no verdict
        # rests on them.
        self.disturbed = not kept
        self.blocks = kept or raw["blocks"]
        self.rows = [Row(**row) for row in raw["rows"]]
        self._by_id = {row.id: row for row in self.rows}
        self._read_runs()

    def _read_runs(self):
        for number, block in enumerate(self.blocks):
            for row_id, size, times, metrics in block["runs"]:
                self._by_id[row_id].runs[number, size] = (times, metrics)

    @property
    def judged(self):
        """Whether there are blocks enough for a verdict."""
        return not self.disturbed and len(self.blocks) >= LEAST_BLOCKS

    def row(self, row_id):
        return self._by_id.get(row_id)

    def workloads(self):
        """The names of the measured workloads, in the program's order."""
        seen = {row.workload for row in self.main()}
        return [w["name"] for w in self.raw["workloads"]
                if w["name"] in seen]

    def main(self, workload=None):
        """The rows of the comparison, of one workload or of all."""
        return [row for row in self.rows if row.role == "main"
                and workload in (None, row.workload)]

    def find(self, workload, arm, placement, params=None):
        """The row of an arm. A row need not have all of the parameters (seq
        has no capacity), but those that it has must agree."""
        params = params or {}
        found = [row for row in self.main(workload)
                 if row.arm == arm and row.placement == placement
                 and all(params.get(k) == v
                         for k, v in row.params.items())]
        found.sort(key=lambda row: -len(row.params.keys() & params.keys()))
        return found[0] if found else None

    def base(self, row, arm):
        """The row that `row` is compared with: the same placement where it
        was measured, else one core."""
        for placement in (row.placement, "one"):
            found = self.find(row.workload, arm, placement, row.params)
            if found:
                return found
        return None

    def counterpart(self, row):
        """Coop's arm of the same form: batched against batched, else plain
        coop."""
        suffix = row.arm.removeprefix(row.policy)
        if row.form == "batched":
            found = self.base(row, "coop" + suffix)
            if found and found.form == "batched":
                return found
        return self.base(row, "coop")

    @lru_cache(maxsize=None)
    def slopes(self, row):
        """Cost per item in ns, one value per block, by whole-process time."""
        return np.array([self._slope(row, block, lambda run: run[0])
                         for block in range(len(self.blocks))]) * 1e9

    @lru_cache(maxsize=None)
    def inner_slopes(self, row):
        """The same from the time that the program itself took."""
        at = self.raw["metrics"].index("wall_ns")
        return np.array([
            self._slope(row, block, lambda run: [m[at] for m in run[1]])
            for block in range(len(self.blocks))])

    def _slope(self, row, block, times_of):
        sizes, times = [], []
        for number, size in enumerate(row.sizes):
            if (block, number) in row.runs:
                for value in times_of(row.runs[block, number]):
                    sizes.append(size["counted"])
                    times.append(value)
        return stats.slope(sizes, times) if len(set(sizes)) > 1 else np.nan

    @lru_cache(maxsize=None)
    def cost(self, row):
        sizes, times = [], []
        for (_, number), (seconds, _) in row.runs.items():
            sizes += [row.sizes[number]["counted"]] * len(seconds)
            times += seconds
        return stats.summary(self.slopes(row), stats.pooled_r2(sizes, times))

    @lru_cache(maxsize=None)
    def ratio(self, above, below):
        """cost(above) / cost(below), paired by block."""
        if above is None or below is None:
            return stats.NONE
        return stats.ratio(self.slopes(above), self.slopes(below))

    def metric(self, row, name, per_item=False):
        """The median of a figure of the metrics lines at the greatest size;
        per item where that is asked for."""
        names = self.raw["metrics"]
        at, last = names.index(name), len(row.sizes) - 1
        values = [line[at] for (_, size), (_, lines) in row.runs.items()
                  if size == last for line in lines if line[at] is not None]
        if not values:
            return float("nan")
        scale = row.sizes[last]["counted"] if per_item else 1
        return float(np.median(values)) / max(scale, 1)

    def whole_ms(self, row):
        """Whole-process times in ms at the greatest size, all runs."""
        last = len(row.sizes) - 1
        return np.array([t * 1e3 for (_, size), (times, _)
                         in sorted(row.runs.items()) if size == last
                         for t in times])

    def failures(self):
        """Counted failures: (row, stage, reason) -> times."""
        counted = Counter()
        for one in self.raw["failures"]:
            stage = one["stage"].split()[0]
            counted[one["row"], stage, one["reason"]] += 1
        return counted

    def controls(self):
        """(row, twin, ratio) of each A/A control."""
        return [(row, self.row(row.twin), self.ratio(row, self.row(row.twin)))
                for row in self.rows if row.role == "control"]

    def cells(self):
        """The policy and mechanism cells that have rows."""
        found = defaultdict(list)
        for row in self.main():
            if row.policy != "seq":
                found[cell(row)].append(row)
        return found


def cell(row):
    """(policy, what is switched). An arm that switches nothing, because its
    body is called afresh at every step, is in none of the four cells."""
    switched = {"thread": "kernel threads", "none": "nothing"}
    return row.policy, switched.get(row.mechanism, "user stacks")


CELLS = [("coop", "user stacks"), ("coop", "kernel threads"),
         ("preempt", "user stacks"), ("preempt", "kernel threads")]
