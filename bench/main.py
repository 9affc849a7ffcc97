# SPDX-License-Identifier: MIT
"""The part of bench/run that comes after the build: measure, then report."""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

import environment
import store
from measure import Session
from plan import MODES
from program import BenchError, Interrupted, Program
from progress import Progress


def parse(arguments):
    parser = argparse.ArgumentParser(prog="bench/run", add_help=False)
    parser.add_argument("--root", required=True)
    parser.add_argument("--mode", choices=MODES, default="quick")
    parser.add_argument("--began", type=float, default=time.time())
    parser.add_argument("--workload", nargs="*", default=[])
    parser.add_argument("--input", nargs="*", default=[])
    parser.add_argument("--out")
    parser.add_argument("--program")
    parser.add_argument("--report-only", action="store_true")
    return parser.parse_args(arguments)


def catch_interrupts():
    def stop(_number, _frame):
        for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(one, signal.SIG_IGN)
        raise Interrupted

    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, stop)


def check_workloads(program, wanted):
    known = [w["name"] for w in program.list()["workloads"]]
    for name in wanted:
        if name not in known:
            raise BenchError(f"no workload {name}; there are: "
                             f"{', '.join(known)}", 2)


def described_inputs(paths):
    """What is kept of the user's input files: how much, not where."""
    files = []
    for path in map(Path, paths):
        files += [p for p in path.rglob("*") if p.is_file()] \
            if path.is_dir() else [path]
    return {"files": len(files), "bytes": sum(p.stat().st_size
                                              for p in files)}


def measure(options, folder, progress):
    binary = options.program or Path(options.root, "build/release/bench",
                                     "schedkit")
    if not os.access(binary, os.X_OK):
        raise BenchError("the build made no build/release/bench/schedkit")
    inputs = [os.path.abspath(path) for path in options.input]
    program = Program(binary, str(folder), inputs)
    check_workloads(program, options.workload)
    found = environment.capture(options.root)
    raw = {"environment": found, "only": options.workload,
           "inputs": described_inputs(inputs) if inputs else None}
    return raw | Session(program, MODES[options.mode], options,
                         progress).run()


def write(options, raw, folder, target, progress):
    """The report and its figures into the folder, then into place."""
    # Imported late: a wrong option or a failed build need not wait for it.
    import report
    progress.show("writing the report", "", 8)
    predictions = Path(options.root, "bench/predictions.json")
    with open(predictions, encoding="utf-8") as file:
        text = report.write(raw, json.load(file), target, folder)
    store.dump(raw, folder)
    leftovers = [p for p in folder.iterdir() if p.is_file()
                 and p.name != store.RAW]
    for path in leftovers:
        path.unlink()
    store.publish(folder, text, target)


def run(options, target, progress):
    if options.report_only:
        raw = store.load(target)
    with store.workspace(target) as folder:
        if not options.report_only:
            raw = measure(options, folder, progress)
        write(options, raw, folder, target, progress)
    progress.say(f"wrote {os.path.relpath(target.report)}, with figures and "
                 f"raw data in {os.path.relpath(target.results)}")


def main(arguments):
    options = parse(arguments)
    target = store.Target(options.root, options.out)
    progress = Progress()
    catch_interrupts()
    try:
        run(options, target, progress)
    except Interrupted:
        return ended(progress, "interrupted; earlier results are untouched",
                     130)
    except BenchError as error:
        return ended(progress, str(error), error.status)
    except OSError as error:
        return ended(progress, store.explain(error, target), 1)
    return 0


def ended(progress, message, status):
    progress.say(f"bench/run: {message}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
