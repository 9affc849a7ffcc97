# SPDX-License-Identifier: MIT
"""The machine while it measures: lost time, stolen time, foreign load, and
the rule, fixed beforehand, by which a disturbed block is rejected."""

import os
import resource
import statistics
import time

LOST_LIMIT = 0.05       # of a busy probe
FOREIGN_LIMIT = 0.05    # of the block's CPU time
STEAL_EXCESS = 0.05     # over the median of the run's blocks
PROBE_S = 0.15          # on each of the CPUs that are used
GAP_S = 1e-4            # two clock readings are never this far apart

RULE = (
    "A block's CPU time is its length times the number of CPUs. A block is "
    "rejected when a busy loop just before or just after it loses more than "
    f"{LOST_LIMIT * 100:.0f} % of its time, when programs that are not part "
    f"of the benchmark use more than {FOREIGN_LIMIT * 100:.0f} % of the "
    "block's CPU time, or when the stolen share of it exceeds the median of "
    f"the run's blocks by more than {STEAL_EXCESS * 100:.0f} percentage "
    "points. Stolen time is judged by comparison because a hypervisor also "
    "counts the waking of an idle virtual CPU as stolen, which is a cost of "
    "what is measured here.")


def parse_stat(line):
    """(busy, stolen) ticks from the first line of /proc/stat."""
    user, nice, system, _idle, _wait, irq, soft, steal = map(
        int, line.split()[1:9])
    return user + nice + system + irq + soft, steal


def snapshot():
    """Counters to be compared by `disturbance`."""
    with open("/proc/stat", encoding="ascii") as file:
        busy, steal = parse_stat(file.readline())
    own = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        own += usage.ru_utime + usage.ru_stime
    ticks = os.sysconf("SC_CLK_TCK")
    return {"at": time.monotonic(), "busy": busy / ticks,
            "steal": steal / ticks, "own": own, "load": os.getloadavg()[0]}


def lost_share(cpus):
    """The share of its time that a busy loop loses, over the given CPUs."""
    allowed = os.sched_getaffinity(0)
    lost = spent = 0.0
    try:
        for one in cpus:
            os.sched_setaffinity(0, {one})
            gaps, length = _gaps()
            lost, spent = lost + gaps, spent + length
    finally:
        os.sched_setaffinity(0, allowed)
    return round(lost / spent, 4)


def _gaps():
    start = last = time.perf_counter()
    gaps = 0.0
    while last - start < PROBE_S:
        now = time.perf_counter()
        if now - last > GAP_S:
            gaps += now - last
        last = now
    return gaps, last - start


def disturbance(before, after, cpus):
    """Shares of the CPU time between two snapshots: stolen, and used by
    others. Both are at least 0: ticks are coarse."""
    capacity = max((after["at"] - before["at"]) * cpus, 1e-9)
    foreign = (after["busy"] - before["busy"]) - (after["own"] - before["own"])
    return {"elapsed_s": round(after["at"] - before["at"], 3),
            "steal": round(max(0.0, after["steal"] - before["steal"])
                           / capacity, 4),
            "foreign": round(max(0.0, foreign) / capacity, 4),
            "load_before": round(before["load"], 2),
            "load_after": round(after["load"], 2)}


def rejections(blocks):
    """For each block the reason why it is rejected, or None."""
    if not blocks:
        return []
    usual = statistics.median(block["steal"] for block in blocks)
    return [rejection(block, usual) for block in blocks]


def rejection(block, usual_steal):
    reasons = []
    for when in ("before", "after"):
        lost = block[f"lost_{when}"]
        if lost > LOST_LIMIT:
            reasons.append(f"a busy loop {when} it lost {lost * 100:.1f} %")
    if block["foreign"] > FOREIGN_LIMIT:
        reasons.append(f"other programs used "
                       f"{block['foreign'] * 100:.1f} %")
    if block["steal"] > usual_steal + STEAL_EXCESS:
        reasons.append(f"{block['steal'] * 100:.1f} % stolen, "
                       f"{usual_steal * 100:.1f} % is usual here")
    return "; ".join(reasons) or None
