# SPDX-License-Identifier: MIT
"""The answer in five sentences, and which one to use: worded from verdicts
and numbers alone, so that other numbers give other words."""

from claims import (PLACES, crossing_text, named, share_text,
                    speedups, throughput_points, words_ratios)
from dataset import CELLS
from units import cost_text, ns_text, number, ratio_text

UNMEASURED = "was not measured in this run"


def answer(data, verdicts):
    """The five sentences."""
    return [what_they_are(data), switching(data, verdicts),
            buffering(data, verdicts), second_core(data, verdicts),
            why_better(data)]


def what_they_are(data):
    present = [cell for cell in CELLS if cell in data.cells()]
    return ("They are two answers to one question, *who decides when a task "
            "is switched*: the task itself (cooperative) or somebody else "
            "(preemptive); *what is switched*, a user-space stack or a kernel "
            "thread, is a second question with answers of its own, so they "
            "are neither the only two ways nor strict competitors, and this "
            f"run has measured {len(present)} of the four combinations "
            f"({'; '.join(f'{p} on {m}' for p, m in present)}).")


def fact(verdicts, workload, name):
    for claim, verdict in verdicts:
        if claim.workload == workload:
            return verdict.facts.get(name)
    return None


def switching(data, verdicts):
    most, least = (fact(verdicts, "lockstep", k) for k in ("most", "least"))
    base = data.find("lockstep", "coop", "one")
    if not (most and base):
        return f"What a switch costs {UNMEASURED}."
    rows = [fact(verdicts, "lockstep", k) for k in ("least_row", "most_row")]
    which = ("coop is far cheaper" if least.low > 10 else
             "coop is cheaper" if least.above else
             "neither is always the cheaper one")
    return (f"Where control changes hands at every value, {which}: "
            f"{cost_text(data.cost(base))} ns a step, and preempt takes from "
            f"{number(least.value, 2)} times as long ({named(rows[0])}) to "
            f"{number(most.value, 2)} times ({named(rows[1])}).")


def ends(points, placement):
    """(least capacity, ratio), (greatest capacity, ratio) at a placement."""
    found = sorted((c, r) for (p, c), r in points.items() if p == placement
                   and r.resolved)
    return (found[0], found[-1]) if len(found) > 1 else None


def buffering(data, verdicts):
    points = fact(verdicts, "bounded", "points") or {}
    parts = []
    for placement in ("one", "two"):
        both = ends(points, placement)
        if both:
            (c0, r0), (c1, r1) = both
            parts.append(f"from {number(r0.value, 2)} at capacity {c0} to "
                         f"{number(r1.value, 2)} at capacity {c1:,} on "
                         f"{PLACES[placement]}")
    if not parts:
        return f"What a buffer between the two changes {UNMEASURED}."
    falls = [ends(points, p) for p in ("one", "two") if ends(points, p)]
    if all(last.high < first.low for (_, first), (_, last) in falls):
        opening = "A buffer between producer and consumer shrinks the gap"
    elif any(last.high < first.low for (_, first), (_, last) in falls):
        opening = ("A buffer between producer and consumer shrinks the gap "
                   "in some placements")
    else:
        opening = ("A buffer between producer and consumer does not visibly "
                   "shrink the gap")
    return (f"{opening}: the ratio of preempt to coop per item goes "
            f"{' and '.join(parts)}.")


def second_core(data, verdicts):
    crossings = fact(verdicts, "crossover", "crossings")
    if not crossings:
        return f"Whether a second core pays {UNMEASURED}."
    share, found = next(iter(crossings.items()))
    top = greatest(data, share, ", and its speed-up is ")
    gains = fact(verdicts, "crossover", "coop_gains")
    coop = "coop stays on one core and gains nothing from the other" \
        if not gains else "coop stays on one core"
    if found.kind in ("never", "unknown"):
        return (f"A second core is open to kernel threads only ({coop}), and "
                f"the work per item at which that beats a sequential program "
                f"({share_text(share)} halves) {crossing_text(found)}{top}.")
    return (f"Only kernel threads use a second core ({coop}): the point at "
            f"which preempt on two cores overtakes a sequential program "
            f"({share_text(share)} halves) {crossing_text(found)}{top}.")


def comparisons(data):
    """[(row, winner)] of plain preempt against coop: who was faster."""
    found = []
    for row in data.main():
        if row.arm == "preempt":
            ratio = data.ratio(row, data.counterpart(row))
            if ratio.resolved:
                found.append((row, "coop" if ratio.above else "preempt"
                              if ratio.below else "neither"))
    return found


def greatest(data, share, opening):
    """The speed-up of preempt on two cores at the greatest work."""
    found = speedups(data, "preempt", "two", share)
    if not found or not found[-1][0].above:
        return ""
    ratio, work = found[-1]
    return f"{opening}{ratio_text(ratio)} at {ns_text(work)}"


def tally(data):
    """How the comparisons of plain preempt with coop went."""
    counts = {"coop": 0, "preempt": 0, "neither": 0}
    for _, winner in comparisons(data):
        counts[winner] += 1
    return counts


def won(data, policy):
    """Where a policy was faster: workloads with placements."""
    places = {}
    for row, winner in comparisons(data):
        if winner == policy:
            places.setdefault(row.workload, {})[PLACES[row.placement]] = True
    return ", ".join(f"{workload} ({' and '.join(found)})"
                     for workload, found in places.items())


def why_better(data):
    counts = tally(data)
    total = sum(counts.values())
    if total == 0:
        return "Which is better cannot be said from this run."
    words = {p: r for p, r in words_ratios(data).items() if r.resolved}
    ordinary = ""
    if words:
        parts = [f"{ratio_text(r)} on {PLACES[p]}" if p != "free" else
                 f"{ratio_text(r)} left free" for p, r in words.items()]
        ordinary = ("; in an ordinary program (words) preempt's time as a "
                    f"multiple of coop's is {', '.join(parts)}")
    return (f"Of {total} comparisons of the plain arms coop was faster in "
            f"{counts['coop']}, preempt in {counts['preempt']}, and no "
            f"difference was shown in {counts['neither']}{ordinary}: "
            f"{moral(data, counts)}")


def moral(data, counts):
    if counts["coop"] and counts["preempt"]:
        return (f"so neither is better as such; coop won in "
                f"{won(data, 'coop')}, and preempt in "
                f"{won(data, 'preempt')}.")
    if counts["coop"]:
        return "so on this machine nothing measured here favours preempt."
    if counts["preempt"]:
        return "so on this machine nothing measured here favours coop."
    return "so on this machine the choice does not show in running time."


# --- which one should I use --------------------------------------------------

def advice(data, verdicts):
    """[(situation, use, because, claim)] for the table."""
    known = {claim.workload: (claim, verdict) for claim, verdict in verdicts}
    lines = []
    for workload, rows in (("lockstep", lock_step_advice),
                           ("bounded", buffer_advice),
                           ("crossover", core_advice),
                           ("words", words_advice),
                           ("delegate", recursion_advice)):
        if workload in known:
            claim, verdict = known[workload]
            for situation, use, because in rows(data, verdict):
                lines.append((situation, use, f"{because} (claim: "
                              f"{verdict.word})", claim))
    return lines


UNDECIDED = "not resolved: measure your case"


def preferred(ratio):
    """What a ratio of preempt to coop speaks for."""
    if ratio.equal:
        return "either"
    if ratio.no_difference:
        return UNDECIDED
    return "coop" if ratio.above else "preempt"


def least(data, rows):
    """The row of the least cost that is known, or None, and the rows whose
    cost is lost in the noise and may be less."""
    told = [row for row in rows if data.cost(row).resolved]
    best = min(told, key=lambda row: data.cost(row).median, default=None)
    rivals = [row for row in rows
              if data.cost(row).blocks and not data.cost(row).resolved
              and not (best and data.cost(row).median
                       >= data.cost(best).median)]
    return best, rivals


def lost_text(data, best, rivals, unit):
    """Why nobody can be named as the cheapest."""
    text = f"{', '.join(map(named, rivals))}: lost in the noise"
    if best is None:
        return text
    return (f"{text}, and may cost less than {named(best)} with "
            f"{cost_text(data.cost(best))} ns a {unit}")


def lock_step_advice(data, verdict):
    facts = verdict.facts
    if "least" not in facts:
        return
    use = "coop" if facts["always_dearer"] else "measure your case"
    yield ("a value at a time, each one waited for (generators, iterators)",
           use, f"preempt's step takes {number(facts['least'].value, 2)} to "
           f"{number(facts['most'].value, 2)} times as long")
    for placement in ("one", "two"):
        found = [row for row in data.main("lockstep")
                 if row.policy == "preempt" and row.placement == placement]
        if len(found) > 1:
            yield (f"the same, but it has to be threads, on "
                   f"{PLACES[placement]}", *way_to_wait(data, found))


def way_to_wait(data, rows):
    """(use, because) of the preemptive arms at a placement."""
    best, rivals = least(data, rows)
    if rivals or best is None:
        return UNDECIDED, lost_text(data, best, rivals or rows, "step")
    return (f"{best.arm} (wait: {best.wait})",
            f"{cost_text(data.cost(best))} ns a step, the least of "
            f"{len(rows)} ways to wait")


def buffer_advice(data, verdict):
    points = throughput_points(data)
    for placement in ("one", "two"):
        both = ends(points, placement)
        if both:
            for (capacity, ratio), word in zip(both, ("tight", "deep")):
                yield (f"a stream of values with next to no work on each, a "
                       f"{word} buffer ({capacity:,}), {PLACES[placement]}",
                       preferred(ratio), f"preempt / coop "
                       f"{ratio_text(ratio)}")


def core_advice(data, verdict):
    for share, found in verdict.facts.get("crossings", {}).items():
        text = share_text(share)
        gain = greatest(data, share, ", speed-up ")
        # Ahead of the sequential program, and known to be from some work on.
        threads = "preempt" if gain and not found.open_high else UNDECIDED
        if found.kind == "crosses":
            yield (f"work on every item, {text}, less than about "
                   f"{number(found.value, 1)} ns of it",
                   UNDECIDED if found.open_low else "plain calls, or coop",
                   f"the crossing {crossing_text(found)}")
            yield (f"work on every item, {text}, more than that, and a core "
                   "to spare", threads,
                   f"the crossing {crossing_text(found)}{gain}")
        elif found.kind == "always":
            yield (f"work on every item, {text}, and a core to spare",
                   threads, f"the crossing {crossing_text(found)}{gain}")
        elif found.kind == "never":
            yield (f"work on every item, {text}, even with a core to spare",
                   "plain calls, or coop",
                   f"the crossing {crossing_text(found)}")


def words_advice(data, verdict):
    for placement, ratio in words_ratios(data).items():
        if not ratio.resolved:
            continue
        yield (f"a program like the word counter, {PLACES[placement]}",
               preferred(ratio), f"preempt / coop {ratio_text(ratio)}")


def recursion_advice(data, verdict):
    """The cheapest back end at the greatest depth, and the cheapest way to
    do it with threads, where that can be told."""
    growths = list(verdict.facts.get("growths", {}).values())
    threads = [g for g in growths if g.rows[0].policy == "preempt"]
    for found, case in ((growths, "a recursive producer that hands its "
                                  "values up with `yield*`"),
                        (threads, "the same, but it has to be threads")):
        if found:
            deepest = max(growth.values[-1] for growth in found)
            yield (f"{case}, {deepest:,} levels deep",
                   *back_end(data, [growth for growth in found
                                    if growth.values[-1] == deepest]))


def back_end(data, growths):
    """(use, because) of the back ends at the greatest depth."""
    rows = {growth.rows[-1]: growth for growth in growths}
    best, rivals = least(data, rows)
    if rivals or best is None:
        return UNDECIDED, lost_text(data, best, rivals or rows, "value")
    because = (f"{cost_text(data.cost(best))} ns a value, the least of "
               f"{len(rows)} measured")
    whole, depth = rows[best].whole, rows[best].values[0]
    if whole.resolved:
        because += f", and {ratio_text(whole)} times that at {depth:,} levels"
    return named(best), because
