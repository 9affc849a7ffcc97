#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""limits.py PROGRAM...: what generator_programs takes for a program and what
it refuses: with one line on stderr, exit status 2, and nothing printed of the
case. PROGRAM may have words before it: an emulator."""

import os
import subprocess
import sys
import unittest

BACKENDS = ("coop", "stackless", "ucontext", "preempt")
PROGRAM = []
NESTING_MAX = 1000
MALFORMED = 2


def lines(*of_them):
    """Lines of input or output."""
    return "".join(f"{line}\n" for line in of_them)


def nested(depth):
    """A body that yields where its blocks are as deep as that."""
    return ("T { " * depth + "y 1" +
            "".join(f" }} F {{ l {n} }}" for n in range(depth)))


class Limits(unittest.TestCase):
    """What may be said in the language, and what may not."""

    def run_on(self, backend, text):
        """The finished process of a back end that was given this."""
        return subprocess.run([*PROGRAM, "--backend", backend],
                              input=text.encode(), capture_output=True,
                              timeout=100, check=False)

    def assert_transcript(self, text, expected):
        """On each back end."""
        for backend in BACKENDS:
            with self.subTest(backend):
                result = self.run_on(backend, text)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(result.stdout.decode(), expected)

    def assert_runs(self, case, *transcript):
        """A case without its end gives this transcript."""
        text = lines(*case)
        self.assert_transcript(lines(text + "end"),
                               lines(text + lines(*transcript) + "end"))

    def assert_refused(self, number, words, *case):
        """The case is refused for its line of that number, the one before it
        is run and the one after it is not."""
        before = lines("case before", "g0: r 1", "drive: n0 0")
        result = self.run_on("coop", lines(before + "end", *case, "end",
                                           before + "end"))
        self.assertEqual(result.returncode, MALFORMED, result.stderr)
        self.assertEqual(result.stdout.decode(),
                         lines(before + "  = 1 done", "end"))
        self.assertRegex(result.stderr.decode(),
                         rf"\Agenerator_programs: line {4 + number} {words}: "
                         r"[^\n]+\n\Z")

    def test_blocks_are_nested_deep(self):
        for depth in (70, NESTING_MAX):
            self.assert_runs(
                ("case deep", f"g0: {nested(depth)}", "drive: n0 1 , r0 2"),
                "  = 1 more",
                *(f"  g0 {word}" for n in range(depth)
                  for word in ("fin", f"log {n}")),
                "  = 2 done")

    def test_blocks_are_not_nested_absurdly_deep(self):
        for depth in (NESTING_MAX + 1, 1000000):
            self.assert_refused(2, f"nests blocks deeper than {NESTING_MAX}",
                                "case absurd", f"g0: {nested(depth)}",
                                "drive: n0 1")

    def test_generators_have_any_numbers(self):
        self.assert_runs(
            ("case numbers", "g0: d 16", "g16: y 1 d 999999999999999",
             "g999999999999999: y 2 l 3", "drive: n0 1 , n0 2 , n0 3"),
            "  = 1 more", "  g16 got 2", "  = 2 more",
            "  g999999999999999 got 3", "  g999999999999999 log 3",
            "  g16 end u", "  g0 end u", "  = u done")

    def test_there_are_many_generators(self):
        many = 200
        self.assert_runs(
            ("case many", *(f"g{n}: d {n + 1}" for n in range(many)),
             f"g{many}: y 1", "drive: n0 1 , r0 2"),
            "  = 1 more", "  = 2 done")

    def test_a_generator_delegates_to_a_later_one_that_there_is(self):
        for target in (0, 1, 3, -1):
            self.assert_refused(
                4, "drives a body that delegates to none that comes later",
                "case gone", "g1: T { y 1 } F { L { d %d } }" % target,
                "g2: y 1", "drive: n0 1")

    def test_a_malformed_body_is_refused(self):
        for body in ("y", "y x", "q", "T", "T {", "L { y 1", "y 1 }", "x 6",
                     "h 40", "i 30", "i -1", "y 1000000000000000",
                     "y 99999999999999999999"):
            self.assert_refused(2, "is malformed", "case malformed",
                                f"g0: {body}", "drive: n0 1")

    def test_a_generator_has_one_body(self):
        self.assert_refused(3, "has a body that is there already",
                            "case twice", "g16: y 1", "g16: y 1",
                            "drive: n0 1")

    def test_a_malformed_drive_is_refused_as_a_whole(self):
        for drive in ("n0 1 , q0 2 , n0 3", "n0 1 , n0", "n0 1 , n6 2",
                      "n0 1 , n-1 2", "n0 1 ,", ", n0 1", "n0 1 n0 2",
                      "n0 1 , , n0 2", "n0 1x", "n0 99999999999999999999"):
            self.assert_refused(3, "is malformed", "case drive", "g0: y 1",
                                f"drive: {drive}")

    def test_a_drive_may_have_no_steps(self):
        self.assert_runs(("case still", "g0: y 1", "drive:"))

    def test_what_is_no_line_of_a_case_is_refused(self):
        self.assert_refused(2, "is malformed", "case words", "words",
                            "drive: n0 1")

    def test_a_case_whose_last_line_is_malformed_is_refused_as_a_whole(self):
        for line in ("ende", "end ", "g1: q", "drive: n0 1 , q0 2",
                     "case\tnext"):
            self.assert_refused(4, "is malformed", "case last", "g0: y 1",
                                "drive: n0 1", line)

    def test_a_case_without_its_end_is_over_where_the_next_begins(self):
        text = lines("case one", "g0: y 1", "drive: n0 1")
        following = lines("case two", "g0: r 2", "drive: n0 1")
        self.assert_transcript(text + following,
                               text + lines("  = 1 more") +
                               following + lines("  = 2 done"))

    def test_zero_bytes_are_refused(self):
        self.assert_refused(2, "has a byte that is 0", "case zero",
                            "g0: y 1\0 y 2", "drive: n0 1")

    def test_input_that_cannot_be_read_is_an_error(self):
        folder = os.open("/", os.O_RDONLY)
        result = subprocess.run(PROGRAM, stdin=folder, capture_output=True,
                                timeout=100, check=False)
        os.close(folder)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stdout, b"")
        self.assertEqual(result.stderr, b"generator_programs: standard input: "
                                        b"Is a directory\n")

    def test_lines_may_end_as_they_do_on_windows(self):
        text = lines("case ends", "g0: y 1", "drive: n0 1 , n0 2")
        self.assert_transcript(
            lines(text + "  = 1 more", "", "end").replace("\n", "\r\n"),
            lines(text + "  = 1 more", "  g0 got 2", "  = u done", "end"))

    def test_a_last_line_may_have_no_end(self):
        text = lines("case last", "g0: y 1", "drive: n0 1")
        self.assert_transcript(text[:-1], text + lines("  = 1 more"))

    def test_numbers_that_are_thrown_are_no_errors_of_the_kit(self):
        for number in (-1, -12, -16, -22, -71, -4095, -4096, -4097,
                       -999999999999999):
            self.assert_runs(
                ("case thrown", f"g0: T {{ t {number} }} C {{ e }} y 1",
                 f"drive: n0 1 , t0 {number} , t1 {number}"),
                f"  g0 catch {number}", "  g0 re ! TypeError", "  = 1 more",
                f"  = ! {number}", f"  = ! {number}")


if __name__ == "__main__":
    PROGRAM = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
