#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check.py PROGRAM... BACKEND: runs the generator programs on a back end and
compares the transcripts with those of a JavaScript engine: the kept ones, and
where node is installed, those of fresh random programs. PROGRAM may have words
before it: an emulator."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
FRESH = 300


def cases(text):
    """The cases of a file, each with its first line as its name."""
    return ["case " + case for case in text.split("case ")[1:]]


def first_difference(expected, got):
    """Where two cases part, for people."""
    for want, have in zip(expected.splitlines(), got.splitlines()):
        if want != have:
            return f"  should be: {want}\n  is:        {have}"
    return "  one is longer than the other"


def failures_of(command, expected):
    """How many cases differ; the first of them is printed."""
    result = subprocess.run(command, input=expected, capture_output=True,
                            text=True, timeout=100, check=False)
    if result.returncode != 0:
        print(f"exit status {result.returncode}: {result.stderr.strip()}")
        return len(cases(expected))
    wanted, got = cases(expected), cases(result.stdout)
    wrong = [i for i, case in enumerate(wanted)
             if i >= len(got) or got[i] != case]
    if wrong:
        case = wanted[wrong[0]]
        have = got[wrong[0]] if wrong[0] < len(got) else ""
        print(f"differs:\n{case}{first_difference(case, have)}")
    return len(wrong)


def fresh_programs():
    """Random programs of today with their transcripts, or nothing."""
    if not shutil.which("node"):
        print("node is not installed: only the kept programs are run")
        return ""
    seed = str(int(time.time()))
    print(f"fresh programs of seed {seed}")
    return subprocess.run(["node", FOLDER / "random.mjs", seed, str(FRESH)],
                          capture_output=True, text=True, check=True).stdout


def main(*words):
    *program, backend = words
    command = [*program, "--backend", backend]
    kept = (FOLDER / "generator_programs.txt").read_text(encoding="utf-8")
    fresh = fresh_programs()
    failed = failures_of(command, kept) + failures_of(command, fresh)
    passed = len(cases(kept)) + len(cases(fresh)) - failed
    print(f"{backend}: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
