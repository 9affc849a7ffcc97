# SPDX-License-Identifier: MIT
"""Keeping results: raw data beside the report, replaced only when complete."""

import errno
import json
import os
import shutil
import signal
import tempfile
from contextlib import contextmanager
from pathlib import Path

from program import BenchError

RAW = "results.json"
PARTS = {"mode", "environment", "workloads", "rows", "blocks", "metrics",
         "series", "micro", "failures", "spent"}     # no report without


class Target:
    """Where the report and the raw results go."""

    def __init__(self, root, out=None):
        base = Path(out) if out else Path(root)
        self.report = base / "RESULTS.md"
        self.results = (base if out else base / "bench") / "results"

    def link(self, name):
        """A file of the results folder as seen from the report."""
        return os.path.relpath(self.results / name, self.report.parent)


def load(target):
    """The kept raw results."""
    path = target.results / RAW
    damaged = BenchError(f"{path} is damaged; measure again")
    try:
        with open(path, encoding="utf-8") as file:
            raw = json.load(file)
    except FileNotFoundError:
        raise BenchError(f"there are no results in {target.results} yet; "
                         "run bench/run without --report-only") from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise damaged from None
    if not isinstance(raw, dict) or not PARTS <= raw.keys():
        raise damaged
    return raw


def dump(raw, folder):
    """Writes raw results: one line per row, run and failure, no spaces."""
    def flat(value):
        return json.dumps(value, separators=(",", ":"))

    parts = []
    for key, value in raw.items():
        if key == "blocks":
            text = ",\n".join(_block_text(block, flat) for block in value)
            parts.append(f'"blocks":[\n{text}]')
        elif isinstance(value, list) and value:
            text = ",\n".join(flat(item) for item in value)
            parts.append(f"{flat(key)}:[\n{text}]")
        else:
            parts.append(f"{flat(key)}:{flat(value)}")
    with open(Path(folder) / RAW, "w", encoding="utf-8") as file:
        file.write("{\n" + ",\n".join(parts) + "\n}\n")


def _block_text(block, flat):
    head = flat({k: v for k, v in block.items() if k != "runs"})
    runs = ",\n".join(flat(run) for run in block["runs"])
    return f'{head[:-1]},"runs":[\n{runs}]}}'


@contextmanager
def workspace(target):
    """A temporary folder beside the results, gone afterwards."""
    target.results.parent.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix=".results-", dir=target.results.parent)
    os.chmod(folder, 0o755)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _signals_held():
    held = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, held)


def publish(folder, report, target):
    """Puts the folder and the report in place of the old ones, or leaves
    both old ones as they were."""
    draft = folder / "RESULTS.md"
    draft.write_text(report, encoding="utf-8")
    beside = target.report.with_name(f".RESULTS.md.{folder.name[-8:]}")
    try:
        # The report may be on another filesystem than the results.
        shutil.move(draft, beside)
        os.chmod(beside, 0o644)
        with _signals_held():
            _swap(folder, target.results)
            try:
                os.replace(beside, target.report)
            except OSError:
                _swap_back(folder, target.results)
                raise
    finally:
        beside.unlink(missing_ok=True)


def _swap(folder, place):
    """Renames folder to place; what was there ends up under folder's name,
    where it is removed with it."""
    if not place.exists():
        os.rename(folder, place)
        return
    old = folder.with_name(folder.name + "-old")
    os.rename(place, old)
    try:
        os.rename(folder, place)
    except OSError:
        os.rename(old, place)
        raise
    os.rename(old, folder)


def _swap_back(folder, place):
    """Undoes _swap: the folder has its name again."""
    if folder.exists():
        _swap(folder, place)
    else:
        os.rename(place, folder)


def explain(error, target):
    """One line that says what to do about an operating system error."""
    what = {
        errno.ENOSPC: "the disk is full: free some space, or choose another "
                      "folder with --out DIR",
        errno.EDQUOT: "the disk quota is used up: free some space, or choose "
                      "another folder with --out DIR",
        errno.EACCES: "permission denied: choose a folder that you may write "
                      "to with --out DIR",
        errno.EPERM: "not permitted: choose another folder with --out DIR",
        errno.EROFS: "the filesystem is read-only: choose another folder "
                     "with --out DIR",
    }.get(error.errno, error.strerror or str(error))
    return f"{target.results.parent}: {what}. Earlier results are untouched"
