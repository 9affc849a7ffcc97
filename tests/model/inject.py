#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a source with the mistake of a seed: inject.py SEED ROOT OUTPUT.

A seed says "in FILE", why it is a mistake, what the source IS and what it
BECOMES. That the source has this text, once, is an error otherwise: then the
seed has to follow the source.
"""
import pathlib
import sys


def parse(text):
    head, rest = text.split("--- is\n")
    before, after = rest.split("--- becomes\n")
    return head.splitlines()[0].removeprefix("in "), before, after


def main():
    seed, root, output = map(pathlib.Path, sys.argv[1:])
    name, before, after = parse(seed.read_text())
    source = root / name
    text = source.read_text()
    if text.count(before) != 1:
        sys.exit(f"{seed}: {source} has this text {text.count(before)} times,"
                 f" not once:\n{before}")
    output.write_text(f'#line 1 "{source}"\n' + text.replace(before, after))


main()
