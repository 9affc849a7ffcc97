# SPDX-License-Identifier: MIT
"""Running schedkit and hyperfine: child processes, time limits, metrics."""

import json
import os
import re
import shlex
import signal
import subprocess

METRICS = ("wall_ns", "user_ns", "system_ns", "voluntary_switches",
           "involuntary_switches", "migrations", "peak_rss_bytes",
           "minor_faults")


# What a quick look has the time for; all groups are measured in a full run.
QUICK_GROUPS = ("clock", "switch", "next", "walk", "cancel", "create",
                "mutex", "checkpoint", "select", "handoff", "memory")


class BenchError(Exception):
    """Ends the run with one clear line and an exit status."""

    def __init__(self, message, status=1):
        super().__init__(message)
        self.status = status


class Interrupted(Exception):
    """Ctrl-C or a request to terminate."""


class RunFailed(Exception):
    """One run failed; it is counted and shown, and the rest goes on."""


class Child:
    """At most one child at a time, in a process group of its own, so that
    ending it also ends what it started."""

    def __init__(self):
        self.process = None

    def run(self, command, limit_s, env=None):
        """(exit status, output, errors); RunFailed past the time limit."""
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=env, start_new_session=True)
        try:
            out, err = self.process.communicate(timeout=limit_s)
            return self.process.returncode, out, err.decode(errors="replace")
        except subprocess.TimeoutExpired:
            raise RunFailed(f"time limit of {limit_s:.0f} s") from None
        finally:
            self.end()

    def end(self):
        """Ends the group of the child, if any of it is left."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()
        self.process = None


class Program:
    """The schedkit executable."""

    def __init__(self, path, folder, inputs=()):
        self.path = str(path)
        self.folder = folder
        self.metrics_path = os.path.join(folder, "metrics.jsonl")
        self.inputs = inputs
        self.child = Child()

    def list(self):
        status, out, err = self._call([self.path, "list", "--json"], 10)
        if status != 0:
            raise BenchError(f"schedkit list failed: {last_line(err)}")
        return json.loads(out)

    def command(self, row, items):
        """The whole command of a run, with the user's own input files."""
        words = [self.path] + row.arguments(items)
        if row.reads_text:
            for path in self.inputs:
                words += ["--input", path]
        return words

    def run(self, row, items, limit_s, expect=None):
        """One run outside hyperfine; its metrics as a dict."""
        command = self.command(row, items) + ["--metrics", self.metrics_path]
        if expect is not None:
            command += ["--expect", expect]
        self.take_metrics()
        status, _, err = self._call(command, limit_s)
        if status != 0:
            raise RunFailed(f"exit status {status}: {last_line(err)}")
        lines = self.take_metrics()
        if len(lines) != 1:
            raise RunFailed("no metrics line")
        return lines[0]

    def time(self, row, items, expect, mode, limit_s, env):
        """Whole-process times by hyperfine, with the metrics of the same
        runs. Failed runs raise, so that none of them can be used."""
        command = self.command(row, items) + ["--metrics", self.metrics_path]
        if expect:
            command += ["--expect", expect]
        export = os.path.join(self.folder, "hyperfine.json")
        self.take_metrics()     # those of a call that failed
        status, _, err = self._call(
            ["hyperfine", "-N", "--style", "none", "--ignore-failure",
             "--warmup", str(mode.warmup), "--runs", str(mode.runs),
             "--export-json", export, shlex.join(command)], limit_s, env)
        if status != 0:
            raise RunFailed(f"hyperfine: {last_line(err)}")
        with open(export, encoding="utf-8") as file:
            result = json.load(file)["results"][0]
        bad = [code for code in result["exit_codes"] if code != 0]
        lines = self.take_metrics()
        if bad:
            raise RunFailed(f"exit status {bad[0]}")
        if expect and not all(line.get("verified") for line in lines):
            raise RunFailed("result not verified")
        return result["times"], lines[mode.warmup:]

    def micro(self, path, quick, limit_s):
        """Runs the micro measurements into a file of JSON lines."""
        command = [self.path, "micro", "--json", path]
        if quick:
            command += ["--quick", *QUICK_GROUPS]
        status, _, err = self._call(command, limit_s)
        if status != 0:
            raise RunFailed(f"exit status {status}: {last_line(err)}")

    def take_metrics(self):
        """The metrics lines written since the last call."""
        try:
            with open(self.metrics_path, encoding="utf-8") as file:
                lines = [json.loads(line) for line in file if line.strip()]
            os.unlink(self.metrics_path)
            return lines
        except FileNotFoundError:
            return []

    def _call(self, command, limit_s, env=None):
        try:
            return self.child.run(command, limit_s, env)
        except FileNotFoundError:
            name = os.path.basename(command[0])
            raise BenchError(f"{name} is not there to be run", 3) from None


def last_line(text):
    """What a program said last, without the folders of paths, or a dash."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return re.sub(r"(?<!\S)/\S*/", "", lines[-1]) if lines else "-"


def compact(metrics):
    """The figures of a metrics line as a list, in the order of METRICS."""
    return [metrics.get(name) for name in METRICS]
