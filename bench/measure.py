# SPDX-License-Identifier: MIT
"""Measuring: calibration, warm-up series, micro figures, and interleaved
blocks in which every row runs once at every size, in a fresh random order."""

import json
import os
import random
import time
from collections import Counter

import calibrate
import machine
import plan
from program import METRICS, BenchError, RunFailed, compact

LEAVE_OUT_AFTER = 2     # time-outs or failures of a row in a size
REPORT_S = 12           # set aside for the statistics and the figures


class Clock:
    """The time that is left for measuring."""

    def __init__(self, mode, began):
        spent = max(0.0, time.time() - began)
        budget = min(mode.measure_s, max(mode.total_s - REPORT_S - spent,
                                         mode.measure_s / 2))
        self.began = time.monotonic()
        self.end = self.began + budget
        self.hard_end = self.began + max(budget, mode.total_s - REPORT_S
                                         - spent)
        self.budget = budget

    def left(self):
        return self.end - time.monotonic()

    def over(self):
        """Past what a slow machine may be granted beyond the budget."""
        return time.monotonic() > self.hard_end

    def elapsed(self):
        return time.monotonic() - self.began


class Session:
    """One measurement from start to end; `raw` is what is kept of it."""

    def __init__(self, program, mode, options, progress):
        self.program = program
        self.mode = mode
        self.progress = progress
        self.clock = Clock(mode, options.began)
        self.cpus = len(os.sched_getaffinity(0))
        self.random = random.SystemRandom()
        self.options = options
        self.failed = Counter()
        self.raw = {"mode": mode.name, "failures": [], "blocks": [],
                    "series": [], "micro": [], "rule": machine.RULE,
                    "metrics": list(METRICS)}

    def run(self):
        listing = self.program.list()
        rows = plan.plan_rows(listing, self.mode.name, self.options.workload,
                              self.cpus)
        self.raw["workloads"] = [
            {k: w[k] for k in ("name", "summary", "unit")} |
            {"arms": w["arms"]} for w in listing["workloads"]]
        self.micro()
        target = calibrate.affordable_target(rows, self.mode,
                                             self.clock.left())
        rows, failures = calibrate.calibrate(self.program, rows, self.mode,
                                             target, self.tell_calibration)
        self.raw["failures"] += failures
        self.raw["rows"] = [row.__dict__ for row in rows]
        main = {row.id for row in rows if row.role == "main"}
        self.require(main)
        self.warm_up(rows)
        self.blocks(rows)
        self.require(main & {run[0] for block in self.raw["blocks"]
                             for run in block["runs"]})
        self.raw["spent"] = {
            "seconds": round(self.clock.elapsed(), 1),
            "budget_s": round(self.clock.budget, 1),
            "target_ms": round(target, 1), "warmup": self.mode.warmup,
            "runs": self.mode.runs, "min_blocks": self.mode.min_blocks}
        return self.raw

    def require(self, found):
        """Ends a run in which no row of the comparison works: a report of
        nothing must not replace what was measured before."""
        if found:
            return
        reason = next((one["reason"] for one in self.raw["failures"]
                       if one["stage"] != "micro"), "there is none")
        raise BenchError(f"no row could be measured: {reason}. Earlier "
                         "results are untouched")

    def tell_calibration(self, number, rows):
        self.progress.show("finding sizes", f"row {number + 1} of {rows}",
                           self.clock.left() + REPORT_S)

    def micro(self):
        """The micro figures; a failure or the time limit costs those of the
        groups that were not done."""
        self.progress.show("micro figures", "", self.clock.left() + REPORT_S)
        path = os.path.join(self.program.folder, "micro.jsonl")
        try:
            self.program.micro(path, self.mode.name != "full",
                               self.mode.micro_limit_s)
        except RunFailed as failure:
            self.raw["failures"].append({"row": "micro", "stage": "micro",
                                         "reason": str(failure)})
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.raw["micro"] = whole_lines(file)
            os.unlink(path)

    def warm_up(self, rows):
        """Consecutive runs of a few rows, from the very first one on."""
        for row in plan.series_rows(rows):
            self.progress.show("warm-up series", row.id,
                               self.clock.left() + REPORT_S)
            times = []
            for _ in range(self.mode.series):
                times += self.timed(row, len(row.sizes) - 1, None, "series")[0]
            self.raw["series"].append({"row": row.id, "times": times})

    def blocks(self, rows):
        """Blocks until the time is up. Rejected ones are kept and made up
        for while the time lasts."""
        need = calibrate.block_seconds(rows, self.mode)
        cpus = sorted(os.sched_getaffinity(0))[:2]
        lost = machine.lost_share(cpus)
        while self.accepted() < self.mode.max_blocks:
            done = len(self.raw["blocks"])
            if done == 2 * self.mode.max_blocks:
                break
            if done >= self.mode.min_blocks and need > self.clock.left():
                break
            measured = self.block(rows, done)
            if measured is None:
                self.raw["cut_short"] = done + 1
                break
            block = {"lost_before": lost, **measured}
            block["lost_after"] = lost = machine.lost_share(cpus)
            self.raw["blocks"].append(block)
            need = block["elapsed_s"] * 1.03 + machine.PROBE_S * len(cpus)

    def accepted(self):
        return machine.rejections(self.raw["blocks"]).count(None)

    def block(self, rows, number):
        """One block, or None when the time ran out in the middle of it."""
        jobs = [(row, size) for row in rows for size in range(len(row.sizes))]
        self.random.shuffle(jobs)
        padding = self.random.randrange(4096)
        env = {**os.environ, "SCHEDKIT_PADDING": "x" * padding}
        before = machine.snapshot()
        runs = []
        for done, (row, size) in enumerate(jobs):
            if number > 0 and self.clock.over():
                return None
            self.progress.show(f"block {number + 1}",
                               f"run {done + 1} of {len(jobs)}",
                               max(self.clock.left(), 1) + REPORT_S)
            times, metrics = self.timed(row, size, env, f"block {number + 1}")
            if times:
                runs.append([row.id, size, times, metrics])
        seen = machine.disturbance(before, machine.snapshot(), self.cpus)
        return {"number": number + 1, **seen, "padding": padding,
                "runs": runs}

    def timed(self, row, size, env, stage):
        """([seconds], [metrics]) of one hyperfine call, or two empty lists
        when it failed; a row that keeps failing is left out."""
        if self.failed[row.id] >= LEAVE_OUT_AFTER:
            return [], []
        one = row.sizes[size]
        limit = 3 + 10 * one["wall_s"] * (self.mode.runs + self.mode.warmup)
        try:
            times, lines = self.program.time(row, one["items"], one["expect"],
                                             self.mode, limit, env)
        except RunFailed as failure:
            self.failed[row.id] += 1
            self.raw["failures"].append({"row": row.id, "stage": stage,
                                         "items": one["items"],
                                         "reason": str(failure)})
            return [], []
        return [round(t, 6) for t in times], [compact(m) for m in lines]


def whole_lines(file):
    """The JSON lines of a file; a last line cut short is left out."""
    found = []
    for line in file:
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            pass
    return found
