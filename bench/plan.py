# SPDX-License-Identifier: MIT
"""What is measured: the modes, and one table of what to vary per workload."""

from dataclasses import dataclass, field
from itertools import product


@dataclass(frozen=True)
class Mode:
    """How much time a run of the benchmark may take, and how it is spent."""
    name: str
    total_s: float        # wall time from the start of the build
    measure_s: float      # of which at most this for everything but the report
    target_ms: float      # how long one run of a row lasts at its largest size
    least_ms: float       # the shortest that the target may be cut to
    sizes: tuple          # fractions of the largest size
    warmup: int           # hyperfine --warmup
    runs: int             # hyperfine --runs, in each block
    min_blocks: int
    max_blocks: int
    series: int           # runs in each series of the warm-up plot
    micro_limit_s: float


MODES = {
    "smoke": Mode("smoke", 50, 35, 20, 5, (0.25, 1), 0, 1, 2, 2, 4, 25),
    "quick": Mode("quick", 172, 115, 100, 25, (0.25, 1), 0, 1, 6, 12, 8, 30),
    "full": Mode("full", 2400, 2250, 100, 100, (0.25, 0.5, 1), 0, 1, 10, 24,
                 20, 600),
}


@dataclass(frozen=True)
class WorkloadPlan:
    """What to vary in one workload. A point is a dict of parameters."""
    reference: dict                       # where every arm is measured
    sweep: dict = field(default_factory=dict)   # mode -> list of points
    # mode -> the variants measured at the reference point; ALL when not named
    narrow: dict = field(default_factory=dict)
    # mode -> the variants (or ALL) measured at every point of the sweep
    wide: dict = field(default_factory=dict)
    seq_ignores: tuple = ()               # parameters that seq does not read
    modes: tuple = ("smoke", "quick", "full")   # where it is measured unasked
    free: bool = True                     # left to the kernel as well


def grid(**axes):
    """Every combination of the given values, as a list of points."""
    return [dict(zip(axes, values)) for values in product(*axes.values())]


ALL = "all"

# The parameters that a sweep may vary, in the order of the tables.
SWEEPABLE = ("share", "work", "capacity", "depth", "nodes", "primes")

# The plain arms of the three policies: measured at every point of a sweep.
PLAIN = ("seq", "coop", "preempt")

# Coop has two forms of generator, so both are measured along a sweep.
STACKLESS = ("coop-stackless",)

# One generator that yields from inside its recursion, beside one per node.
RECURSION = ("coop-recursion", "preempt-recursion")


def generators(reference, full=(), quick=(), smoke=False, also=()):
    """The plan of a workload made of generators in lock-step: the ways to
    switch and to wait are compared at the reference point of a full run, and
    lockstep has shown already what a free placement does."""
    return WorkloadPlan(
        reference=reference, sweep={"full": list(full), "quick": list(quick)},
        narrow={"smoke": (), "quick": STACKLESS + also},
        wide={"quick": STACKLESS, "full": STACKLESS + also},
        modes=("smoke",) * smoke + ("quick", "full"), free=False)


PLANS = {
    "lockstep": WorkloadPlan(reference={}),
    "bounded": WorkloadPlan(
        reference={"capacity": 64},
        sweep={
            "smoke": grid(capacity=[1]),
            "quick": grid(capacity=[0, 1, 8, 1024]),
            "full": grid(capacity=[0, 1, 4, 16, 256, 1024, 4096]),
        },
        wide={"quick": ("coop-batch", "preempt-condvar"),
              "full": ("coop-batch", "preempt-condvar")},
        seq_ignores=("capacity",),
    ),
    "crossover": WorkloadPlan(
        reference={"work": 100, "share": 50, "capacity": 64},
        sweep={
            "smoke": grid(work=[0, 10000], share=[50], capacity=[64]),
            "quick": grid(work=[0, 30, 1000, 20000], share=[50],
                          capacity=[64])
            + grid(work=[0, 30, 100, 1000, 20000], share=[10], capacity=[64]),
            "full": grid(work=[0, 30, 300, 1000, 20000, 1000000], share=[50],
                         capacity=[64])
            + grid(work=[0, 100, 300, 1000, 20000], share=[10],
                   capacity=[64]),
        },
        narrow={"quick": ("preempt-condvar",)},
        wide={"full": ("preempt-condvar",)},
        seq_ignores=("capacity",),
    ),
    "words": WorkloadPlan(
        reference={"capacity": 64},
        sweep={"full": grid(capacity=[1, 1024])},
        narrow={"quick": ("preempt-condvar",)},
        wide={"full": ("preempt-condvar",)},
        seq_ignores=("capacity",),
    ),
    "treewalk": generators({"nodes": 1023}, grid(nodes=[15, 1048575]),
                           smoke=True, also=RECURSION),
    "bm_generators": generators({}),
    "delegate": generators({"depth": 16},
                           grid(depth=[0, 1, 4, 64, 256, 1024, 4096]),
                           grid(depth=[0, 256]), smoke=True),
    "samefringe": generators({"leaves": 1024}),
    "sieve": generators({"primes": 50}, grid(primes=[10, 200])),
    "cancel": generators({}),
}


# Measured only where they are asked for.
PLANS |= {name: WorkloadPlan(reference={}, modes=()) for name in (
    "skynet", "threadring", "ring", "bndbuffer", "mpmc", "fanin", "fanout",
    "churn", "park", "transfer", "sleepers", "hog", "checkpoint",
    "blocking", "pipes")}


def plan_of(workload):
    """The plan of a workload, by name; every arm at its defaults if none was
    made."""
    return PLANS.get(workload, WorkloadPlan(reference={}))


@dataclass
class Row:
    """One line of the comparison: what runs, where, with which parameters."""
    id: str
    workload: str
    arm: str
    policy: str
    mechanism: str
    wait: str
    placement: str
    params: dict
    unit: str
    reads_text: bool = False
    items_unit: str = ""    # what --items counts, where that is not the unit
    role: str = "main"      # main, control (a twin of another row) or empty
    twin: str = ""          # the row that a control repeats
    form: str = ""          # filled from the first run
    sizes: list = field(default_factory=list)

    def arguments(self, items):
        """The arguments of the program for a run of so many items."""
        words = ["run", self.workload, "--arm", self.arm,
                 "--placement", self.placement]
        for name, value in self.params.items():
            words += [f"--{name}", str(value)]
        return words + ["--items", str(items)]


def placements(arm, mode, may_be_free, cpus):
    """Neither one user thread nor threads of which one runs at a time can use
    a second core, so they run on one core only; in full runs they are also left
    to the kernel once, as a check."""
    free = may_be_free and cpus > 1 and (
        mode == "full" or (mode == "quick" and arm["name"] == "preempt"))
    two = (cpus > 1 and arm["policy"] == "preempt"
           and arm["mechanism"] == "thread")
    return ["one"] + ["two"] * two + ["free"] * free


def plan_rows(listing, mode, only=(), cpus=2):
    """All rows of a run, from what the program offers and the table above.
    A workload that is asked for is measured in any mode."""
    rows = []
    for workload in listing["workloads"]:
        name = workload["name"]
        if name in only or (not only and mode in plan_of(name).modes):
            rows += workload_rows(workload, mode, cpus)
    return rows + controls(rows)


def workload_rows(workload, mode, cpus):
    plan = plan_of(workload["name"])
    known = {p["name"]: p for p in workload["parameters"]}
    points = [plan.reference] + plan.sweep.get(mode, [])
    rows, seen = [], set()
    for index, point in enumerate(points):
        point = {k: clip(v, known[k]) for k, v in point.items() if k in known}
        for arm in workload["arms"]:
            if not wanted(arm, plan, mode, index == 0, point):
                continue
            params = {k: v for k, v in point.items()
                      if arm["policy"] != "seq" or k not in plan.seq_ignores}
            for place in placements(arm, mode, index == 0 and plan.free,
                                    cpus):
                key = (arm["name"], place, tuple(sorted(params.items())))
                if key not in seen:
                    seen.add(key)
                    rows.append(make_row(workload, arm, place, params))
    return numbered(sorted_rows(rows, workload))


def clip(value, parameter):
    """The nearest value that the program accepts."""
    low, high = parameter.get("min"), parameter.get("max")
    if low is not None and value < low:
        return low
    if high is not None and value > high:
        return high
    return value


def wanted(arm, plan, mode, at_reference, point):
    """A batch of nothing is no batch; variants stay at the reference point
    unless the plan wants them everywhere or the run is a full one."""
    if arm["form"] == "batched" and point.get("capacity") == 0:
        return False
    chosen = plan.narrow.get(mode, ALL) if at_reference \
        else plan.wide.get(mode, ())
    return arm["name"] in PLAIN or chosen == ALL or arm["name"] in chosen


def make_row(workload, arm, placement, params):
    return Row("", workload["name"], arm["name"], arm["policy"],
               arm["mechanism"], arm["wait"], placement, params,
               workload["unit"], workload.get("reads_text", False),
               next((p.get("unit", "") for p in workload["parameters"]
                     if p["name"] == "items"), ""))


def sorted_rows(rows, workload):
    arms = [arm["name"] for arm in workload["arms"]]
    order = ["one", "two", "free"]
    return sorted(rows, key=lambda r: (
        [r.params.get(name, -1) for name in SWEEPABLE],
        arms.index(r.arm), order.index(r.placement)))


def numbered(rows):
    for number, row in enumerate(rows, 1):
        row.id = f"{row.workload}.{number}"
    return rows


def controls(rows):
    """The A/A control: rows entered a second time under another label, one
    of each policy, and the empty process."""
    found = []
    for policy, placement in (("coop", "one"), ("preempt", "two")):
        original = next((r for r in rows if r.arm == policy
                         and r.placement == placement), None)
        if original:
            found.append(Row(**{**original.__dict__, "role": "control",
                                "twin": original.id, "sizes": [],
                                "id": f"control.{len(found) + 1}"}))
    first = next((r for r in rows if r.policy == "seq"), None)
    if first:
        found.append(Row(**{**first.__dict__, "role": "empty", "sizes": [],
                            "id": "empty.1"}))
    return found


def series_rows(rows):
    """The rows whose warm-up is shown: the plain arms of the first workload
    and a run-ahead pair on two cores."""
    main = [r for r in rows if r.role == "main"]
    if not main:
        return []
    first = [r for r in main if r.workload == main[0].workload
             and r.params == main[0].params
             and r.arm in PLAIN and r.placement != "free"]
    ahead = [r for r in main if r.workload == "bounded"
             and r.arm == "preempt" and r.placement == "two"
             and r.params == PLANS["bounded"].reference]
    return (first + [r for r in ahead if r not in first])[:5]
