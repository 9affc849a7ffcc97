# SPDX-License-Identifier: MIT
"""The claims under test, and the verdict that the numbers give on each."""

from dataclasses import dataclass, field

import stats
from units import ns_text, number, ratio_text

SUPPORTED = "supported"
REFUTED = "refuted"
CONDITIONAL = "conditional"
UNRESOLVED = "not resolved here"

PLACES = {"one": "one core", "two": "two cores", "free": "free placement"}
CONSTANT_SPREAD = 10    # a "constant" may move by this factor
NEAR = 2                # a ratio up to this is no win on throughput


@dataclass(frozen=True)
class Verdict:
    """One of the four words, what it depends on, and the reasons."""
    word: str
    condition: str = ""
    reasons: tuple = ()
    facts: dict = field(default_factory=dict, compare=False)

    @property
    def text(self):
        if self.condition:
            return f"**{self.word}** {self.condition}"
        return f"**{self.word}**"


@dataclass(frozen=True)
class Claim:
    number: int
    workload: str
    title: str
    text: str
    scope: str
    refutation: str
    judge: object       # Dataset -> Verdict

    @property
    def anchor(self):
        return f"claim-{self.number}"


def judged(data, claim):
    """The verdict on a claim; none without blocks enough to rest it on."""
    verdict = claim.judge(data)
    if data.judged or verdict.word == UNRESOLVED:
        return verdict
    why = ("every block was disturbed" if data.disturbed else
           f"accepted blocks: {len(data.blocks)}")
    return Verdict(UNRESOLVED, f"({why}; the numbers lean to: "
                   f"{verdict.word})", verdict.reasons, verdict.facts)


def named(row):
    """An arm and its placement in words."""
    return f"{row.arm} on {PLACES[row.placement]}" \
        if row.placement != "free" else f"{row.arm}, free"


# --- claim 1 -----------------------------------------------------------------

def step_ratios(data):
    """The steps of every preemptive arm against plain coop, by rising ratio,
    and the rows whose ratio is lost in the noise."""
    pairs = [(data.ratio(row, data.base(row, "coop")), row)
             for row in data.main("lockstep") if row.policy == "preempt"]
    return (sorted(((r, row) for r, row in pairs if r.resolved),
                   key=lambda pair: pair[0].value),
            [row for r, row in pairs if not r.resolved])


def judge_lockstep(data):
    found, lost = step_ratios(data)
    if not found:
        return Verdict(UNRESOLVED, "(no ratio of steps stood out of the "
                       "noise)")
    (least, least_row), (most, most_row) = found[0], found[-1]
    lows = [r.low for r, _ in found]
    highs = [r.high for r, _ in found]
    range_text = (f"A step of preempt cost between {number(least.value, 2)} "
                  f"({named(least_row)}) and {number(most.value, 2)} times "
                  f"({named(most_row)}) what a step of coop cost.")
    facts = {"least": least, "most": most, "least_row": least_row,
             "most_row": most_row,
             "always_dearer": all(r.above for r, _ in found)}
    direction = ("Coop's step was the cheaper one in every resolved row."
                 if facts["always_dearer"] else
                 "Coop's step was not the cheaper one in every row.")
    reasons = (range_text, direction)
    if lost:
        reasons += ("Lost in the noise: "
                    f"{', '.join(named(row) for row in lost)}.",)
    if max(lows) / min(highs) > CONSTANT_SPREAD:
        return Verdict(REFUTED, "as a constant: the factor moves with "
                       "placement and wait strategy", reasons, facts)
    if min(lows) >= 10 and max(highs) <= 1000:
        return Verdict(SUPPORTED, "", reasons, facts)
    if facts["always_dearer"]:
        return Verdict(CONDITIONAL, "on placement and wait strategy: dearer "
                       "everywhere, but not always by 10 to 1000 times",
                       reasons, facts)
    if any(r.below or r.no_difference for r, _ in found):
        return Verdict(REFUTED, "in its direction", reasons, facts)
    return Verdict(UNRESOLVED, "", reasons, facts)


# --- claim 2 -----------------------------------------------------------------

def throughput_points(data, strongest=False):
    """{(placement, capacity): ratio} of preempt to coop in `bounded`, of the
    plain arms or of the cheapest arm on each side."""
    points = {}
    rows = [row for row in data.main("bounded") if row.policy == "preempt"
            and row.placement in ("one", "two")]
    for row in rows:
        key = row.placement, row.param("capacity")
        if strongest:
            top = cheapest(data, "preempt", key)
            points[key] = data.ratio(top, cheapest(data, "coop",
                                                   ("one", key[1])))
        elif row.arm == "preempt":
            points[key] = data.ratio(row, data.base(row, "coop"))
    return points


def cheapest(data, policy, key):
    """The cheapest arm of a policy at a placement and a capacity."""
    rows = [row for row in data.main("bounded")
            if row.policy == policy and data.cost(row).resolved
            and (row.placement, row.param("capacity")) == key]
    return min(rows, key=lambda row: data.cost(row).median, default=None)


def classify_throughput(ratio):
    """wins: coop costs less than half; near: at most twice, or preempt is
    the cheaper one; unclear: the interval does not decide."""
    if not ratio.resolved:
        return "unclear"
    if ratio.low > NEAR:
        return "wins"
    return "near" if ratio.high <= NEAR else "unclear"


def where(points, kind):
    """The points of one class in words, by placement."""
    parts = []
    for place in ("one", "two"):
        found = sorted(c for (p, c), r in points.items()
                       if p == place and classify_throughput(r) == kind)
        if found:
            parts.append(f"{PLACES[place]}, capacity "
                         f"{', '.join(map(str, found))}")
    return "; ".join(parts)


def throughput_word(points):
    kinds = {classify_throughput(ratio) for ratio in points.values()}
    if not points or kinds == {"unclear"}:
        return UNRESOLVED
    if "wins" in kinds and "near" in kinds:
        return CONDITIONAL
    if "unclear" in kinds:
        return UNRESOLVED
    return SUPPORTED if kinds == {"wins"} else REFUTED


def judge_bounded(data):
    points = throughput_points(data)
    word = throughput_word(points)
    reasons = []
    for kind, text in (
            ("wins", "Coop cost less than half as much per item at: {}."),
            ("near", "Preempt cost at most twice as much as coop, or less, "
                     "at: {}."),
            ("unclear", "The interval does not decide at: {}.")):
        places = where(points, kind)
        if places:
            reasons.append(text.format(places))
    ahead = [key for key, ratio in points.items() if ratio.below]
    if ahead:
        reasons.append("Preempt was the cheaper one at: " + "; ".join(
            f"{PLACES[p]}, capacity {c}" for p, c in sorted(ahead)) + ".")
    rival = throughput_points(data, strongest=True)
    rival_word = throughput_word(rival)
    if rival:
        same = "gives the same verdict" if rival_word == word else \
            f"gives another verdict: {rival_word}"
        reasons.append("Taking the cheapest arm on each side instead of the "
                       f"plain ones {same}.")
    condition = {CONDITIONAL: "on capacity and placement",
                 REFUTED: "at every capacity and placement measured",
                 SUPPORTED: "at every capacity and placement measured",
                 UNRESOLVED: ""}[word]
    return Verdict(word, condition, tuple(reasons), {"points": points,
                                                     "strongest": rival})


# --- claim 3 -----------------------------------------------------------------

def work_points(data, arm, placement, share):
    """[(seq row, arm row)] by rising nominal work, where both exist."""
    pairs = []
    for row in data.main("crossover"):
        if (row.arm, row.placement) == (arm, placement) \
                and row.param("share") == share:
            base = data.find("crossover", "seq", "one", row.params)
            if base:
                pairs.append((base, row))
    return sorted(pairs, key=lambda pair: pair[1].param("work"))


def shares(data):
    """The producer's shares measured, the balanced one first."""
    return sorted({row.param("share") for row in data.main("crossover")},
                  key=lambda share: abs(share - 50))


def share_text(share):
    return "balanced" if share == 50 else \
        f"{share / 10:g}:{(100 - share) / 10:g}"


def crossing(data, arm, share, placement="two"):
    """Where an arm overtakes the sequential one."""
    pairs = work_points(data, arm, placement, share)
    if not pairs:
        return stats.Crossing("unknown")
    return stats.crossing([data.slopes(base) for base, _ in pairs],
                          [data.slopes(row) for _, row in pairs])


def crossing_text(found):
    """A crossing in words, for the middle of a sentence."""
    if found.kind == "unknown":
        return "could not be told from the noise"
    if found.kind == "always":
        return "lies below the least work measured"
    if found.kind == "never":
        return "was not reached"
    low = "the least work measured" if found.open_low else ns_text(found.low)
    high = "beyond the greatest work measured" if found.open_high else \
        ns_text(found.high)
    return f"lies at {ns_text(found.value)} of work per item [{low}–{high}]"


def speedups(data, arm, placement, share):
    """[(ratio, work)] of the speed-up over sequential, by rising work."""
    found = [(data.ratio(base, row), data.cost(base).median)
             for base, row in work_points(data, arm, placement, share)]
    return [pair for pair in found if pair[0].resolved]


def judge_crossover(data):
    balance = shares(data)
    found = {s: crossing(data, "preempt", s) for s in balance
             if work_points(data, "preempt", "two", s)}
    if not found:
        return Verdict(UNRESOLVED, "(no rows on two cores)")
    reasons = []
    for share, one in found.items():
        reasons.append(f"{share_text(share).capitalize()}: the point where "
                       f"preempt on two cores overtakes the sequential arm "
                       f"{crossing_text(one)}.")
    coop = [pair for s in balance for pair in speedups(data, "coop", "one",
                                                       s)]
    gains = [pair for pair in coop if pair[0].above]
    if gains:
        reasons.append(f"Coop itself came out ahead of sequential in "
                       f"{len(gains)} of {len(coop)} rows, which no second "
                       "core explains: it ran on one.")
    elif coop:
        reasons.append("Coop came out ahead of sequential nowhere.")
    facts = {"crossings": found, "coop_gains": bool(gains)}
    kinds = {one.kind for one in found.values()}
    if kinds == {"unknown"}:
        return Verdict(UNRESOLVED, "", tuple(reasons), facts)
    if kinds == {"always"}:
        return Verdict(SUPPORTED, "at every amount of work measured",
                       tuple(reasons), facts)
    if kinds <= {"never", "unknown"}:
        return Verdict(REFUTED, "as a disadvantage: the second core bought "
                       "nothing at any amount of work measured",
                       tuple(reasons), facts)
    return Verdict(CONDITIONAL, "on the work per item" +
                   (" and on its balance" if len(kinds) > 1 else ""),
                   tuple(reasons), facts)


# --- claim 4 -----------------------------------------------------------------

def words_ratios(data):
    """{placement: ratio} of preempt to coop at the reference capacity."""
    return {row.placement: data.ratio(row, data.base(row, "coop"))
            for row in reference_rows(data, "words") if row.arm == "preempt"}


def reference_rows(data, workload):
    """The rows at the workload's reference point."""
    # Imported here because the plan is about measuring, not about claims.
    from plan import PLANS, WorkloadPlan
    point = PLANS.get(workload, WorkloadPlan(reference={})).reference
    return [row for row in data.main(workload)
            if all(point.get(k, v) == v for k, v in row.params.items())]


def ratio_words(ratio):
    """A ratio as the end of a sentence."""
    if not ratio.resolved:
        return "lost in the noise"
    if ratio.no_difference:
        return f"no difference shown ({ratio_text(ratio)})"
    if ratio.above:
        return f"{ratio_text(ratio)} times the time"
    return f"{ratio_text(ratio)} of the time"


def judge_words(data):
    ratios = words_ratios(data)
    found = {place: r for place, r in ratios.items() if r.resolved}
    if not found:
        return Verdict(UNRESOLVED, "(no ratio stood out of the noise)")
    reasons = tuple(f"Preempt against coop, {PLACES[place]}: "
                    f"{ratio_words(ratio)}."
                    for place, ratio in ratios.items())
    facts = {"ratios": found}
    if len(found) < len(ratios):
        places = ", ".join(PLACES[p] for p in ratios if p not in found)
        return Verdict(UNRESOLVED, f"as a whole (lost in the noise on "
                       f"{places})", reasons, facts)
    same = [place for place, r in found.items() if r.no_difference]
    if len(same) == len(found):
        if all(r.equal for r in found.values()):
            return Verdict(REFUTED, "at every placement measured", reasons,
                           facts)
        # Nothing shown by a wide interval is not the same as nothing there.
        return Verdict(UNRESOLVED, "(the intervals are too wide)", reasons,
                       facts)
    if same:
        places = ", ".join(PLACES[place] for place in same)
        return Verdict(CONDITIONAL, f"on placement: no difference shown on "
                       f"{places}", reasons, facts)
    signs = {r.above for r in found.values()}
    if len(signs) > 1:
        return Verdict(SUPPORTED, "and its sign depends on placement",
                       reasons, facts)
    return Verdict(SUPPORTED, "at every placement measured", reasons, facts)


CLAIMS = [
    Claim(1, "lockstep", "The cost of a switch",
          "A switch is 10 to 1000 times cheaper in user space.",
          "a generator with an empty body, one value a step, lock-step: two "
          "hand-offs a step",
          "as a constant: the factor moves by more than 10 times with "
          "placement or wait strategy", judge_lockstep),
    Claim(2, "bounded", "Throughput through a buffer",
          "So coop wins on throughput.",
          "one producer, one bounded channel, one consumer, no work on the "
          "items; coop against preempt at the same capacity",
          "the ratio of preempt to coop falls to 2 or less as the capacity "
          "grows", judge_bounded),
    Claim(3, "crossover", "The second core",
          "Coop cannot use a second core.",
          "as claim 2 with work on every item, split between producer and "
          "consumer; against the sequential program",
          "as a disadvantage: preempt on two cores stays behind the "
          "sequential program until the work exceeds the hand-off",
          judge_crossover),
    Claim(4, "words", "An ordinary program",
          "In an ordinary program the choice between the two matters.",
          "lines of real text are read, split into words and counted, in "
          "stages joined by channels",
          "the interval of preempt / coop lies within 10 % of 1 at every "
          "placement",
          judge_words),
]

# What the kit sets out to test beside these, by workload.
OTHER_CLAIMS = [
    ("pipeline", "stages cost switches, not work"),
    ("treewalk", "stackful code yields from any depth for free"),
    ("park", "10 million tasks against 10 thousand threads"),
    ("churn", "creation is 50 to 100 times cheaper; cancelling is easy in "
              "one and unsafe in the other"),
    ("hog", "one task that does not yield blocks everyone; a budget fixes it"),
    ("fanin", "preemption is fair for free"),
    ("transfer", "no data races between yields"),
    ("replay", "cooperative programs are reproducible; lost wake-ups are a "
               "disease of threads"),
    ("blocking", "a blocking call stalls all"),
    ("pipes", "input and output wipe out the switch advantage"),
    ("server", "tail latencies favour preemption"),
    ("ring", "switching pollutes caches"),
    ("published", "workloads published elsewhere, at their published sizes"),
]
