# SPDX-License-Identifier: MIT
"""RESULTS.md, words included, from the raw results."""

import math

import advice
import claims
import figures
import method
import predictions as foresight
import stats
import tables
from claims import PLACES
from dataset import CELLS, LEAST_BLOCKS, Dataset
from units import counted, number, plain, plural, ratio_text

MODE_WORDS = {
    "smoke": "a smoke run: it shows that everything works, and no more",
    "quick": "a quick run: few blocks and the middle of each sweep",
    "full": "a full run: every sweep",
}


def write(raw, predicted, target, folder):
    """The text of RESULTS.md; the figures are drawn into the folder."""
    data = Dataset(raw)
    drawn = figures.draw_all(data, folder / "figures")
    verdicts = [(claim, claims.judged(data, claim))
                for claim in claims.CLAIMS
                if claim.workload in data.workloads()]
    outcomes = foresight.outcomes(data, predicted)
    parts = [
        header(data), warnings(data),
        answer(data, verdicts), verdict_table(verdicts),
        figure_section(drawn, target),
        *(claim_section(data, claim, verdict, outcomes)
          for claim, verdict in verdicts),
        other_workloads(data), micro_section(data), advice_section(
            data, verdicts),
        method.threats(data), method.how(data, drawn, target),
        prediction_section(predicted, outcomes), unmeasured(data),
        method.environment(data), method.again(data), method.commands(data),
        method.raw_section(data, target)]
    return "\n".join(part for part in parts if part)


# --- opening -----------------------------------------------------------------

def header(data):
    seen = data.environment
    spent = data.raw["spent"]
    blocks = len(data.raw["blocks"])
    failed = counted(failure_count(data), "failed run")
    return f"""# Cooperative and preemptive scheduling, measured

*Preemptive and cooperative: are these the ways to implement multithreading
(task control), competing against cooperating? Why better?*

This report is generated: the numbers, the verdicts and the sentences that
state them come from the raw data beside it, by `bench/run`. It comes from
{MODE_WORDS[data.raw["mode"]]}, on {seen["date"]}, {source(seen)}:
{len(data.main())} rows, {blocks} interleaved blocks of which
{blocks - len(data.rejected)} accepted, {failed}, {spent["seconds"]:.0f} s of \
measuring.
Every number holds for the machine, kernel and C library named under
[Environment](#environment), and for nothing else.
"""


def source(seen):
    """Which sources were measured."""
    if " " in seen["commit"]:
        return f"sources: {seen['commit']}"
    return f"commit {seen['commit']}"


def failure_count(data):
    return sum(data.failures().values())


def warnings(data):
    """What a reader must know before any number."""
    found = []
    if data.disturbed:
        found.append("Every block was disturbed by the rule fixed beforehand "
                     "(see [How it was measured](#how-it-was-measured)). The "
                     "numbers are shown, and no verdict rests on them.")
    elif not data.judged:
        found.append(f"Accepted blocks: {len(data.blocks)}. Below "
                     f"{LEAST_BLOCKS} no verdict is given.")
    for row, twin, ratio in data.controls():
        if not ratio.resolved:
            found.append(f"The A/A control of {twin.id} "
                         f"({claims.named(twin)}) could not be resolved.")
        elif data.judged and not ratio.low <= 1 <= ratio.high:
            found.append(
                f"The A/A control of {twin.id} ({claims.named(twin)}) came "
                f"out as {ratio_text(ratio)}: two identical rows differ, so "
                f"differences of that size mean nothing here.")
    measured = data.workloads()
    left = [c.workload for c in claims.CLAIMS if c.workload not in measured]
    if left:
        found.append(f"Only these workloads were measured: "
                     f"{', '.join(measured)}. The report leaves out the "
                     f"claims that rest on {', '.join(left)}.")
    if data.raw.get("cut_short"):
        found.append(f"Time ran out in block {data.raw['cut_short']}: it is "
                     "not used.")
    if failure_count(data):
        found.append(f"{counted(failure_count(data), 'run')} failed; see "
                     "[Failures](#failures).")
    return "".join(f"> **Note.** {text}\n>\n" for text in found)\
        .removesuffix(">\n")


def answer(data, verdicts):
    sentences = advice.answer(data, verdicts)
    text = "\n".join(f"{i}. {s}" for i, s in enumerate(sentences, 1))
    hedge = "" if data.judged else (
        "No verdict rests on this run: these sentences say what its numbers "
        "lean to.\n\n")
    return f"\n## The answer\n\n{hedge}{text}\n"


def verdict_table(verdicts):
    lines = [[claim.number, f"[{claim.text}](#{claim.anchor})", claim.scope,
              claim.refutation, verdict.text] for claim, verdict in verdicts]
    return ("## Claims and verdicts\n\n"
            "A verdict is one of: supported, refuted, conditional (on what), "
            f"not resolved here. It needs at least {LEAST_BLOCKS} accepted "
            "blocks.\n\n"
            + tables.table([">", "claim", "scope", "what would refute it",
                            "verdict"], lines))


def figure_section(drawn, target):
    parts = ["## Figures\n"]
    for name in ("ratios", "capacity", "work", "depth", "cells"):
        one = drawn[name]
        if one:
            parts.append(figures.markdown(one, target))
        else:
            parts.append(MISSING_FIGURES[name] + "\n")
    return "\n".join(parts)


MISSING_FIGURES = {
    "ratios": "There is no figure of ratios: no row of preempt has a "
              "counterpart in coop.",
    "capacity": "There is no figure of cost against capacity: the capacity "
                "was not swept in this run.",
    "work": "There is no figure of speed-up against work: the workload "
            "crossover was not measured in this run.",
    "depth": "There is no figure of cost against the depth of delegation: the "
             "depth was not swept in this run.",
    "cells": "There is no figure of the policy and mechanism cells: this run "
             "has no rows in some of the four.",
}


# --- a section per claim -----------------------------------------------------

def claim_section(data, claim, verdict, outcomes):
    reasons = "\n".join(f"- {text}" for text in verdict.reasons)
    return f"""<a id="{claim.anchor}"></a>

## Claim {claim.number}: {claim.title}

*“{claim.text}”* Scope: {claim.scope}. It would be refuted
{"" if claim.refutation.startswith("as ") else "if "}{claim.refutation}.

**Predictions.** {claim_predictions(claim, outcomes)}

**Data.** {data_note(data, claim.workload)}

{data_tables(data, claim.workload)}
{means(data, claim.workload)}
**Verdict:** {verdict.text}.

{reasons}

**Caveat.** {caveat(data, claim)}
"""


def data_tables(data, workload):
    """The rows of a workload; behind a summary when a parameter varies."""
    rows = data.main(workload)
    full = tables.full_table(data, workload)
    if not tables.swept(rows):
        return full
    pivot = tables.pivot(data, workload, speedup=workload == "crossover")
    return pivot + "\n" + tables.folded(f"All {len(rows)} rows", full)


def claim_predictions(claim, outcomes):
    parts = []
    for one in outcomes:
        if one.prediction["claim"] == claim.number:
            parts.append(f"{one.prediction['id']} {outcome_word(one)}")
    return (", ".join(parts) + "; see [Predictions](#predictions).") \
        if parts else "None was written."


def outcome_word(one):
    if one.value is None:
        return "not resolved" if one.is_lost else "not measured"
    return "hit" if one.hit else "missed"


def data_note(data, workload):
    unit = data.main(workload)[0].unit
    text = (f"Time per {unit} is the slope of whole-process time over the "
            f"number of {plural(unit)}, median over blocks; ratios carry 95 % "
            "bootstrap intervals over blocks. Seq and coop run on one core "
            "by nature, so their one-core rows are what preempt's rows are "
            "compared with on any placement.")
    fixed = fixed_parameters(data, workload)
    return text + (f" Fixed here: {fixed}." if fixed else "")


def fixed_parameters(data, workload):
    rows = data.main(workload)
    names = {name for row in rows for name in row.params}
    fixed = sorted(names - set(tables.swept(rows)))
    parts = []
    for name in fixed:
        value = next(r.params[name] for r in rows if name in r.params)
        parts.append(f"{name} {value:,}")
    return ", ".join(parts)


def means(data, workload):
    """Geometric means of ratios, beside the full list above them."""
    parts = []
    for place, words in PLACES.items():
        ratios = [data.ratio(row, data.base(row, "coop"))
                  for row in data.main(workload)
                  if row.arm == "preempt" and row.placement == place]
        values = [r.value for r in ratios if r.resolved]
        if len(values) > 1:
            parts.append(f"{number(stats.geometric_mean(values), 2)} on "
                         f"{words} ({len(values)} rows)")
    if not parts:
        return ""
    return ("Geometric mean of preempt / coop over the rows above: "
            f"{'; '.join(parts)}. It depends on which rows there are.\n")


def caveat(data, claim):
    parts = [FIXED_CAVEATS.get(claim.workload, "")]
    rows = data.main(claim.workload)
    costs = {row.id: data.cost(row) for row in rows}
    for text, found in (
            ("One straight line does not fit well (r² below 0.95)",
             [i for i, c in costs.items() if c.r2 < 0.95]),
            ("The cost differs by more than twice between blocks",
             [i for i, c in costs.items() if c.resolved
              and c.maximum > 2 * c.minimum]),
            ("The cost could not be told from the noise",
             [i for i, c in costs.items() if not c.resolved])):
        if found:
            parts.append(f"{text} in {listed(found, len(rows))}.")
    return " ".join(part for part in parts if part)


def listed(ids, total):
    """Some of the rows by name, or many of them by their number."""
    if len(ids) > 8:
        return f"{len(ids)} of {total} rows (see the table)"
    return ", ".join(ids)


FIXED_CAVEATS = {
    "lockstep": "A step is two hand-offs and a call through the iterator "
                "interface, not a bare switch; on a virtual machine a large "
                "part of a two-core step can be the waking of an idle "
                "virtual CPU.",
    "bounded": "Nothing is done with the items, which flatters whoever "
               "switches least; run-ahead rows are compared with run-ahead "
               "rows and batched with batched.",
    "crossover": "The work is a chain of multiplications that touches no "
                 "memory; work that shares caches or memory bandwidth will "
                 "gain less.",
    "words": "One program and one kind of text, held in the page cache: an "
             "example, not a proof.",
    "delegate": "All generators of the chain are of one back end, and "
                "nobody steps an inner one from the side: delegation to "
                "another kind of iterator is not measured here. Making the "
                "chain and ending it are not part of the cost of a value, "
                "because they do not grow with the values.",
    "sieve": "What a joint adds is a difference of two costs and has the "
             "noise of both. The chain has more generators than there are "
             "cores, the pair of lockstep has not, and the making of the "
             "chain is part of each sieve.",
}


def other_workloads(data):
    """Workloads without a claim of this report: their rows all the same."""
    known = {claim.workload for claim in claims.CLAIMS}
    parts = []
    for workload in data.workloads():
        if workload not in known:
            parts.append(f"### {workload}\n\n{origin(workload)}"
                         f"{data_note(data, workload)}\n\n"
                         f"{data_tables(data, workload)}")
    return "## Other workloads\n\n" + "\n".join(parts) if parts else ""


def origin(workload):
    """Where a workload was taken from, if it was."""
    if workload not in claims.PUBLISHED:
        return ""
    return f"**Published elsewhere:** {claims.PUBLISHED[workload]}.\n\n"


# --- micro, advice, threats --------------------------------------------------

GROUP_WORDS = {
    "switch": "One-way context switch", "next": "next() of a generator",
    "walk": "Recursive generators and delegation",
    "cancel": "From a request to end to the clean-up",
    "create": "Create, run, destroy", "handoff": "Hand-off between threads",
    "channel": "Channels, per item", "pool": "Jobs for a pool of workers",
    "memory": "Memory per suspended task",
    "clock": "The clock",
}


def micro_section(data):
    groups = tables.micro_groups(data)
    if not groups:
        return ("## Micro figures and peers\n\nThere are none: "
                "`schedkit micro` gave no figures in this run.\n")
    text = ("## Micro figures and peers\n\n"
            "Measured inside one process by `schedkit micro`, once, apart "
            "from the blocks: they have quartiles but no interval over "
            "blocks, and inside a group an order that the quartiles do not "
            "separate is not a result. A peer is a library or a kernel "
            "facility that is not part of the kit, run beside it.\n\n")
    return text + "\n".join(
        f"### {GROUP_WORDS.get(group, group)}\n\n{body}"
        + tail_text(data, group) for group, body in groups.items())


def tail_text(data, group):
    """The 99th percentiles, of the figures whose samples carry them."""
    lines = [[one["figure"], PLACES.get(one["placement"], one["placement"]),
              one["name"], number(one["p99"]), number(one["max"]),
              one["unit"], one["samples"]]
             for one in data.raw["micro"]
             if one.get("group") == group and "p99" in one]
    if not lines:
        return ""
    return ("\nEach sample is one event here, so the tail can be read:\n\n"
            + tables.table(["figure", "placement", "what", ">p99", ">maximum",
                            "unit", ">samples"], lines))


def advice_section(data, verdicts):
    lines = [[situation, f"**{use}**", because,
              f"[claim {claim.number}](#{claim.anchor})"]
             for situation, use, because, claim
             in advice.advice(data, verdicts)]
    text = "## Which one should I use\n\n"
    if lines and not data.judged:
        text += ("No verdict rests on this run: the table says what its "
                 "numbers lean to.\n\n")
    if not lines:
        return text + "This run has no resolved ratio to advise from.\n"
    return (text + tables.table(["your case", "use", "because", "from"],
                                lines)
            + "\nAll of it is about running time. Latency, blocking calls "
            "and data races are reasons to choose, too, and are not measured "
            "here.\n")


# --- predictions, gaps -------------------------------------------------------

def prediction_section(predicted, outcomes):
    tested = [one for one in outcomes if one.value is not None]
    missed = [one for one in tested if not one.hit]
    lines = [[one.prediction["id"], one.prediction["what"],
              predicted_range(one.prediction), measured_text(one),
              outcome_word(one) if one.hit or one.value is None
              else "**missed**", one.prediction["why"]] for one in outcomes]
    names = ", ".join(one.prediction["id"] for one in missed) or "none"
    return (f"## Predictions\n\n{predicted['basis']} "
            f"Of {len(outcomes)} predictions {len(tested)} could be tested "
            f"in this run, {len(tested) - len(missed)} hit and {len(missed)} "
            f"missed (missed: {names}).\n\n"
            + tables.table(["", "what", ">predicted", ">measured", "outcome",
                            "why we thought so"], lines))


def predicted_range(one):
    return (f"{plain(one['low'])} to {plain(one['high'])} "
            f"{one['unit']}")


def measured_text(one):
    if one.value is None:
        return "–"
    if math.isinf(one.value):
        return "not reached"
    low, high = (number(v, 2) if math.isfinite(v) else "not reached"
                 for v in (one.low, one.high))
    return f"{number(one.value, 2)} [{low}–{high}]"


def unmeasured(data):
    cells = [f"{p} on {m}" for p, m in CELLS if (p, m) not in data.cells()]
    have = set(data.workloads())
    lines = [f"- Claim of `{name}`: *{text}*." for name, text
             in claims.OTHER_CLAIMS if name not in have]
    lines += [f"- Claim {c.number} (`{c.workload}`): *{c.text}*"
              for c in claims.CLAIMS if c.workload not in have]
    first = ""
    if cells:
        first = (f"- The cells {' and '.join(cells)}: without them a "
                 "difference between coop and preempt cannot be put down to "
                 "the policy or to the mechanism alone.\n")
    return ("## Not measured here\n\n" + first + "\n".join(lines)
            + "\n- Latency under load.\n")
