#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cli.py PROGRAM: how schedkit and bench/run answer to mistakes: one clear
line on stderr, exit status 2 for usage and 1 for failure, no file half
written."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ""
USAGE, FAILURE = 2, 1


# A sanitizer's own words are not the program's; and a program that exits for
# an error need not free its memory first.
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")


# ThreadSanitizer follows each switch: what takes seconds takes minutes.
IS_SLOW = "SUITE_SLOW" in os.environ


def call(*command, env=None):
    """The finished process of a command."""
    result = subprocess.run(command, capture_output=True, text=True,
                            stdin=subprocess.DEVNULL, timeout=150, check=False,
                            env=env or ENVIRONMENT)
    result.stderr = re.sub(r"^==\d+==WARNING: .*\n+", "", result.stderr)
    return result


def schedkit(*arguments):
    """The finished process of the program."""
    return call(PROGRAM, *arguments)


def run(*arguments, workload="lockstep", arm="coop"):
    """A small run of one arm."""
    return schedkit("run", workload, "--arm", arm, *arguments)


class Case(unittest.TestCase):
    """Checks that all the tests share."""

    def assert_refused(self, result, status, *words):
        """One line of stderr with these words, and nothing on stdout."""
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"\Aschedkit: [^\n]+\n\Z")
        for word in words:
            self.assertIn(word, result.stderr)

    def setUp(self):
        # pylint: disable=consider-using-with
        self.folder = tempfile.TemporaryDirectory(prefix="schedkit-")
        self.addCleanup(self.folder.cleanup)

    def path(self, name, contents=None):
        """A path in the test's folder; the file, if it has contents."""
        path = Path(self.folder.name, name)
        if contents is not None:
            path.write_bytes(contents)
        return str(path)


class Usage(Case):
    """What cannot be meant is exit status 2, before anything runs."""

    def test_no_or_unknown_commands(self):
        for arguments in ((), ("nonsense",), ("--nonsense",)):
            with self.subTest(arguments=arguments):
                result = schedkit(*arguments)
                self.assertEqual(result.returncode, USAGE)
                self.assertEqual(result.stdout, "")
                self.assertNotEqual(result.stderr, "")

    def test_unknown_options(self):
        for command in ("list", "describe", "run", "micro"):
            with self.subTest(command=command):
                result = schedkit(command, "--nonsense")
                self.assertEqual(result.returncode, USAGE)
                self.assertEqual(result.stdout, "")
                self.assertIn("--nonsense", result.stderr)

    def test_an_unknown_workload_is_answered_with_those_there_are(self):
        for arguments in (("describe", "nonsense"),
                          ("run", "nonsense", "--arm", "coop")):
            with self.subTest(arguments=arguments):
                self.assert_refused(schedkit(*arguments), USAGE, "nonsense",
                                    "lockstep", "bounded", "words")

    def test_a_missing_workload(self):
        self.assert_refused(schedkit("describe"), USAGE, "lockstep")
        self.assert_refused(schedkit("run", "--arm", "coop"), USAGE,
                            "lockstep")

    def test_more_than_one_workload(self):
        self.assert_refused(schedkit("describe", "words", "bounded"), USAGE)
        self.assert_refused(schedkit("run", "words", "bounded"), USAGE)
        self.assert_refused(schedkit("list", "words"), USAGE, "words")

    def test_an_unknown_or_missing_arm_is_answered_with_those_there_are(self):
        self.assert_refused(run(arm="nonsense"), USAGE, "nonsense", "seq",
                            "coop", "preempt")
        self.assert_refused(schedkit("run", "lockstep"), USAGE, "--arm",
                            "preempt-park")

    def test_an_unknown_placement_is_answered_with_those_there_are(self):
        for placement in ("nonsense", "", "ONE", "three"):
            with self.subTest(placement=placement):
                self.assert_refused(run("--placement", placement), USAGE,
                                    "one", "two", "free")

    def test_numbers_that_are_none(self):
        for number in ("-1", "abc", "", "1.5", "1e6", "0x10", " 1", "1 ",
                       "+1", "99999999999999999999999", "18446744073709551616"):
            with self.subTest(number=number):
                self.assert_refused(run(f"--items={number}"), USAGE,
                                    "--items", f"'{number}'")

    def test_numbers_out_of_range(self):
        for option, number in (("--items", "1000000000001"),
                               ("--capacity", "16777217"),
                               ("--share", "101"),
                               ("--work", "10000000001"),
                               ("--seed", "18446744073709551616")):
            with self.subTest(option=option):
                result = run(option, number, workload="crossover")
                self.assert_refused(result, USAGE, option, number)

    def test_numbers_that_only_some_workloads_take_have_their_limits(self):
        for workload, option, number in (("transfer", "--locked", "2"),
                                         ("blocking", "--moved", "2"),
                                         ("blocking", "--every", "0"),
                                         ("blocking", "--blocking", "1e3"),
                                         ("pipes", "--active", "101"),
                                         ("pipes", "--tasks", "0")):
            with self.subTest(workload=workload, option=option):
                result = run(option, number, workload=workload)
                self.assert_refused(result, USAGE, option, number)

    def test_a_parameter_that_the_workload_has_not(self):
        self.assert_refused(run("--capacity", "1"), USAGE, "lockstep",
                            "--capacity")
        self.assert_refused(run("--work", "1", workload="bounded"), USAGE,
                            "--work")
        self.assert_refused(run("--input", "/dev/null"), USAGE, "--input")

    def test_checksums_that_are_none(self):
        for checksum in ("", "12", "0x", "0xg", "0x-1", "0x 1", "-0x1",
                         "0x1 ", "0x11112222333344445"):
            with self.subTest(checksum=checksum):
                self.assert_refused(run(f"--expect={checksum}"), USAGE,
                                    "--expect")

    def test_an_option_without_its_value(self):
        for option in ("--arm", "--items", "--metrics", "--input"):
            with self.subTest(option=option):
                result = schedkit("run", "words", option)
                self.assertEqual(result.returncode, USAGE)
                self.assertEqual(result.stdout, "")

    def test_a_usage_error_leaves_no_metrics_file(self):
        path = self.path("metrics")
        for wrong in (("--items", "x"), ("--placement", "x"),
                      ("--expect", "x")):
            run(*wrong, "--metrics", path)
            self.assertFalse(os.path.exists(path), wrong)


class Files(Case):
    """Files that cannot be had are exit status 1, by name."""

    def words(self, *arguments, arm="coop"):
        """A run over text."""
        return run(*arguments, workload="words", arm=arm)

    def test_a_missing_file_or_folder(self):
        for arm in ("seq", "coop", "preempt"):
            with self.subTest(arm=arm):
                result = self.words("--input", "/nowhere/at/all", arm=arm)
                self.assert_refused(result, FAILURE, "/nowhere/at/all")

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_an_unreadable_file(self):
        path = self.path("secret", b"text\n")
        os.chmod(path, 0)
        self.assert_refused(self.words("--input", path), FAILURE, path)

    def test_a_file_that_fails_while_it_is_read(self):
        self.assert_refused(self.words("--input", "/proc/self/mem"), FAILURE,
                            "/proc/self/mem")

    def test_a_folder_without_text(self):
        self.path("binary", b"\0\1\2")
        self.assert_refused(self.words("--input", self.folder.name), FAILURE,
                            self.folder.name, "no text")

    def test_what_is_neither_text_nor_a_folder(self):
        binary = self.path("binary", b"a\0b")
        self.assert_refused(self.words("--input", binary), FAILURE, binary)
        self.assert_refused(self.words("--input", "/dev/null"), FAILURE,
                            "/dev/null")

    def test_an_empty_file_is_a_text_of_no_words(self):
        result = self.words("--input", self.path("empty", b""))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("items      0 words", result.stdout)

    def test_a_folder_is_read_in_the_order_of_its_names(self):
        self.path("b", b"two\n")
        self.path("a", b"one\n")
        whole = self.words("--input", self.folder.name)
        parts = self.words("--input", self.path("a"), "--input",
                           self.path("b"))
        self.assertEqual(whole.returncode, 0, whole.stderr)
        line = [x for x in whole.stdout.splitlines() if "checksum" in x]
        self.assertIn(line[0], parts.stdout)

    def test_metrics_that_cannot_be_written(self):
        for path in ("/nowhere/metrics", self.folder.name, ""):
            with self.subTest(path=path):
                result = run("--items", "1", "--metrics", path)
                self.assert_refused(result, FAILURE, "metrics")

    def test_metrics_on_a_full_disk(self):
        result = run("--items", "1", "--metrics", "/dev/full")
        self.assert_refused(result, FAILURE, "/dev/full", "No space")

    def test_results_on_a_full_disk(self):
        for arguments in (("list",), ("list", "--json"),
                          ("describe", "words"),
                          ("run", "lockstep", "--arm", "seq", "--items", "1")):
            with self.subTest(arguments=arguments):
                with open("/dev/full", "w", encoding="ascii") as full:
                    result = subprocess.run(
                        [PROGRAM, *arguments], stdout=full, text=True,
                        stderr=subprocess.PIPE, timeout=60, check=False,
                        env=ENVIRONMENT)
                self.assertEqual(result.returncode, FAILURE)
                self.assertRegex(result.stderr, r"\Aschedkit: [^\n]+\n\Z")

    def test_a_failed_run_writes_no_metrics(self):
        path = self.path("metrics", b"before\n")
        run("--items", "10", "--expect", "0x1", "--metrics", path)
        self.words("--input", "/nowhere", "--metrics", path)
        self.assertEqual(Path(path).read_bytes(), b"before\n")


class Results(Case):
    """What is right is said on stdout alone."""

    def test_a_wrong_checksum_is_a_failure(self):
        for arm in ("seq", "coop", "preempt"):
            with self.subTest(arm=arm):
                result = run("--items", "10", "--expect", "0x1", arm=arm)
                self.assert_refused(result, FAILURE, "wrong result", arm)

    def test_every_arm_runs_and_agrees(self):
        table = json.loads(schedkit("list", "--json").stdout)
        for workload in table["workloads"]:
            names = {p["name"] for p in workload["parameters"]}
            small = ["--items", "2"] + ["--work=10"] * ("work" in names)
            for arm in workload["arms"]:
                with self.subTest(workload=workload["name"], arm=arm["name"]):
                    result = run(*small, workload=workload["name"],
                                 arm=arm["name"])
                    self.assertEqual(result.returncode, 0, result.stderr)
                    self.assertEqual(result.stderr, "")
                    self.assertIn("checksum   0x", result.stdout)

    def test_metrics_are_appended_one_line_of_json_a_run(self):
        path = self.path("metrics")
        for arm in ("seq", "coop", "preempt"):
            run("--items", "100", "--metrics", path, arm=arm)
        lines = Path(path).read_text(encoding="ascii").splitlines()
        runs = [json.loads(line) for line in lines]
        self.assertEqual([r["arm"] for r in runs], ["seq", "coop", "preempt"])
        self.assertEqual({r["checksum"] for r in runs}, {runs[0]["checksum"]})
        for key in ("wall_ns", "user_ns", "system_ns", "peak_rss_bytes",
                    "voluntary_switches", "items"):
            self.assertGreaterEqual(runs[0][key], 0)

    def figures(self, *arguments, **how):
        """What a run appends to its metrics."""
        path = self.path("metrics")
        result = run(*arguments, "--metrics", path, **how)
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = Path(path).read_text(encoding="ascii").splitlines()
        return json.loads(lines[-1])

    def test_metrics_say_what_a_workload_is_there_for(self):
        for arm in ("coop", "preempt"):
            with self.subTest(arm=arm):
                bare = self.figures("--items", "100", "--locked", "0",
                                    workload="transfer", arm=arm)
                self.assertGreaterEqual(bare["violations"], 0)
                safe = self.figures("--items", "100", workload="transfer",
                                    arm=arm)
                self.assertIsNone(safe["violations"])
                held_up = self.figures("--items", "100", "--blocking", "10",
                                       workload="blocking", arm=arm)
                self.assertEqual(held_up["others"], 75)
                self.assertGreater(held_up["others_ns"], 0)
                late = self.figures("--items", "2", "--work", "10",
                                    workload="hog", arm=arm)
                self.assertGreaterEqual(late["beats"], 1)

    def test_the_checksum_of_one_run_is_accepted_by_the_next(self):
        path = self.path("metrics")
        run("--items", "100", "--metrics", path)
        checksum = json.loads(Path(path).read_text())["checksum"]
        for arm in ("seq", "coop-ucontext", "preempt-condvar"):
            result = run("--items", "100", "--expect", checksum, arm=arm)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("as expected", result.stdout)

    def test_help_and_version_are_answers(self):
        for arguments in (("--help",), ("--version",), ("run", "--help"),
                          ("list", "--help"), ("describe", "--help"),
                          ("micro", "--help")):
            with self.subTest(arguments=arguments):
                result = schedkit(*arguments)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(result.stderr, "")
                self.assertIn("schedkit", result.stdout)

    def test_help_tells_what_is_required_and_what_is_the_default(self):
        told = " ".join(schedkit("run", "--help").stdout.split())
        self.assertIn("which implementation: required", told)
        self.assertIn("free (the default)", told)

    def test_units_have_their_plurals(self):
        result = run("--items", "3", workload="samefringe")
        self.assertIn("items      3 leaves", result.stdout)

    def test_nothing_is_run_where_nothing_is_asked_for(self):
        for arm in ("seq", "coop", "preempt"):
            result = run("--items", "0", arm=arm)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("items      0 steps", result.stdout)


class Micro(Case):
    """schedkit micro prints rows, and writes them as JSON lines."""

    def figures(self, group):
        """The printed text, and the rows of the file."""
        path = self.path("figures")
        result = schedkit("micro", group, "--quick", "--json", path)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")
        with open(path, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        self.assertEqual({row["group"] for row in rows}, {group})
        for row in rows:
            if row["unit"] != "ratio":   # the least served may get nothing
                self.assertGreater(row["median"], 0)
            self.assertLessEqual(row["min"], row["median"])
        return result.stdout, rows

    def test_help_and_the_answer_to_an_unknown_group_name_all_groups(self):
        refused = schedkit("micro", "nonsense")
        self.assert_refused(refused, USAGE, "nonsense")
        groups = refused.stderr.strip().split("there are: ")[1].split(", ")
        for name in ("walk", "cancel", "mutex", "checkpoint", "select",
                     "timers", "sieve", "skynet", "threadring",
                     "hog"):
            self.assertIn(name, groups)
        told = " ".join(schedkit("micro", "--help").stdout.split())
        self.assertIn(", ".join(groups), told)

    def test_a_walk_has_rows_of_each_kind_of_generator(self):
        printed, rows = self.figures("walk")
        names = {row["name"] for row in rows}
        for name in ("plain recursion (floor)", "coop_gen, each node",
                     "coop_frame, each node",
                     "preempt_gen, lock-step, each node"):
            self.assertIn(name, names)
            self.assertIn(name, printed)
        self.assertIn("C++20 generator, each node", printed)
        for depth in (16, 256):
            self.assertIn(f"through {depth} generators", printed)

    def test_a_cancellation_has_a_tail(self):
        printed, rows = self.figures("cancel")
        self.assertRegex(printed, "median +minimum +p99 +maximum")
        for row in rows:
            self.assertGreaterEqual(row["samples"], 1000)
            self.assertLessEqual(row["median"], row["p99"])
            self.assertLessEqual(row["p99"], row["max"])

    def test_the_libraries_stand_beside_each_other(self):
        for group in ("mutex", "checkpoint"):
            with self.subTest(group=group):
                _, rows = self.figures(group)
                names = {row["name"] for row in rows}
                self.assertIn(f"coop_{group}", names)
                self.assertIn(f"preempt_{group}", names)

    def test_a_select_is_measured_with_few_cases_and_with_many(self):
        printed, rows = self.figures("select")
        figures = {row["figure"] for row in rows}
        for wait in ("all ready", "none ready", "one wakes it"):
            self.assertIn(f"1 case, {wait}", figures)
            self.assertIn(f"64 cases, {wait}", figures)
        self.assertIn("Go, select", printed)

    def test_sleepers_wake_or_are_canceled(self):
        _, rows = self.figures("timers")
        for name in ("coop tasks", "preempt tasks"):
            figures = {row["figure"] for row in rows if row["name"] == name}
            self.assertIn("each of 10 sleepers", figures)
            self.assertIn("each of 1000 sleepers, canceled instead", figures)

    @unittest.skipIf(IS_SLOW, "minutes of it")
    def test_a_ring_of_tasks_is_measured_on_both_libraries(self):
        _, rows = self.figures("threadring")
        names = {row["name"] for row in rows}
        self.assertLessEqual({"coop tasks", "preempt tasks"}, names)

    def test_a_channel_beside_a_hog_tells_how_evenly_it_serves(self):
        printed, rows = self.figures("hog")
        self.assertIn("hog", printed)
        shares = [row for row in rows if row["unit"] == "ratio"]
        self.assertIn("preempt_chan, adaptive",
                      {row["name"] for row in shares})
        for row in shares:
            self.assertLessEqual(row["max"], 1)

    def test_a_file_that_cannot_be_written_is_found_before_measuring(self):
        for path in ("", self.folder.name, "/nowhere/figures"):
            with self.subTest(path=path):
                self.assert_refused(schedkit("micro", "clock", "--json", path),
                                    FAILURE, f"'{path}'")

    def test_whoever_is_killed_leaves_whole_groups(self):
        path = self.path("figures")
        with subprocess.Popen(
                [PROGRAM, "micro", "clock", "hog", "--json", path],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=ENVIRONMENT) as process:
            end = time.monotonic() + 100
            while not os.path.exists(path) and time.monotonic() < end:
                time.sleep(0.01)
            process.kill()
        self.assertEqual(os.listdir(self.folder.name), ["figures"])
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        self.assertEqual({json.loads(line)["group"] for line in lines},
                         {"clock"})

    def test_what_cannot_be_replaced_gets_each_figure_once(self):
        result = schedkit("micro", "clock", "cancel", "--quick", "--json",
                          "/dev/stderr")
        self.assertEqual(result.returncode, 0)
        rows = [json.loads(line) for line in result.stderr.splitlines()]
        keys = [(r["group"], r["figure"], r["placement"], r["name"])
                for r in rows]
        self.assertEqual({key[0] for key in keys}, {"clock", "cancel"})
        self.assertEqual(len(keys), len(set(keys)))

    def test_few_samples_have_no_tail(self):
        printed, rows = self.figures("clock")
        self.assertNotIn("p99", printed)
        for row in rows:
            self.assertNotIn("p99", row)


class BenchRun(Case):
    """bench/run refuses wrong options before it installs or measures."""

    def refused(self, *arguments, status=USAGE):
        """The one line that bench/run says."""
        result = call(str(ROOT / "bench/run"), *arguments,
                      env=dict(os.environ, PATH="/usr/bin:/bin"))
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"\Abench/run: [^\n]+\n\Z")
        return result.stderr

    def test_unknown_options(self):
        self.assertIn("--nonsense", self.refused("--nonsense"))
        self.assertIn("stray", self.refused("stray"))

    def test_options_without_their_values(self):
        for option in ("--workload", "--input", "--out"):
            with self.subTest(option=option):
                self.assertIn(option, self.refused(option))
                self.assertIn(option, self.refused("--quick", option))

    def test_an_option_is_no_value_of_another(self):
        for option in ("--workload", "--input", "--out"):
            for value in ("--full", "-q", "-"):
                with self.subTest(option=option, value=value):
                    self.assertIn(f"not {value}", self.refused(option, value))
        self.assertIn("-q", self.refused("--workload", "words", "-q"))

    def test_an_unknown_workload_is_answered_before_the_build(self):
        listed = json.loads(schedkit("list", "--json").stdout)["workloads"]
        names = ", ".join(workload["name"] for workload in listed)
        for name in ("nonsense", "", "word", "words.*"):
            with self.subTest(name=name):
                line = self.refused("--out", self.path("out"), "--workload",
                                    "words", name)
                self.assertIn(f"no workload {name}; there are: {names} (",
                              line)
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_options_that_exclude_each_other(self):
        self.refused("--quick", "--full")
        self.refused("--smoke", "--quick")
        self.refused("--report-only", "--full")
        self.refused("--report-only", "--workload", "lockstep")

    def test_an_input_that_cannot_be_read(self):
        self.assertIn("/nowhere", self.refused("--input", "/nowhere/at/all"))

    def test_help_is_an_answer(self):
        result = call(str(ROOT / "bench/run"), "--help")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr, "")
        for option in ("--quick", "--full", "--smoke", "--out"):
            self.assertIn(option, result.stdout)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=1)
