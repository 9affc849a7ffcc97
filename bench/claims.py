# SPDX-License-Identifier: MIT
"""The claims under test, and the verdict that the numbers give on each."""

import math
from dataclasses import dataclass, field

import stats
from units import cost_text, ns_text, number, ratio_text

SUPPORTED = "supported"
REFUTED = "refuted"
CONDITIONAL = "conditional"
UNRESOLVED = "not resolved here"

PLACES = {"one": "one core", "two": "two cores", "free": "free placement"}
CONSTANT_SPREAD = 10    # a "constant" may move by this factor
NEAR = 2                # a ratio up to this is no win on throughput
FLAT = 2                # a cost that rises by less than this does not rise
STEEP = 0.5             # rising more slowly than the square root is no O(n)
AS_A_SWITCH = 2         # what a stage adds is a switch within this factor

# One arm of each back end of a generator.
GENERATORS = ("coop", "coop-stackless", "preempt")


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
    from plan import plan_of
    point = plan_of(workload).reference
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


# --- claim 5 -----------------------------------------------------------------

@dataclass(frozen=True)
class Growth:
    """How the cost of an arm changes along a sweep. `stretch` is the part
    before the greatest value, where what does not grow weighs least."""
    rows: tuple             # by rising value of the parameter
    values: tuple
    whole: stats.Ratio      # cost at the greatest value / at the least
    stretch: stats.Ratio    # cost at the greatest value / at the one before

    @property
    def kind(self):
        """flat, grows, slow (it rises, but not in proportion), unclear."""
        if not self.whole.resolved:
            return "unclear"
        if self.whole.high < FLAT:
            return "flat"
        if self.whole.low < FLAT or not self.stretch.resolved:
            return "unclear"
        if self.power(self.stretch.low) > STEEP:
            return "grows"
        return "slow" if self.power(self.stretch.high) < STEEP else "unclear"

    def power(self, ratio):
        """The exponent p of a cost that goes with value^p in the stretch."""
        before, last = (max(value, 1) for value in self.values[-2:])
        return math.log(ratio) / math.log(last / before)


def sweep_lines(data, workload, name):
    """{(arm, placement): rows} by rising value of a parameter."""
    lines = {}
    for row in data.main(workload):
        if row.arm in GENERATORS and row.placement in ("one", "two") \
                and name in row.params:
            lines.setdefault((row.arm, row.placement), []).append(row)
    return {key: sorted(rows, key=lambda row: row.param(name))
            for key, rows in lines.items() if len(rows) > 1}


def growths(data, workload, name):
    """{(arm, placement): Growth} of the arms that were swept."""
    found = {}
    for key, rows in sweep_lines(data, workload, name).items():
        found[key] = Growth(tuple(rows),
                            tuple(row.param(name) for row in rows),
                            data.ratio(rows[-1], rows[0]),
                            data.ratio(rows[-1], rows[-2]))
    return found


def growth_text(data, growth):
    """A growth over the depth in words, as a sentence."""
    first, last = growth.values[0], growth.values[-1]
    arm = named(growth.rows[0])
    if not growth.whole.resolved:
        return f"{arm.capitalize()}: lost in the noise."
    text = (f"{arm.capitalize()}: at {last:,} levels a value cost "
            f"{ratio_text(growth.whole)} times what it cost at {first:,}")
    if growth.kind in ("grows", "slow"):
        costs = [data.cost(growth.rows[i]).median for i in (0, -1)]
        text += (f", {ns_text((costs[1] - costs[0]) / (last - first))} more "
                 f"for each level; from {growth.values[-2]:,} levels on it "
                 f"rose with the depth to the power of "
                 f"{number(growth.power(growth.stretch.value), 2)}")
    return text + "."


def tree_text(data):
    """What the trees of `treewalk` say on depth, as a list of sentences."""
    found = []
    for growth in growths(data, "treewalk", "nodes").values():
        low, high = (growth.values[i].bit_length() for i in (0, -1))
        if growth.whole.resolved:
            found.append(f"Treewalk, {named(growth.rows[0])}: a value from a "
                         f"tree of {high} levels cost "
                         f"{ratio_text(growth.whole)} times one from a tree "
                         f"of {low}.")
    return found


# What a kind of line says against its claim, for the middle of a sentence.
AGAINST = {"flat": "the cost is flat", "slow": "the cost rises less than in "
           "proportion", "more": "more than a switch",
           "less": "less than a switch"}


def by_back_end(kinds, holds, reasons, facts):
    """The verdict from [(row, kind)]: the claim holds for the kind `holds`
    and not for those of AGAINST. Unclear lines are named, and decide nothing
    but where they are coop's."""
    def places(kind):
        return ", ".join(named(row) for row, one in kinds if one == kind)

    told = [kind for _, kind in kinds if kind != "unclear"]
    if not any(row.arm == "coop" and kind != "unclear"
               for row, kind in kinds):
        return Verdict(UNRESOLVED, "(the interval does not decide for coop)",
                       reasons, facts)
    if len(told) < len(kinds):
        reasons += (f"The interval does not decide for {places('unclear')}.",)
    everywhere = "with every back end " + (
        "measured" if len(told) == len(kinds) else "that could be told")
    against = ", ".join(f"{text} in {places(kind)}"
                        for kind, text in AGAINST.items() if kind in told)
    if not against:
        return Verdict(SUPPORTED, everywhere, reasons, facts)
    if holds in told:
        return Verdict(CONDITIONAL, f"on the back end: {against}", reasons,
                       facts)
    return Verdict(REFUTED, f"{everywhere}: {against}", reasons, facts)


def judge_delegate(data):
    found = {key: growth for key, growth
             in growths(data, "delegate", "depth").items()
             if growth.values[0] <= 1}
    if not found:
        return Verdict(UNRESOLVED, "(the depth was not swept)")
    kinds = [(growth.rows[0], growth.kind) for growth in found.values()]
    reasons = tuple(growth_text(data, growth) for growth in found.values())
    reasons += tuple(tree_text(data))
    return by_back_end(kinds, "grows", reasons, {"growths": found})


# --- claim 6 -----------------------------------------------------------------

def stage_ratio(data, row):
    """What a joint of the sieve adds to the sequential program's step, as a
    multiple of the same arm's step in lockstep."""
    plain = data.find("sieve", "seq", "one", row.params)
    switch = data.find("lockstep", row.arm, row.placement)
    if plain is None or switch is None:
        return stats.NONE
    return stats.ratio(data.slopes(row) - data.slopes(plain),
                       data.slopes(switch))


def stage_kind(ratio):
    """switch: the factor allows no more and no less; more; less; unclear."""
    if not ratio.resolved:
        return "unclear"
    if ratio.low > AS_A_SWITCH:
        return "more"
    if ratio.high < 1 / AS_A_SWITCH:
        return "less"
    within = 1 / AS_A_SWITCH <= ratio.low and ratio.high <= AS_A_SWITCH
    return "switch" if within else "unclear"


def stages(data):
    """[(row, ratio)] of the sieve's arms at its reference point."""
    return [(row, stage_ratio(data, row))
            for row in reference_rows(data, "sieve")
            if row.arm in GENERATORS and row.placement in ("one", "two")]


def stage_reasons(data, found):
    reasons = []
    for row, ratio in found:
        plain = data.find("sieve", "seq", "one", row.params)
        if not ratio.resolved:
            reasons.append(f"{named(row).capitalize()}: lost in the noise.")
            continue
        reasons.append(
            f"{named(row).capitalize()}: a step took "
            f"{cost_text(data.cost(row))} ns against "
            f"{cost_text(data.cost(plain))} ns of the sequential program; "
            f"the difference is {ratio_text(ratio)} times a step of "
            "lockstep.")
    for growth in growths(data, "sieve", "primes").values():
        if growth.whole.resolved:
            reasons.append(
                f"{named(growth.rows[0]).capitalize()}: with "
                f"{growth.values[-1]:,} primes a step cost "
                f"{ratio_text(growth.whole)} times what it cost with "
                f"{growth.values[0]:,}.")
    return tuple(reasons)


def judge_sieve(data):
    if not data.main("lockstep"):
        return Verdict(UNRESOLVED, "(lockstep was not measured in this run)")
    found = stages(data)
    kinds = [(row, stage_kind(ratio)) for row, ratio in found]
    return by_back_end(kinds, "switch", stage_reasons(data, found),
                       {"stages": found})


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
    Claim(5, "delegate", "Depth of delegation",
          "`yield*` costs O(depth).",
          "a chain of generators, each delegating to the next; the innermost "
          "yields, lock-step",
          "the cost per value at the greatest depth stays below 2 times that "
          "at depth 0 or 1, or rises more slowly than the square root of the "
          "depth", judge_delegate),
    Claim(6, "sieve", "The stages of a chain",
          "Stages cost switches, not work.",
          "a prime sieve as a chain of filters, one generator for each "
          "prime; one step is one value through one joint; against a step of "
          "lockstep in the same run",
          "what a joint adds to the sequential program's step is more than "
          "twice, or less than half, a step of lockstep", judge_sieve),
]

# Workloads taken over from elsewhere, which the report has to say.
PUBLISHED = {
    "bm_generators": "bm_generators of pyperformance, at its published size: "
                     "an in-order walk of a balanced tree of 100,000 nodes "
                     "by recursive delegation",
}

# What the kit sets out to test beside these, by workload.
OTHER_CLAIMS = [
    ("pipeline", "stages joined by channels cost switches, not work"),
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
    ("published", "workloads published elsewhere other than bm_generators, "
                  "at their published sizes"),
]
