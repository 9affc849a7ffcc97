# SPDX-License-Identifier: MIT
"""The report's statistics, its rule for rejecting blocks, and its verdicts:
other numbers must give other words. Nothing here measures time."""

import io
import json
import sys
import tempfile
import time
import types
import unittest
from pathlib import Path

import numpy as np

BENCH = Path(__file__).resolve().parent.parent / "bench"
sys.path.insert(0, str(BENCH))
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import advice  # noqa: E402
import calibrate  # noqa: E402
import claims  # noqa: E402
import environment  # noqa: E402
import figures  # noqa: E402
import machine  # noqa: E402
import main  # noqa: E402
import measure  # noqa: E402
import method  # noqa: E402
import plan  # noqa: E402
import predictions  # noqa: E402
import report  # noqa: E402
import stats  # noqa: E402
import store  # noqa: E402
import tables  # noqa: E402
import units  # noqa: E402
from dataset import Dataset  # noqa: E402
from program import METRICS, BenchError, Program, RunFailed  # noqa: E402
from progress import Progress  # noqa: E402

ARMS = {
    "seq": ("seq", "none", "none"), "coop": ("coop", "asm", "none"),
    "coop-batch": ("coop", "asm", "none"),
    "coop-ucontext": ("coop", "ucontext", "none"),
    "coop-stackless": ("coop", "none", "none"),
    "preempt": ("preempt", "thread", "adaptive"),
    "preempt-park": ("preempt", "thread", "park"),
    "coop-baton": ("coop", "thread", "park"),
    "preempt-tick": ("preempt", "asm", "none"),
}
UNITS = {"lockstep": "step", "bounded": "item", "crossover": "item",
         "words": "word", "treewalk": "value", "bm_generators": "value",
         "delegate": "value", "samefringe": "leaf", "sieve": "step",
         "cancel": "cancellation"}
QUIET = {"elapsed_s": 5.0, "steal": 0.01, "foreign": 0.0, "load_before": 0.5,
         "load_after": 0.5, "lost_before": 0.01, "lost_after": 0.01,
         "padding": 7}
SIZES = (1000, 4000)
ENVIRONMENT = environment.capture(BENCH.parent)


def make_raw(costs, blocks=8, noise=0.01, disturbed=()):
    """Raw results in which each (workload, arm, placement, params) costs so
    many ns per item, a few per cent more or less in each block."""
    random = np.random.default_rng(1)
    rows, seen = [], {}
    for (workload, arm, placement, params), cost in costs.items():
        policy, mechanism, wait = ARMS[arm]
        row = plan.Row(f"{workload}.{len(rows) + 1}", workload, arm, policy,
                       mechanism, wait, placement, dict(params),
                       UNITS[workload], form="batched" if "batch" in arm
                       else "run-ahead")
        row.sizes = [{"items": n, "counted": n, "expect": "0x1", "wall_s": 0}
                     for n in SIZES]
        rows.append(row)
        seen[row.id] = cost
    found = []
    for number in range(blocks):
        runs = []
        for row in rows:
            factor = 1 + noise * random.standard_normal()
            for size, items in enumerate(SIZES):
                wall = items * seen[row.id] * factor
                metrics = [wall, wall, 0, 5, 1, 0, 3_000_000, 100]
                runs.append([row.id, size, [2e-3 + wall / 1e9], [metrics]])
        block = {"number": number + 1, **QUIET, "runs": runs}
        block.update({"foreign": 0.5} if number in disturbed else {})
        found.append(block)
    workloads = list(dict.fromkeys(key[0] for key in costs))
    return {"mode": "quick", "only": [], "inputs": None, "failures": [],
            "environment": ENVIRONMENT,
            "series": [], "micro": [], "rule": machine.RULE,
            "metrics": list(METRICS), "blocks": found,
            "rows": [row.__dict__ for row in rows],
            "workloads": [{"name": w, "summary": "", "unit": UNITS[w],
                           "arms": []} for w in workloads],
            "spent": {"seconds": 60, "budget_s": 110, "target_ms": 80,
                      "warmup": 0, "runs": 1, "min_blocks": 6}}


def at(workload, arm, placement, **params):
    return workload, arm, placement, tuple(sorted(params.items()))


def lockstep(coop=5, one=5000, two=200, parked=50000):
    return {at("lockstep", "seq", "one"): 2,
            at("lockstep", "coop", "one"): coop,
            at("lockstep", "preempt", "one"): one,
            at("lockstep", "preempt", "two"): two,
            at("lockstep", "preempt-park", "two"): parked}


def bounded(ratios):
    """{(placement, capacity): ratio of preempt to coop}"""
    costs = {at("bounded", "seq", "one"): 2}
    for (placement, capacity), ratio in ratios.items():
        costs[at("bounded", "coop", "one", capacity=capacity)] = 10
        costs[at("bounded", "preempt", placement, capacity=capacity)] = \
            10 * ratio
    return costs


def crossover(hand_off=20, halves=0.5, works=(0, 30, 100, 1000, 10000)):
    """Preempt on two cores costs a hand-off and its part of the work."""
    costs = {}
    for work in works:
        params = {"work": work, "share": 50}
        costs[at("crossover", "seq", "one", **params)] = 2 + work
        costs[at("crossover", "coop", "one", **params, capacity=64)] = \
            8 + work
        costs[at("crossover", "preempt", "two", **params, capacity=64)] = \
            hand_off + halves * work
    return costs


def words(one=150, two=60):
    return {at("words", "seq", "one"): 90,
            at("words", "coop", "one", capacity=64): 100,
            at("words", "preempt", "one", capacity=64): one,
            at("words", "preempt", "two", capacity=64): two}


def lock_step(workload, coop=10, frames=5, one=5000, two=20000, seq=2,
              **params):
    """One point of a workload made of generators."""
    return {at(workload, "seq", "one", **params): seq,
            at(workload, "coop", "one", **params): coop,
            at(workload, "coop-stackless", "one", **params): frames,
            at(workload, "preempt", "one", **params): one,
            at(workload, "preempt", "two", **params): two}


def delegate(coop, frames=None, threads=None, depths=(0, 16, 256, 4096)):
    """Each back end costs 10 ns times its function of the depth."""
    costs = {}
    for depth in depths:
        by_stack, by_frame, by_thread = (
            10 * (rise or coop)(depth) for rise in (coop, frames, threads))
        costs |= lock_step("delegate", by_stack, by_frame, by_thread,
                           2 * by_thread, depth=depth)
    return costs


def flat(depth):
    return 1 + 0 * depth


def linear(depth):
    return 1 + depth


def sieve(coop=12, frames=7, one=5000, two=20000, primes=50, seq=2):
    """A sieve beside the lockstep of the same arms: 10, 5, 5000, 20000."""
    return lock_step("lockstep") | lock_step(
        "sieve", coop, frames, one, two, seq, primes=primes)


def verdict(costs, workload, **options):
    data = Dataset(make_raw(costs, **options))
    claim = next(c for c in claims.CLAIMS if c.workload == workload)
    return claims.judged(data, claim)


class Statistics(unittest.TestCase):
    def test_the_slope_leaves_out_what_does_not_grow(self):
        self.assertAlmostEqual(stats.slope([10, 20, 40], [105, 205, 405]), 10)

    def test_one_size_has_no_slope(self):
        self.assertTrue(np.isnan(stats.slope([10, 10], [1, 2])))

    def test_the_ratio_is_that_of_the_medians(self):
        ratio = stats.ratio([10, 20, 30], [5, 10, 15])
        self.assertEqual(ratio.value, 2)

    def test_blocks_are_resampled_in_pairs(self):
        # Both arms are ten times slower in half of the blocks: in pairs the
        # ratio does not move at all.
        drift = np.array([1, 10] * 6)
        ratio = stats.ratio(2 * drift, drift)
        self.assertAlmostEqual(ratio.low, 2)
        self.assertAlmostEqual(ratio.high, 2)

    def test_a_block_without_one_of_the_arms_is_left_out(self):
        ratio = stats.ratio([2, np.nan, 2, 2], [1, 1, 1, np.nan])
        self.assertEqual((ratio.value, ratio.blocks), (2, 2))

    def test_a_cost_lost_in_the_noise_has_no_interval(self):
        ratio = stats.ratio([1, 2, 3], [-1, 2, 1])
        self.assertFalse(ratio.resolved)
        self.assertFalse(ratio.above)

    def test_the_interval_covers_the_true_ratio_about_as_often_as_it_says(self):
        random = np.random.default_rng(3)
        covered = 0
        for _ in range(200):
            above = 2 + 0.1 * random.standard_normal(12)
            below = 1 + 0.05 * random.standard_normal(12)
            ratio = stats.ratio(above, below)
            covered += ratio.low <= 2 <= ratio.high
        self.assertGreater(covered, 175)

    def test_the_same_data_gives_the_same_interval(self):
        sample = [1, 1.2, 0.9, 1.1, 1.05]
        self.assertEqual(stats.ratio(sample, [1] * 5),
                         stats.ratio(sample, [1] * 5))

    def test_small_differences_are_not_shown(self):
        self.assertTrue(stats.Ratio(1.02, 1.01, 1.04, 9).no_difference)
        self.assertTrue(stats.Ratio(1.3, 0.9, 1.6, 9).no_difference)
        self.assertFalse(stats.Ratio(1.08, 1.02, 1.1, 9).no_difference)
        self.assertFalse(stats.Ratio(0.8, 0.7, 0.9, 9).no_difference)

    def test_showing_no_difference_is_not_showing_equality(self):
        self.assertTrue(stats.Ratio(1, 0.95, 1.05, 9).equal)
        self.assertFalse(stats.Ratio(1.3, 0.9, 1.6, 9).equal)

    def test_the_geometric_mean_of_a_ratio_and_its_inverse_is_one(self):
        self.assertAlmostEqual(stats.geometric_mean([4, 0.25]), 1)


class Crossings(unittest.TestCase):
    def test_a_crossing_is_interpolated_between_logarithms(self):
        found = stats.last_crossing(np.array([10.0, 1000.0]),
                                    np.array([0.5, 2.0]))
        self.assertAlmostEqual(found, 100)

    def test_the_last_crossing_counts(self):
        found = stats.last_crossing(np.array([1.0, 10, 100, 1000]),
                                    np.array([0.5, 2, 0.5, 2]))
        self.assertGreater(found, 100)

    def test_above_everywhere_and_below_everywhere(self):
        works = np.array([1.0, 10])
        self.assertEqual(stats.last_crossing(works, np.array([2.0, 3])), 0)
        self.assertEqual(stats.last_crossing(works, np.array([0.2, 0.3])),
                         float("inf"))

    def test_a_crossing_comes_with_an_interval_that_holds_it(self):
        random = np.random.default_rng(2)
        noise = 1 + 0.02 * random.standard_normal((2, 4, 10))
        work = np.array([2.0, 32, 102, 1002])[:, None]
        base, other = work * noise[0], (20 + work / 2) * noise[1]
        found = stats.crossing(base, other)
        self.assertEqual(found.kind, "crosses")
        self.assertTrue(found.low <= found.value <= found.high)
        self.assertTrue(32 < found.value < 60)

    def test_noise_gives_no_crossing(self):
        self.assertEqual(stats.crossing([[1, -1], [2, -2]],
                                        [[1, 1], [2, 2]]).kind, "unknown")


class Rejection(unittest.TestCase):
    def reasons(self, **changes):
        blocks = [dict(QUIET) for _ in range(5)]
        blocks[2].update(changes)
        return machine.rejections(blocks)

    def test_quiet_blocks_are_accepted(self):
        self.assertEqual(self.reasons(), [None] * 5)

    def test_foreign_load_rejects_its_block_only(self):
        reasons = self.reasons(foreign=0.06)
        self.assertIn("other programs", reasons[2])
        self.assertEqual(reasons.count(None), 4)

    def test_a_busy_loop_that_loses_time_rejects(self):
        self.assertIn("before", self.reasons(lost_before=0.2)[2])
        self.assertIn("after", self.reasons(lost_after=0.2)[2])

    def test_stolen_time_is_judged_against_the_usual(self):
        self.assertIn("stolen", self.reasons(steal=0.3)[2])
        steady = [dict(QUIET, steal=0.3) for _ in range(5)]
        self.assertEqual(machine.rejections(steady), [None] * 5)

    def test_the_rule_names_its_limits(self):
        self.assertIn(f"{machine.FOREIGN_LIMIT * 100:.0f} %", machine.RULE)

    def test_rejected_blocks_are_shown_and_not_used(self):
        data = Dataset(make_raw(lockstep(), disturbed=(0, 3)))
        self.assertEqual((len(data.blocks), len(data.rejected)), (6, 2))
        self.assertIn("other programs used 50.0 %", tables.block_table(data))

    def test_stat_line_is_read(self):
        self.assertEqual(
            machine.parse_stat("cpu  1 2 4 1000 50 8 16 32 0 0"), (31, 32))

    def test_foreign_load_is_what_is_not_our_own(self):
        before = {"at": 0, "busy": 0, "steal": 0, "own": 0, "load": 0}
        after = {"at": 10, "busy": 12, "steal": 1, "own": 10, "load": 1}
        seen = machine.disturbance(before, after, 2)
        self.assertEqual((seen["foreign"], seen["steal"]), (0.1, 0.05))


class VerdictOnSteps(unittest.TestCase):
    def test_a_factor_that_moves_is_no_constant(self):
        found = verdict(lockstep(), "lockstep")
        self.assertEqual(found.word, claims.REFUTED)
        self.assertIn("as a constant", found.condition)
        self.assertTrue(found.facts["always_dearer"])

    def test_a_steady_factor_within_range_is_supported(self):
        found = verdict(lockstep(5, 500, 300, 600), "lockstep")
        self.assertEqual(found.word, claims.SUPPORTED)

    def test_dearer_but_out_of_range_is_conditional(self):
        found = verdict(lockstep(5, 15, 20, 30), "lockstep")
        self.assertEqual(found.word, claims.CONDITIONAL)

    def test_a_cheaper_thread_refutes_the_direction(self):
        found = verdict(lockstep(10, 5, 6, 7), "lockstep")
        self.assertEqual(found.word, claims.REFUTED)
        self.assertIn("direction", found.condition)

    def test_too_few_blocks_give_no_verdict(self):
        found = verdict(lockstep(), "lockstep", blocks=3)
        self.assertEqual(found.word, claims.UNRESOLVED)
        self.assertIn("accepted blocks: 3", found.condition)

    def test_a_disturbed_machine_gives_no_verdict(self):
        found = verdict(lockstep(), "lockstep", disturbed=range(8))
        self.assertEqual(found.word, claims.UNRESOLVED)
        self.assertIn("disturbed", found.condition)


class VerdictOnThroughput(unittest.TestCase):
    def test_a_gap_that_closes_is_conditional(self):
        found = verdict(bounded({("one", 1): 300, ("one", 1024): 1.5}),
                        "bounded")
        self.assertEqual(found.word, claims.CONDITIONAL)
        self.assertIn("one core, capacity 1.", " ".join(found.reasons))

    def test_a_gap_everywhere_is_supported(self):
        found = verdict(bounded({("one", 1): 300, ("two", 1): 9}), "bounded")
        self.assertEqual(found.word, claims.SUPPORTED)

    def test_no_gap_anywhere_is_refuted(self):
        found = verdict(bounded({("one", 1): 1.5, ("two", 1): 0.5}),
                        "bounded")
        self.assertEqual(found.word, claims.REFUTED)
        self.assertIn("Preempt was the cheaper one at: two cores, capacity "
                      "1.", found.reasons)

    def test_an_interval_across_two_decides_nothing(self):
        found = verdict(bounded({("one", 1): 2}), "bounded", noise=0.2)
        self.assertEqual(found.word, claims.UNRESOLVED)


class VerdictOnTheSecondCore(unittest.TestCase):
    def test_a_crossing_is_conditional_on_the_work(self):
        found = verdict(crossover(), "crossover")
        self.assertEqual(found.word, claims.CONDITIONAL)
        crossing = found.facts["crossings"][50]
        self.assertTrue(30 < crossing.value < 60)

    def test_ahead_everywhere_is_supported(self):
        found = verdict(crossover(hand_off=1), "crossover")
        self.assertEqual(found.word, claims.SUPPORTED)

    def test_behind_everywhere_is_refuted(self):
        found = verdict(crossover(halves=1.5), "crossover")
        self.assertEqual(found.word, claims.REFUTED)

    def test_one_processor_gives_no_verdict(self):
        costs = {k: v for k, v in crossover().items() if k[2] == "one"}
        self.assertEqual(verdict(costs, "crossover").word, claims.UNRESOLVED)


class VerdictOnAnOrdinaryProgram(unittest.TestCase):
    def test_a_difference_everywhere_is_supported(self):
        found = verdict(words(), "words")
        self.assertEqual(found.word, claims.SUPPORTED)
        self.assertIn("sign", found.condition)

    def test_equality_is_refuted(self):
        self.assertEqual(verdict(words(100, 101), "words").word,
                         claims.REFUTED)

    def test_one_placement_of_two_is_conditional(self):
        self.assertEqual(verdict(words(100, 60), "words").word,
                         claims.CONDITIONAL)

    def test_wide_intervals_show_no_equality(self):
        found = verdict(words(100, 100), "words", noise=0.4)
        self.assertIn(found.word, (claims.UNRESOLVED, claims.CONDITIONAL))


class VerdictOnDepth(unittest.TestCase):
    def test_a_cost_that_does_not_rise_refutes(self):
        found = verdict(delegate(flat), "delegate")
        self.assertEqual(found.word, claims.REFUTED)
        self.assertIn("the cost is flat in coop on one core", found.condition)
        self.assertIn("preempt on two cores", found.condition)

    def test_a_cost_in_proportion_is_supported(self):
        found = verdict(delegate(linear), "delegate")
        self.assertEqual(found.word, claims.SUPPORTED)
        self.assertIn("10 ns more for each level", found.reasons[0])

    def test_a_cost_that_rises_with_the_logarithm_is_not_in_proportion(self):
        found = verdict(delegate(lambda depth: 1 + np.log2(depth + 1)),
                        "delegate")
        self.assertEqual(found.word, claims.REFUTED)
        self.assertIn("less than in proportion", found.condition)

    def test_back_ends_that_disagree_make_it_conditional(self):
        found = verdict(delegate(flat, threads=linear), "delegate")
        self.assertEqual(found.word, claims.CONDITIONAL)
        self.assertIn("the cost is flat in coop on one core, coop-stackless",
                      found.condition)
        self.assertNotIn("preempt", found.condition)

    def test_two_depths_are_enough(self):
        self.assertEqual(verdict(delegate(linear, depths=(0, 256)),
                                 "delegate").word, claims.SUPPORTED)

    def test_without_a_chain_of_none_or_one_there_is_no_verdict(self):
        found = verdict(delegate(flat, depths=(16, 256)), "delegate")
        self.assertEqual(found.word, claims.UNRESOLVED)
        self.assertIn("not swept", found.condition)

    def test_a_rise_across_two_decides_nothing(self):
        found = verdict(delegate(lambda depth: 2 if depth else 1),
                        "delegate", noise=0.2)
        self.assertEqual(found.word, claims.UNRESOLVED)
        self.assertIn("for coop", found.condition)

    def test_an_arm_lost_in_the_noise_is_named_and_decides_nothing(self):
        costs = delegate(flat)
        for depth in (0, 16, 256, 4096):
            costs[at("delegate", "preempt", "two", depth=depth)] = -5
        found = verdict(costs, "delegate")
        self.assertEqual(found.word, claims.REFUTED)
        self.assertIn("that could be told", found.condition)
        self.assertIn("The interval does not decide for preempt on two "
                      "cores.", found.reasons)

    def test_trees_are_the_second_witness(self):
        trees = lock_step("treewalk", 10, nodes=15) \
            | lock_step("treewalk", 30, nodes=1048575)
        found = verdict(delegate(flat) | trees, "delegate")
        self.assertIn("Treewalk, coop on one core: a value from a tree of "
                      "20 levels cost 3.0", " ".join(found.reasons))


class VerdictOnStages(unittest.TestCase):
    def test_a_joint_that_adds_a_switch_is_supported(self):
        found = verdict(sieve(), "sieve")
        self.assertEqual(found.word, claims.SUPPORTED)
        self.assertEqual(len(found.reasons), 4)

    def test_what_the_sequential_step_costs_is_not_the_joints(self):
        found = verdict(sieve(coop=62, frames=57, one=5000, seq=52), "sieve")
        self.assertEqual(found.word, claims.SUPPORTED)
        self.assertIn("62", found.reasons[0])

    def test_joints_that_cost_more_and_less_refute(self):
        found = verdict(sieve(coop=100, frames=3, one=50000, two=900000),
                        "sieve")
        self.assertEqual(found.word, claims.REFUTED)
        self.assertIn("more than a switch in coop on one core",
                      found.condition)
        self.assertIn("less than a switch in coop-stackless on one core",
                      found.condition)

    def test_one_placement_of_all_is_conditional(self):
        found = verdict(sieve(two=900000), "sieve")
        self.assertEqual(found.word, claims.CONDITIONAL)
        self.assertEqual(found.condition, "on the back end: more than a "
                         "switch in preempt on two cores")

    def test_without_lockstep_in_the_run_there_is_no_verdict(self):
        found = verdict(lock_step("sieve", primes=50), "sieve")
        self.assertEqual(found.word, claims.UNRESOLVED)
        self.assertIn("lockstep was not measured", found.condition)

    def test_a_difference_lost_in_the_noise_decides_nothing(self):
        found = verdict(sieve(coop=50, seq=50), "sieve", noise=0.1)
        self.assertEqual(found.word, claims.UNRESOLVED)

    def test_longer_chains_are_named(self):
        found = verdict(sieve() | lock_step("sieve", 24, primes=200), "sieve")
        self.assertIn("with 200 primes a step cost 2.0",
                      " ".join(found.reasons))


class Wording(unittest.TestCase):
    def sentences(self, costs):
        data = Dataset(make_raw(costs))
        verdicts = [(c, claims.judged(data, c)) for c in claims.CLAIMS
                    if c.workload in data.workloads()]
        return advice.answer(data, verdicts), advice.advice(data, verdicts)

    def test_the_answer_has_five_sentences_whatever_was_measured(self):
        for costs in (lockstep(), words(), lockstep() | crossover()):
            answer, _ = self.sentences(costs)
            self.assertEqual(len(answer), 5)
        self.assertIn("was not measured in this run",
                      self.sentences(words())[0][1])

    def test_other_numbers_give_other_words(self):
        shrinks, _ = self.sentences(bounded({("one", 1): 300,
                                             ("one", 1024): 2}))
        stays, _ = self.sentences(bounded({("one", 1): 5, ("one", 1024): 5}))
        self.assertIn("shrinks the gap", shrinks[2])
        self.assertIn("does not visibly shrink", stays[2])

    def test_who_won_where_is_read_from_the_numbers(self):
        both, _ = self.sentences(words(150, 60))
        self.assertIn("coop won in words (one core), and preempt in words "
                      "(two cores)", both[4])
        coop, _ = self.sentences(words(150, 160))
        self.assertIn("nothing measured here favours preempt", coop[4])

    def test_advice_follows_the_ratio(self):
        _, lines = self.sentences(words(150, 60))
        used = {situation: use for situation, use, _, _ in lines}
        self.assertEqual(used["a program like the word counter, one core"],
                         "coop")
        self.assertEqual(used["a program like the word counter, two cores"],
                         "preempt")

    def used(self, costs, **options):
        """{situation: use} of the table of advice."""
        data = Dataset(make_raw(costs, **options))
        verdicts = [(c, claims.judged(data, c)) for c in claims.CLAIMS
                    if c.workload in data.workloads()]
        return {situation: use for situation, use, _, _
                in advice.advice(data, verdicts)}

    def test_an_arm_lost_in_the_noise_is_not_passed_over(self):
        case = "the same, but it has to be threads, on two cores"
        self.assertEqual(self.used(lockstep())[case],
                         "preempt (wait: adaptive)")
        # A slope of next to nothing may be the least of all.
        for costs in (lockstep(two=-5), lockstep(two=-5, parked=-9)):
            self.assertEqual(self.used(costs)[case], advice.UNDECIDED)

    def test_a_dearer_arm_lost_in_the_noise_does_not_matter(self):
        data = Dataset(make_raw(lockstep(two=200, parked=300)))
        known = data.find("lockstep", "preempt", "two")
        wild = data.find("lockstep", "preempt-park", "two")
        for number, factor in enumerate((-9, 9) * 4):
            times, metrics = wild.runs[number, 1]
            wild.runs[number, 1] = ([times[0] * max(factor, 0.01)], metrics)
        self.assertFalse(data.cost(wild).resolved)
        self.assertEqual(advice.least(data, [known, wild]), (known, []))

    def test_a_back_end_lost_in_the_noise_is_not_passed_over(self):
        costs = delegate(flat)
        for depth in (0, 16, 256, 4096):
            costs[at("delegate", "preempt", "two", depth=depth)] = -5
        used = self.used(costs)
        self.assertEqual(used["the same, but it has to be threads, "
                              "4,096 levels deep"], advice.UNDECIDED)

    def test_threads_are_advised_where_a_gain_was_shown(self):
        def use(costs, **found):
            crossing = stats.Crossing(**{"kind": "crosses", "value": 100,
                                         "low": 50, "high": 200, **found})
            known = claims.Verdict(claims.CONDITIONAL,
                                   facts={"crossings": {50: crossing}})
            return [use for _, use, _ in advice.core_advice(
                Dataset(make_raw(costs)), known)]

        plain, ahead, behind = ("plain calls, or coop", crossover(),
                                crossover(halves=1.5))
        self.assertEqual(use(ahead), [plain, "preempt"])
        self.assertEqual(use(behind), [plain, advice.UNDECIDED])
        self.assertEqual(use(ahead, high=float("inf"), open_high=True),
                         [plain, advice.UNDECIDED])
        self.assertEqual(use(ahead, low=0, open_low=True),
                         [advice.UNDECIDED, "preempt"])
        self.assertEqual(use(ahead, kind="always"), ["preempt"])
        self.assertEqual(use(behind, kind="always"), [advice.UNDECIDED])

    def test_a_recursive_producer_is_advised_the_cheapest_back_end(self):
        _, lines = self.sentences(delegate(flat, frames=lambda depth: 0.5))
        used = {situation: use for situation, use, _, _ in lines}
        self.assertEqual(used, {
            "a recursive producer that hands its values up with `yield*`, "
            "4,096 levels deep": "coop-stackless on one core",
            "the same, but it has to be threads, 4,096 levels deep":
            "preempt on one core"})

    def test_nouns_have_their_plurals(self):
        self.assertEqual([units.plural(n) for n in ("step", "leaf")],
                         ["steps", "leaves"])
        self.assertEqual(units.counted(1, "leaf"), "1 leaf")

    def test_batched_is_compared_with_batched(self):
        costs = bounded({("one", 64): 5})
        costs[at("bounded", "coop-batch", "one", capacity=64)] = 4
        data = Dataset(make_raw(costs))
        batch = data.find("bounded", "coop-batch", "one", {"capacity": 64})
        plain = data.find("bounded", "preempt", "one", {"capacity": 64})
        self.assertIs(data.counterpart(batch), batch)
        self.assertEqual(data.counterpart(plain).arm, "coop")

    def test_what_is_not_resolved_has_no_number(self):
        nan = float("nan")
        self.assertEqual(units.ratio_text(stats.Ratio(-180, nan, nan, 9)),
                         "not resolved")
        self.assertEqual(units.ratio_text(stats.Ratio(nan, nan, nan, 9)),
                         "not resolved")
        self.assertEqual(units.ratio_text(stats.NONE), "–")

    def test_digits_are_honest(self):
        self.assertEqual(units.measured(1234.5, 1100, 1400), "1,200")
        self.assertEqual(units.measured(1234.5, 1230, 1240), "1,230")
        self.assertEqual(units.number(9.96, 2), "10")
        self.assertEqual(units.number(0.0123, 2), "0.012")
        self.assertEqual(units.number(float("nan")), "–")


class Predictions(unittest.TestCase):
    def setUp(self):
        with open(BENCH / "predictions.json", encoding="utf-8") as file:
            self.written = json.load(file)

    def test_every_prediction_is_of_a_known_kind_and_has_a_range(self):
        for one in self.written["predictions"]:
            self.assertLessEqual(one["low"], one["high"])
            self.assertIn(one["select"]["kind"],
                          ("cost", "ratio", "speedup", "crossing", "growth",
                           "stage"))
            self.assertIn(one["claim"], [c.number for c in claims.CLAIMS])

    def test_hits_and_misses(self):
        data = Dataset(make_raw(lockstep(coop=5) | words(150, 300)))
        found = {o.prediction["id"]: o for o in
                 predictions.outcomes(data, self.written)}
        self.assertTrue(found["P1"].hit)
        self.assertFalse(found["P23"].hit)
        self.assertIsNone(found["P18"].value)

    def test_what_is_lost_in_the_noise_was_measured(self):
        known = {"select": {"workload": "lockstep", "arm": "preempt",
                            "placement": "two", "params": {}},
                 "low": 1, "high": 2}

        def word(costs, **select):
            one = known | {"select": known["select"] | select}
            return report.outcome_word(predictions.outcome(
                Dataset(make_raw(costs)), one))

        curve = {"kind": "crossing", "share": 50}
        lost = {at("crossover", "preempt", "two", work=work, share=50,
                   capacity=64): -5 for work in (0, 100)}
        for select in ({"kind": "cost"},
                       {"kind": "ratio", "against": "coop"},
                       {"kind": "speedup", "against": "seq"}):
            with self.subTest(**select):
                self.assertEqual(word(lockstep(two=-5), **select),
                                 "not resolved")
                self.assertEqual(word(words(), **select), "not measured")
        self.assertEqual(word(crossover() | lost, **curve), "not resolved")
        self.assertEqual(word(words(), **curve), "not measured")

    def test_an_arm_is_predicted_against_itself(self):
        data = Dataset(make_raw(
            sieve(coop=12, two=900000)
            | delegate(flat, threads=linear, depths=(0, 256))))
        found = {o.prediction["id"]: o for o in
                 predictions.outcomes(data, self.written)}
        self.assertAlmostEqual(found["P24"].value, 1, delta=0.05)
        self.assertAlmostEqual(found["P26"].value, 257, delta=10)
        self.assertAlmostEqual(found["P30"].value, 1, delta=0.05)
        self.assertTrue(found["P24"].hit and found["P30"].hit)
        self.assertFalse(found["P26"].hit)

    def test_without_the_other_point_there_is_no_growth(self):
        data = Dataset(make_raw(delegate(flat, depths=(16, 256))))
        found = {o.prediction["id"]: o for o in
                 predictions.outcomes(data, self.written)}
        self.assertIsNone(found["P24"].value)
        self.assertIsNone(found["P30"].value)


class Report(unittest.TestCase):
    def write(self, raw):
        with open(BENCH / "predictions.json", encoding="utf-8") as file:
            predicted = json.load(file)
        with tempfile.TemporaryDirectory() as folder:
            target = store.Target(folder, folder)
            return report.write(raw, predicted, target, Path(folder))

    def test_a_whole_report_has_its_sections_in_order(self):
        text = self.write(make_raw(
            lockstep() | bounded({("one", 1): 300, ("one", 64): 2,
                                  ("two", 1): 9, ("two", 64): 1.5})
            | crossover() | words()))
        places = [text.index(head) for head in (
            "## The answer", "## Claims and verdicts", "## Figures",
            "## Claim 1", "## Claim 2", "## Claim 3", "## Claim 4",
            "## Which one should I use", "## Threats to validity",
            "## Environment", "## How to run it again", "## Raw data")]
        self.assertEqual(places, sorted(places))
        self.assertNotIn("up to", text)
        self.assertNotIn("nan", text.replace("nanos", ""))

    def test_workloads_of_generators_have_their_sections(self):
        text = self.write(make_raw(
            sieve() | lock_step("sieve", primes=10) | delegate(flat)
            | lock_step("treewalk", nodes=15)
            | lock_step("treewalk", nodes=1023)
            | lock_step("bm_generators")
            | lock_step("samefringe", leaves=1024) | lock_step("cancel")))
        places = [text.index(head) for head in (
            "## Figures", "figures/depth.svg",
            "## Claim 5: Depth of delegation", "## Claim 6: The stages",
            "## Other workloads", "### treewalk", "### bm_generators",
            "### samefringe", "### cancel", "## Which one should I use")]
        self.assertEqual(places, sorted(places))
        self.assertIn("| depth | sequential, ns | coop, ns | "
                      "coop-stackless, ns | preempt one core, ns |", text)
        self.assertIn("number of leaves, median", text)
        self.assertNotIn("nan", text.replace("nanos", ""))
        self.assertNotIn("Claim of `treewalk`", text)
        self.assertNotIn("up to", text)

    def test_a_workload_from_elsewhere_is_marked(self):
        costs = lock_step("bm_generators") | lock_step("cancel")
        text = self.write(make_raw(costs))
        self.assertEqual(text.count("**Published elsewhere:**"), 1)
        self.assertLess(text.index("### bm_generators"),
                        text.index("**Published elsewhere:**"))
        self.assertIn("bm_generators, published elsewhere",
                      [label for label, _, _ in
                       figures.ratio_rows(Dataset(make_raw(costs)))])

    def test_the_depth_has_a_figure_when_it_was_swept(self):
        with tempfile.TemporaryDirectory() as folder:
            figures.style()
            one = figures.draw_depth(Dataset(make_raw(delegate(flat))),
                                     Path(folder))
            self.assertIn("ns at 4,096", one.alt)
            drawn = (Path(folder) / one.file).read_text(encoding="utf-8")
            for label in ("coop, one core", "coop-stackless, one core",
                          "preempt, two cores", "sequential"):
                self.assertIn(label, drawn)
            self.assertIsNone(figures.draw_depth(
                Dataset(make_raw(delegate(flat, depths=(16,)))),
                Path(folder)))

    def test_every_arm_has_an_ink_of_its_own(self):
        costs = {at("lockstep", arm, "one"): 5 for arm in ARMS
                 if arm not in ("coop-baton", "preempt-tick")}
        costs |= {at("lockstep", "seq", "two"): 5}
        data = Dataset(make_raw(costs))
        looks = [figures.look(data, row.arm) for row in data.main()
                 if row.placement == "one"]
        self.assertEqual(len(looks), len(set(looks)))

    def test_an_arm_that_switches_nothing_is_in_no_cell(self):
        data = Dataset(make_raw(lock_step("lockstep", frames=1)))
        cells = data.cells()
        self.assertEqual([row.arm for row in cells["coop", "user stacks"]],
                         ["coop"])

    def test_a_part_of_the_workloads_is_a_report_too(self):
        text = self.write(make_raw(words()))
        self.assertIn("Only these workloads were measured: words", text)
        self.assertNotIn("## Claim 1", text)

    def test_each_way_to_run_it_again_is_said_once(self):
        for mode, only in (("quick", []), ("full", []), ("smoke", []),
                           ("full", ["lockstep", "words"])):
            with self.subTest(mode=mode, only=only):
                text = method.again(Dataset(
                    make_raw(lockstep()) | {"mode": mode, "only": only}))
                lines = text.split("```")[1].splitlines()[1:]
                commands = [line.split("#")[0].strip() for line in lines]
                named = " --workload lockstep words" if only else ""
                self.assertEqual(commands[0], f"bench/run --{mode}{named}")
                self.assertEqual(len(commands), len(set(commands)))
                self.assertNotIn("bench/run" if mode == "quick" else
                                 commands[0], commands[1:])
                self.assertEqual(len({line.index("#") for line in lines}), 1)

    def test_failures_are_counted_and_shown(self):
        raw = make_raw(lockstep())
        raw["failures"] = [{"row": "lockstep.1", "stage": "block 2",
                            "reason": "exit status 1", "items": 5}] * 2
        self.assertIn("| lockstep.1 | block | exit status 1 | 2 |",
                      self.write(raw))

    def test_a_control_that_fails_is_said_at_the_top(self):
        raw = make_raw(lockstep())
        twin = next(r for r in raw["rows"] if r["arm"] == "coop")
        other = next(r for r in raw["rows"] if r["placement"] == "two")
        other.update(role="control", twin=twin["id"])
        text = self.write(raw)
        self.assertIn("two identical rows differ",
                      text[:text.index("## The answer")])

    def test_the_same_data_draws_the_same_figures(self):
        data = Dataset(make_raw(lockstep() | crossover()
                                | bounded({("one", 1): 9, ("one", 64): 2})))
        drawn = []
        for _ in range(2):
            with tempfile.TemporaryDirectory() as folder:
                figures.draw_all(data, Path(folder))
                drawn.append({path.name: path.read_bytes()
                              for path in Path(folder).iterdir()})
        self.assertEqual(drawn[0], drawn[1])
        self.assertEqual(set(drawn[0]), {"ratios.svg", "capacity.svg",
                                         "work.svg"})

    def test_four_cells_make_a_figure(self):
        costs = lockstep()
        costs[at("lockstep", "coop-baton", "one")] = 4000
        without = Dataset(make_raw(costs))
        costs[at("lockstep", "preempt-tick", "one")] = 3000
        with tempfile.TemporaryDirectory() as folder:
            figures.style()
            self.assertIsNone(figures.draw_cells(without, Path(folder)))
            self.assertIsNotNone(figures.draw_cells(
                Dataset(make_raw(costs)), Path(folder)))

    def test_an_unmeasured_cell_is_named(self):
        text = self.write(make_raw(lockstep()))
        self.assertIn("coop on kernel threads and preempt on user stacks",
                      text[text.index("## Not measured here"):])


class Planning(unittest.TestCase):
    LISTING = {"workloads": [{
        "name": "bounded", "unit": "item", "summary": "",
        "parameters": [{"name": "capacity", "min": 0, "max": 512,
                        "default": 64}],
        "arms": [{"name": name, "policy": policy, "mechanism": mechanism,
                  "wait": wait, "form": "batched" if "batch" in name
                  else "by capacity"}
                 for name, (policy, mechanism, wait) in ARMS.items()]}]}

    def test_user_stacks_run_on_one_core_and_threads_on_both(self):
        rows = plan.plan_rows(self.LISTING, "quick")
        places = {(r.arm, r.placement) for r in rows if r.role == "main"}
        self.assertIn(("preempt", "two"), places)
        self.assertNotIn(("coop", "two"), places)
        self.assertNotIn(("preempt-tick", "two"), places)

    def test_one_processor_has_no_second_core(self):
        rows = plan.plan_rows(self.LISTING, "full", cpus=1)
        self.assertEqual({r.placement for r in rows}, {"one"})

    def test_values_stay_within_what_the_program_accepts(self):
        rows = plan.plan_rows(self.LISTING, "full")
        self.assertLessEqual(max(r.params.get("capacity", 0) for r in rows),
                             512)

    def test_no_row_is_planned_twice(self):
        rows = [r for r in plan.plan_rows(self.LISTING, "full")
                if r.role == "main"]
        keys = [(r.arm, r.placement, str(r.params)) for r in rows]
        self.assertEqual(len(keys), len(set(keys)))

    def test_controls_and_the_empty_process_are_planned(self):
        roles = [r.role for r in plan.plan_rows(self.LISTING, "smoke")]
        self.assertEqual((roles.count("control"), roles.count("empty")),
                         (2, 1))

    def test_values_stay_apart_from_what_items_count(self):
        rows = plan.plan_rows(GENERATORS, "quick", only=("sieve",))
        self.assertEqual({r.items_unit for r in rows}, {"sieves"})

    def test_a_full_run_sweeps_depth_with_one_arm_of_each_back_end(self):
        rows = [r for r in plan.plan_rows(GENERATORS, "full")
                if r.role == "main" and r.workload == "delegate"]
        self.assertEqual({r.params["depth"] for r in rows},
                         {0, 1, 4, 16, 64, 256, 1024, 4096})
        deep = {(r.arm, r.placement) for r in rows
                if r.params["depth"] == 4096}
        self.assertEqual(deep, {
            ("seq", "one"), ("coop", "one"), ("coop-stackless", "one"),
            ("preempt", "one"), ("preempt", "two")})
        self.assertIn("preempt-condvar", {r.arm for r in rows
                                          if r.params["depth"] == 16})
        self.assertNotIn("free", {r.placement for r in rows})

    def test_a_quick_run_takes_the_plain_arms_and_two_more_depths(self):
        rows = [r for r in plan.plan_rows(GENERATORS, "quick")
                if r.role == "main"]
        self.assertEqual({r.arm for r in rows},
                         {"seq", "coop", "coop-stackless", "preempt"})
        points = {(r.workload, *r.params.items()) for r in rows}
        self.assertEqual(points, {
            ("delegate", ("depth", d)) for d in (0, 16, 256)} | {
            ("sieve", ("primes", 50))})

    def test_a_smoke_run_leaves_workloads_out_unless_they_are_asked_for(self):
        seen = {r.workload for r in plan.plan_rows(GENERATORS, "smoke")}
        self.assertEqual(seen, {"delegate"})
        asked = plan.plan_rows(GENERATORS, "smoke", only=("sieve",))
        self.assertEqual({r.workload for r in asked}, {"sieve"})

    def test_a_full_run_of_bounded_sweeps_the_plain_arms_and_two_more(self):
        rows = plan.plan_rows(self.LISTING, "full")
        self.assertEqual({r.arm for r in rows
                          if r.params.get("capacity") == 256},
                         {"coop", "coop-batch", "preempt"})

    def test_sizes_are_distinct_and_rounded(self):
        self.assertEqual(calibrate.sizes_of(4, (0.25, 1)), [1, 4])
        self.assertEqual(calibrate.round_items(123456), 100000)
        self.assertEqual(calibrate.round_items(37), 37)


def generators_listing():
    """Two workloads as the program lists them."""
    arms = [{"name": name, "policy": policy, "mechanism": mechanism,
             "wait": wait, "form": "lock-step"}
            for name, (policy, mechanism, wait) in (ARMS | {
                "preempt-condvar": ("preempt", "thread", "condvar")}).items()
            if "batch" not in name]
    return {"workloads": [
        {"name": name, "unit": UNITS[name], "summary": "", "arms": arms,
         "parameters": [{"name": "items", "min": 0, "max": 10**12,
                         "default": 9, "unit": items},
                        {"name": parameter, "min": 0, "max": 100000,
                         "default": 9, "unit": ""}]}
        for name, parameter, items in (("delegate", "depth", "values"),
                                       ("sieve", "primes", "sieves"))]}


GENERATORS = generators_listing()


class Calibration(unittest.TestCase):
    """A program whose runs take what is fixed and so much per item."""

    def size(self, fixed_ns, item_ns, **options):
        calls = []

        class Program:
            def run(self, row, items, _limit):
                calls.append(items)
                return {"wall_ns": fixed_ns + items * item_ns,
                        "form": "lock-step"}

        row = plan.Row("x.1", "x", "coop", "coop", "asm", "none", "one", {},
                       "value", **options)
        found = calibrate.largest_size(Program(), row, 100e6, 4)
        self.assertEqual(row.form, "lock-step")
        return found, calls

    def test_the_items_take_the_time_that_was_asked_for(self):
        found, _ = self.size(0, 50)
        self.assertEqual(found.items, 2_000_000)

    def test_what_does_not_grow_is_not_counted_as_items(self):
        found, _ = self.size(500e6, 50)
        self.assertEqual(found.items, 2_000_000)
        self.assertAlmostEqual(found.wall_s(2_000_000), 0.6, places=2)

    def test_slow_items_keep_the_sizes_distinct(self):
        found, calls = self.size(0, 1e9)
        self.assertEqual(found.items, 4)
        self.assertEqual(max(calls), 4)

    def test_text_is_read_once_first(self):
        _, calls = self.size(0, 1e9, reads_text=True)
        self.assertEqual(max(calls), 1)


class Measuring(unittest.TestCase):
    """Sessions with a program that fails."""

    class Program:
        """Offers what Planning plans, and fails from a stage on."""

        def __init__(self, folder, works=()):
            self.folder, self.works = folder, works

        def list(self):
            return Planning.LISTING

        def micro(self, path, _quick, _limit):
            Path(path).write_text('{"group":"clock"}\n{"gro',
                                  encoding="utf-8")
            raise RunFailed("micro is broken")

        def run(self, _row, items, _limit, _expect=None):
            if "run" not in self.works:
                raise RunFailed("run is broken")
            return {"wall_ns": 50 * items, "form": "lock-step",
                    "checksum": "0x1", "items": items}

        def time(self, *_arguments):
            raise RunFailed("hyperfine is broken")

    def session(self, *works):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        options = types.SimpleNamespace(began=time.time(), workload=[])
        return measure.Session(self.Program(folder.name, works),
                               plan.MODES["smoke"], options,
                               Progress(io.StringIO()))

    def test_a_run_in_which_no_row_works_is_no_result(self):
        for works, reason in (((), "run is broken"),
                              (("run",), "hyperfine is broken")):
            with self.subTest(works=works), \
                    self.assertRaises(BenchError) as caught:
                self.session(*works).run()
            self.assertIn(f"no row could be measured: {reason}",
                          str(caught.exception))
            self.assertEqual(caught.exception.status, 1)

    def test_the_micro_figures_before_a_failure_are_kept(self):
        session = self.session()
        session.micro()
        self.assertEqual(session.raw["micro"], [{"group": "clock"}])
        self.assertEqual(session.raw["failures"][0]["reason"],
                         "micro is broken")


class Timing(unittest.TestCase):
    """Calls of hyperfine, with a stand-in for it."""

    def test_the_metrics_of_a_failed_call_are_nobody_elses(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        program = Program("schedkit", folder.name)
        row = plan.Row("x.1", "x", "coop", "coop", "asm", "none", "one", {},
                       "value")

        def time_one(items, fails=False):
            def call(*_arguments):
                with open(program.metrics_path, "a",
                          encoding="utf-8") as file:
                    file.write(json.dumps({"items": items}) + "\n")
                if fails:
                    raise RunFailed("time limit of 3 s")
                Path(folder.name, "hyperfine.json").write_text(json.dumps(
                    {"results": [{"exit_codes": [0], "times": [1.0]}]}),
                    encoding="utf-8")
                return 0, "", ""

            program._call = call
            return program.time(row, items, None, plan.MODES["smoke"], 3, {})

        with self.assertRaises(RunFailed):
            time_one(1, fails=True)
        self.assertEqual(time_one(2), ([1.0], [{"items": 2}]))


class Keeping(unittest.TestCase):
    """Results are replaced as a whole, or not at all."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = Path(folder.name)
        self.target = store.Target(folder.name, folder.name)

    def publish(self, name):
        """Publishes a report and raw results that say this name."""
        with store.workspace(self.target) as folder:
            (folder / store.RAW).write_text(name, encoding="utf-8")
            store.publish(folder, name, self.target)

    def kept(self):
        """{path: text} of all files."""
        return {str(path.relative_to(self.place)): path.read_text()
                for path in self.place.rglob("*") if path.is_file()}

    def test_new_results_replace_old_ones(self):
        for name in ("old", "new"):
            self.publish(name)
            self.assertEqual(self.kept(), {"RESULTS.md": name,
                                           "results/results.json": name})

    def test_a_report_that_cannot_be_put_in_place_leaves_the_old_results(self):
        self.publish("old")
        self.target.report.unlink()
        self.target.report.mkdir()
        with self.assertRaises(OSError):
            self.publish("new")
        self.assertEqual(self.kept(), {"results/results.json": "old"})

    def test_a_report_that_cannot_be_put_in_place_leaves_no_results(self):
        self.target.report.mkdir()
        with self.assertRaises(OSError):
            self.publish("new")
        self.assertEqual(self.kept(), {})
        self.assertFalse(self.target.results.exists())

    def test_what_is_no_result_is_damaged(self):
        self.target.results.mkdir()
        for text in ("", "{", "\xff", "{}", "[]", "7", "null",
                     '{"mode":"quick"}'):
            with self.subTest(text=text):
                (self.target.results / store.RAW).write_text(
                    text, encoding="latin-1")
                with self.assertRaisesRegex(BenchError, "damaged; measure"):
                    store.load(self.target)

    def test_what_the_measuring_needed_is_not_published(self):
        options = types.SimpleNamespace(root=BENCH.parent)
        with store.workspace(self.target) as folder:
            for name in ("hyperfine.json", "metrics.jsonl", "micro.jsonl"):
                (folder / name).write_text("{}", encoding="utf-8")
            main.write(options, make_raw(words()), folder, self.target,
                       Progress(io.StringIO()))
        self.assertEqual({path.name for path
                          in self.target.results.iterdir()},
                         {"results.json", "figures"})


if __name__ == "__main__":
    unittest.main()
