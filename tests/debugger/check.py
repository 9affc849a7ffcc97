#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check.py PROGRAM: what gdb shows of tasks (coop/gdb.py), of a live process
and of a core file, on each mechanism, and with coroutines on another one.
PROGRAM is tasks.c."""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent.parent / "coop" / "gdb.py"
MARK = "=== "

PROGRAM = ""


def gdb(commands, *arguments):
    """What gdb says to each command: command -> text."""
    words = ["gdb", "-nx", "-q", "-batch", "-ex", f"source {SCRIPT}",
             "-ex", "set debuginfod enabled off",
             # who paused the machine's processes may let them go on
             "-ex", "handle SIGCONT nostop noprint"]
    for command in commands:
        words += ["-ex", f"echo {MARK}{command}\\n", "-ex", command]
    output = subprocess.run(words + list(arguments), capture_output=True,
                            text=True, timeout=100, check=False,
                            stdin=subprocess.DEVNULL)
    said = {}
    # A command's errors are on stderr, where the marks are not.
    for part in re.split(f"^{MARK}", output.stdout, flags=re.M)[1:]:
        command, _, text = part.partition("\n")
        said[command] = text
    said["errors"] = output.stderr
    return said


def functions(backtrace):
    """The names of the functions of a backtrace, innermost first."""
    return re.findall(r"^#\d+ +(?:0x[0-9a-f]+ in )?([^\s.]+)\S* \(",
                      backtrace, flags=re.M)


LISTED = ["coop tasks", "coop bt main", "coop bt reader", "coop bt turns",
          "coop bt 3", "coop bt 5", "coop bt in_line",
          "coop bt through_a_call", "coop bt generator", "coop bt stepper"]
NESTED = ["coop tasks", "coop bt 1", "coop bt inner", "coop bt in_line",
          "coop bt reader", "coop bt stepper"]
STEPPED = ["coop bt main", "coop bt stepper"]
# Between two threads: after the one has left, before the other arrives.
HANDED_OVER = ["coop tasks", "coop bt main", "coop bt reader", "coop bt inner",
               "coop bt stepper"]
GUARD = "print *((char *) ((struct coop_coro *) in_line)->stack->low - 1)"
WRONG = ["coop bt nobody", "coop bt 99", "coop bt &depth", "coop bt"]


class OnMechanism:
    """The tests, for a class that says which mechanism."""

    mechanisms = ()  # of tasks, and of coroutines
    last = ()   # the functions that a backtrace may end with

    @classmethod
    def setUpClass(cls):
        if not shutil.which("gdb"):
            raise unittest.SkipTest("gdb is not installed")
        known = subprocess.run([PROGRAM, *cls.mechanisms], check=False,
                               capture_output=True, timeout=60)
        if known.returncode == 77:
            raise unittest.SkipTest(f"this build lacks {cls.mechanisms}")
        with tempfile.TemporaryDirectory() as folder:
            core = str(Path(folder, "core"))
            start = ["break stop_here", "run"]
            cls.live = gdb(start + LISTED + WRONG, "--args", PROGRAM,
                           *cls.mechanisms)
            cls.nested = gdb(start + ["continue"] + NESTED +
                             [f"coop core {core}", GUARD], "--args", PROGRAM,
                             *cls.mechanisms)
            cls.core = gdb(NESTED, PROGRAM, core)
            cls.stepped = gdb(start + ["continue", "continue"] + STEPPED +
                              [f"coop core {core}"], "--args", PROGRAM,
                              *cls.mechanisms)
            cls.core_stepped = gdb(STEPPED, PROGRAM, core)

    def passes(self, backtrace, *names):
        """The backtrace has these functions in this order, and an end."""
        found = functions(backtrace)
        self.assertTrue(found, backtrace)
        rest = iter(found)
        self.assertTrue(all(name in rest for name in names), backtrace)
        self.assertIn(found[-1], self.last, backtrace)
        self.assertNotIn("corrupt", backtrace)

    def test_tasks_are_listed_with_what_they_wait_for(self):
        lines = [line.split() for line in
                 self.live["coop tasks"].strip().split("\n")]
        self.assertEqual([line[1] for line in lines],
                         ["main", "reader", "turns", "stepper", "new"])
        self.assertEqual(lines[0], ["1", "main", "running"])
        self.assertIn(lines[1][2], ("parked", "waiting"))
        self.assertEqual(lines[1][3:], ["receive", "from", "lines"])
        self.assertEqual(lines[2], ["3", "turns", "ready"])

    def test_a_suspended_task_is_unwound_to_its_entry(self):
        self.passes(self.live["coop bt reader"], "read_a_line", "read_lines",
                    "run")
        self.passes(self.live["coop bt turns"], "take_a_turn", "take_turns",
                    "run")

    def resumed(self, backtrace, *bodies):
        """It has these bodies, the innermost first, each with an end."""
        parts = backtrace.split("resumed by:\n")
        self.assertEqual(len(parts), len(bodies), backtrace)
        for part, names in zip(parts, bodies):
            self.passes(part, *names)

    def test_a_task_that_waits_in_a_generator_is_unwound_to_its_entry(self):
        for said in (self.live, self.nested, self.core, self.stepped,
                     self.core_stepped):
            self.resumed(said["coop bt stepper"],
                         ("read_a_word", "read_words", "run"),
                         ("step_once", "step_words", "run"),
                         ("step_once", "step_all", "run"))

    def test_a_task_that_runs_in_a_generator_is_unwound_to_its_entry(self):
        for said in (self.stepped, self.core_stepped):
            self.resumed(said["coop bt main"],
                         ("stop_here", "stop_in_body", "run"),
                         ("step_once", "main_task", "run"))

    def test_a_task_may_be_named_by_its_number(self):
        self.assertEqual(self.live["coop bt 3"], self.live["coop bt turns"])

    def test_the_running_task_is_unwound_to_its_entry(self):
        self.passes(self.live["coop bt main"], "stop_here", "main_task", "run")

    def test_a_task_that_has_not_begun_has_no_frames(self):
        self.assertIn("It has not begun.", self.live["coop bt 5"])

    def test_a_coroutine_is_unwound_however_it_was_suspended(self):
        self.passes(self.live["coop bt in_line"], "yield_in_line",
                    "run_coroutine", "run")
        self.passes(self.live["coop bt through_a_call"], "yield_by_call",
                    "run_coroutine", "run")
        self.passes(self.live["coop bt generator"], "yield_deep",
                    "run_generator", "run")

    def test_schedulers_within_tasks_are_listed_too(self):
        for said in (self.nested, self.core):
            lines = said["coop tasks"].strip().split("\n")
            self.assertEqual(len(lines), 6, lines)
            self.assertEqual(lines[5].split(), ["6", "inner", "running"])

    def test_a_task_that_runs_a_scheduler_is_unwound(self):
        for said in (self.nested, self.core):
            self.passes(said["coop bt 1"], "coop_run", "wait_for_inner",
                        "main_task", "run")
            self.passes(said["coop bt inner"], "stop_here", "run_inner",
                        "inner_task", "run")

    def test_a_core_file_shows_the_same(self):
        for command in NESTED:
            with self.subTest(command=command):
                self.assertEqual(functions(self.core[command]),
                                 functions(self.nested[command]))
        self.passes(self.core["coop bt reader"], "read_a_line", "read_lines")
        self.passes(self.core["coop bt in_line"], "yield_in_line",
                    "run_coroutine")

    def test_the_guards_are_back_after_a_core_file_was_written(self):
        self.assertIn("Cannot access memory", self.nested["errors"])

    def test_what_is_no_task_is_said_to_be_none(self):
        for sentence in ("no task has that name", "there are 5 tasks",
                         "points at a", "needs a task"):
            self.assertIn(sentence, self.live["errors"])
        self.assertNotIn("Traceback", self.live["errors"])


class OnAssembly(OnMechanism, unittest.TestCase):
    mechanisms, last = ("asm",), ("kit_asm_entry",)


class OnUcontext(OnMechanism, unittest.TestCase):
    # What calls the entry is the C library's: it has a name with its symbols.
    mechanisms = ("ucontext",)
    last = ("begin", "__start_context", "??")


class OnBaton(OnMechanism, unittest.TestCase):
    mechanisms = ("baton",)
    last = OnAssembly.last + OnUcontext.last

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with tempfile.TemporaryDirectory() as folder:
            core = str(Path(folder, "core"))
            cls.between = gdb(
                ["break stop_here", "run", "break flow_leaves", "continue",
                 "finish"] + HANDED_OVER + [f"coop core {core}", GUARD],
                "--args", PROGRAM, *cls.mechanisms)
            cls.core_between = gdb(HANDED_OVER, PROGRAM, core)

    def test_tasks_are_listed_while_the_baton_is_handed_over(self):
        for said in (self.between, self.core_between):
            lines = [line.split()[1:] for line in
                     said["coop tasks"].strip().split("\n")]
            self.assertEqual(lines, [
                ["main", "running"],
                ["reader", "waiting", "receive", "from", "lines"],
                ["turns", "ready"],
                ["stepper", "waiting", "receive", "from", "channel"],
                ["new", "one", "ready"],
                ["inner", "running"]])

    def test_tasks_are_unwound_while_the_baton_is_handed_over(self):
        for said in (self.between, self.core_between):
            self.passes(said["coop bt main"], "coop_run", "wait_for_inner",
                        "main_task", "run")
            self.passes(said["coop bt reader"], "read_a_line", "read_lines",
                        "run")
            self.resumed(said["coop bt stepper"],
                         ("read_a_word", "read_words", "run"),
                         ("step_once", "step_words", "run"),
                         ("step_once", "step_all", "run"))
            self.assertIn("It has not begun.", said["coop bt inner"])
        self.assertIn("Cannot access memory", self.between["errors"])


class OnAssemblyInThreads(OnMechanism, unittest.TestCase):
    mechanisms, last = ("asm", "baton"), OnAssembly.last


class OnUcontextInThreads(OnMechanism, unittest.TestCase):
    mechanisms = ("ucontext", "baton")
    last = OnBaton.last


class OnBatonInAssembly(OnMechanism, unittest.TestCase):
    mechanisms, last = ("baton", "asm"), OnAssembly.last


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=1)
