# SPDX-License-Identifier: MIT
"""How many items each row gets, so that a run lasts about as long as asked."""

import math
from dataclasses import dataclass

from program import RunFailed

GROWTH = 50          # at most, from one trial run to the next
TRIAL_LIMIT_S = 20


def round_items(items):
    """One or two significant digits: rows then share sequential checksums."""
    if items < 100:
        return max(1, round(items))
    step = 10 ** (len(str(int(items))) - 1)
    return int(round(items / step * 2) / 2 * step) or int(step)


def next_items(items, wall_ns, target_ns):
    """The trial after one of `items` that took `wall_ns`: straight to the
    target when the trial was long enough to be believed."""
    scale = target_ns / max(wall_ns, 1)
    if scale > 3:
        scale = min(scale / 2, GROWTH)
    return max(items + 1, math.ceil(items * scale))


@dataclass(frozen=True)
class Size:
    """The items of the largest size and what a run of it is made of."""
    items: int
    fixed_ns: float         # what does not grow with the items
    item_ns: float

    def wall_s(self, items):
        return round((self.fixed_ns + items * self.item_ns) / 1e9, 6)


def largest_size(program, row, target_ns, least):
    """The number of items with which a run spends about target_ns on them.

    `least` is the smallest number that still leaves distinct sizes."""
    def wall_of(items):
        metrics = program.run(row, items, TRIAL_LIMIT_S)
        row.form = metrics.get("form", "")
        return metrics["wall_ns"]

    # An item is a pass over all of the text where text is read: then nothing
    # else counts, and even a few items would take long.
    first, items = (0, 1) if row.reads_text else (1, least)
    # Thousands of threads or a large tree take longer to make than a value
    # takes, so that the size has to come from what the other items add.
    fixed = wall_of(first) if first else 0
    while True:
        grown = wall_of(items) - fixed
        if grown * 3 >= target_ns:
            # Some rows have a fast and a slow mode: a size that was found in
            # the slow one would be lost in the noise in the fast one.
            grown = min(grown, wall_of(items) - fixed)
        if grown * 3 >= target_ns:
            each = grown / (items - first)
            return Size(max(least, round_items(target_ns / each)),
                        max(fixed - first * each, 0), each)
        items = next_items(items, grown, target_ns)


class Checksums:
    """Sequential checksums, one untimed run of seq for each distinct work."""

    def __init__(self, program, rows):
        self.program = program
        self.sequential = {r.workload: r for r in rows if r.policy == "seq"}
        self.known = {}

    def of(self, row, items):
        """(checksum, items as the program counts them), or None when there is
        no sequential arm: then the program verifies by itself."""
        base = self.sequential.get(row.workload)
        if base is None:
            return None, None
        # Which parameters the checksum depends on is the program's business:
        # one that is given for seq is asked for again.
        params = {k: v for k, v in row.params.items() if k in base.params}
        key = (row.workload, items, tuple(sorted(params.items())))
        if key not in self.known:
            trial = type(base)(**{**base.__dict__, "params": params})
            metrics = self.program.run(trial, items, TRIAL_LIMIT_S)
            self.known[key] = metrics["checksum"], metrics["items"]
        return self.known[key]


def sizes_of(largest, fractions):
    """Distinct sizes, ascending, down to one item."""
    return sorted({max(1, round(largest * f)) for f in fractions})


def calibrate_row(program, checksums, row, mode, target_ms):
    """Fills row.sizes; each size knows its items, what the program counts,
    the checksum to expect and the time that one run should take."""
    if row.role == "empty":
        row.sizes = [{"items": 0, "counted": 0, "expect": None, "wall_s": 0}]
        return
    least = round(1 / mode.sizes[0])
    largest = largest_size(program, row, target_ms * 1e6, least)
    row.sizes = []
    for items in sizes_of(largest.items, mode.sizes):
        expect, counted = checksums.of(row, items)
        row.sizes.append({"items": items, "counted": counted or items,
                          "expect": expect,
                          "wall_s": largest.wall_s(items)})


def calibrate(program, rows, mode, target_ms, tell):
    """Calibrates all rows; returns those that work and the failures."""
    checksums = Checksums(program, rows)
    done, failures = {}, []
    for number, row in enumerate(rows):
        tell(number, len(rows))
        try:
            if row.role == "control" and row.twin in done:
                row.sizes = [dict(s) for s in done[row.twin].sizes]
                row.form = done[row.twin].form
            else:
                calibrate_row(program, checksums, row, mode, target_ms)
            done[row.id] = row
        except RunFailed as failure:
            failures.append({"row": row.id, "stage": "calibration",
                             "reason": str(failure)})
    return list(done.values()), failures


def block_seconds(rows, mode, overhead_s=0.009):
    """How long one block should take: runs, start-up and hyperfine."""
    runs = mode.runs + mode.warmup
    return sum(runs * (size["wall_s"] + overhead_s) + overhead_s
               for row in rows for size in row.sizes)


def affordable_target(rows, mode, seconds):
    """The run length with which the least number of blocks still fits."""
    share = sum(mode.sizes) * (mode.runs + mode.warmup)
    overhead = 0.018 * len(mode.sizes)
    # A calibration costs about four runs of a row (trials and checksums).
    per_row = seconds / max(len(rows), 1)
    fits = (per_row - overhead * mode.min_blocks) / (
        share * mode.min_blocks + 4)
    return max(mode.least_ms, min(mode.target_ms, fits * 1000))
