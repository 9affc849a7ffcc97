# SPDX-License-Identifier: MIT
"""The second half of the report: threats, how it was measured, environment,
commands, raw data."""

import figures
import stats
import tables
from claims import PLACES
from machine import RULE
from units import number, percent, ratio_text, span


def threats(data):
    seen = data.environment
    steal = [block["steal"] for block in data.raw["blocks"]]
    return f"""## Threats to validity

- **One machine.** {seen["virtual_cpus"]} CPUs of {seen["cpu"]}, hypervisor
  {seen["hypervisor"]}, one kernel, one C library, one compiler. Two cores are
  the most that any row uses.
- **Virtual CPUs.** What wakes an idle one, and how long that takes, is the
  hypervisor's affair; {percent(min(steal))} to {percent(max(steal))} of the
  blocks' CPU time was reported as stolen, waking included.
- **Whole processes.** hyperfine times whole processes; the slope takes out
  what does not grow with the number of items, and keeps what does.
  {slope_agreement(data)}
- **Warm processes are not seen.** Every run is a new process: an effect that
  takes longer than a run to appear is not here.
- **Selection.** "The cheapest of several arms" is chosen by the same data that
  its cost is read from, which flatters it a little.
- **Many comparisons.** One interval in twenty misses the truth by
  construction, and this report has some hundreds; single surprising rows
  should be measured again.
- **CPU time** is {seen["cpu_time_accounting"]}.
- **Kernel memory** (stacks of threads, page tables) is not part of the peak
  RSS in the tables{kernel_memory(data)}.
"""


def kernel_memory(data):
    """Where the kernel's share of memory is to be found."""
    seen = any(one.get("group") == "memory" for one in data.raw["micro"])
    return "; see [Micro figures](#micro-figures-and-peers) for it" if seen \
        else " and was not measured in this run"


def slope_agreement(data):
    """How the two clocks agree on the cost per item."""
    differ, rows = [], [r for r in data.main() if data.cost(r).resolved]
    for row in rows:
        inner = stats.summary(data.inner_slopes(row))
        if inner.blocks and abs(inner.median / data.cost(row).median - 1) \
                > stats.EFFECT:
            differ.append(row.id)
    if not differ:
        return (f"In all {len(rows)} rows the slope of the time that the "
                "program takes of itself agrees within 5 %.")
    return (f"In {len(rows) - len(differ)} of {len(rows)} rows the slope of "
            "the time that the program takes of itself agrees within 5 %; "
            f"not in {', '.join(differ)}.")


# --- method ------------------------------------------------------------------

def how(data, drawn, target):
    spent, raw = data.raw["spent"], data.raw
    blocks = len(raw["blocks"])
    warm = drawn["warm-up"]
    parts = [f"""## How it was measured

- **Runs.** Each row was first calibrated, in process, so that a run lasts
  about {spent["target_ms"]:.0f} ms at its greatest size\
{target_note(spent)}. Every run checks its result against the checksum of the
  sequential arm, computed beforehand, and fails if it differs.
- **Blocks.** In each block every row runs at every size, \
{times_word(spent["runs"])} with
  {spent["warmup"]} warm-up runs, in a fresh random order, timed by
  `hyperfine -N`. The number of blocks is what fits into
  {spent["budget_s"]:.0f} s: {blocks} were run, \
{blocks - len(data.rejected)} accepted, {len(data.rejected)} rejected.
- **Layout.** The size of the environment is random in each block; addresses
  are randomised by the kernel (setting \
{data.environment["address_randomisation"]}).
- **Rule for rejecting a block**, fixed beforehand: {RULE}
- **Statistics.** Cost per item: the least-squares slope of time over items in
  each block, then the median over blocks; r² is that of one line through the
  runs of all accepted blocks. Ratios: the quotient of two such medians, with
  the 95 % percentile interval of {stats.RESAMPLES:,} bootstrap resamples of
  the blocks, both arms from the same blocks. A ratio whose interval holds 1,
  or lies within 5 % of 1, is reported as "no difference shown". Crossings:
  interpolated between logarithms, with the interval of the same resamples.
  Quantiles beyond the quartiles are not given, because the samples do not
  carry them; micro figures with 1,000 samples or more have a p99.
  Nothing is left out as an outlier.
"""]
    parts.append("### Blocks\n\n" + tables.block_table(data))
    parts.append(control_text(data))
    parts.append(overheads(data))
    parts.append(failure_text(data))
    parts.append("### Warm-up\n\n" + warm_up_text(data))
    if warm:
        parts.append(figures.markdown(warm, target))
    return "\n".join(parts)


def target_note(spent):
    if spent["target_ms"] >= 99.5:
        return ""
    return " (less than the 100 ms of a full run, to keep within the time)"


def times_word(count):
    return "once" if count == 1 else f"{count} times"


def control_text(data):
    lines = [[row.id, row.twin, f"`{twin.arm}`", PLACES[twin.placement],
              ratio_text(ratio), control_word(ratio)]
             for row, twin, ratio in data.controls()]
    if not lines:
        return "### A/A control\n\nThere is none in this run.\n"
    return ("### A/A control\n\nThe same row entered twice under two labels: "
            "the interval should cover 1, and its width is what this run can "
            "resolve. One control in twenty fails by chance.\n\n"
            + tables.table(["row", "twin", "arm", "placement",
                            ">ratio", "covers 1"], lines))


def control_word(ratio):
    if not ratio.resolved:
        return "not resolved"
    return "yes" if ratio.low <= 1 <= ratio.high else "**no**"


def overheads(data):
    """The empty process and the clock."""
    empty = next((row for row in data.rows if row.role == "empty"), None)
    parts = ["### The instruments\n"]
    if empty and len(data.whole_ms(empty)):
        one = stats.summary(data.whole_ms(empty))
        parts.append(f"An empty process (`schedkit run {empty.workload} "
                     f"--arm {empty.arm} --items 0`) takes "
                     f"{number(one.median, 2)} ms "
                     f"[{span(one.minimum, one.maximum)}]; the slope takes "
                     "it out of every cost.")
    clocks = [one for one in data.raw["micro"] if one.get("group") == "clock"
              and any(w in one["name"] for w in ("now", "clock"))]
    for one in clocks:
        parts.append(f"{one['name']}: {number(one['median'], 2)} "
                     f"{one.get('unit', 'ns')} "
                     f"[{span(one['min'], one['max'])}]. It is read twice in "
                     "a run, outside the items.")
    if not clocks:
        parts.append("The cost of the clock was not measured in this run.")
    return "\n".join(parts) + "\n"


def failure_text(data):
    counted = data.failures()
    if not counted:
        return ("### Failures\n\nNo run failed, none met its time limit, and "
                "no checksum differed.\n")
    lines = [[row, stage, reason, times]
             for (row, stage, reason), times in sorted(counted.items())]
    return ("### Failures\n\nFailed runs are in no statistic; a row that "
            "fails twice is left out of the blocks that follow.\n\n"
            + tables.table(["row", "in", "what", ">times"], lines))


def warm_up_text(data):
    series = [one for one in data.raw["series"] if len(one["times"]) > 2]
    if not series:
        return "No series was taken in this run.\n"
    slow = [one["row"] for one in series
            if abs(stats.trend(one["times"]) - 1) > stats.EFFECT]
    if not slow:
        return ("The first of consecutive runs stays within 5 % of the later "
                f"half in all {len(series)} series.\n")
    return ("The first of consecutive runs differs by more than 5 % from the "
            f"later half in {len(slow)} of {len(series)} series "
            f"({', '.join(slow)}). Block runs come after other rows, not "
            "after themselves, so each is a first run of its kind.\n")


# --- environment, again, commands, raw ---------------------------------------

LABELS = {
    "cpu": "CPU", "virtual_cpus": "virtual CPUs",
    "usable_cpus": "CPUs usable here", "siblings": "cores",
    "hypervisor": "hypervisor", "memory_gib": "memory, GiB",
    "kernel": "kernel", "architecture": "architecture",
    "preemption": "kernel preemption mode", "hz": "HZ",
    "cpu_time_accounting": "CPU time accounting",
    "idle_driver": "idle driver", "idle_governor": "idle governor",
    "frequency_governor": "frequency governor",
    "clock_source": "clock source", "mitigations": "mitigations",
    "address_randomisation": "address randomisation",
    "transparent_huge_pages": "transparent huge pages",
    "pid_max": "pid_max", "max_map_count": "max_map_count",
    "limits": "resource limits", "libc": "C library",
    "compiler": "compiler", "build_type": "build type", "flags": "flags",
    "linker_flags": "linker flags", "python": "Python", "commit": "commit",
    "packages": "packages", "date": "date",
}


def environment(data):
    lines = []
    for key, label in LABELS.items():
        if key in data.environment:
            lines.append([label, cell_text(data.environment[key])])
    return "## Environment\n\n" + tables.table(["what", "here"], lines)


def cell_text(value):
    if isinstance(value, dict):
        return ", ".join(f"{k} {v}" for k, v in value.items())
    if isinstance(value, list):
        return "<br>".join(map(str, value))
    return str(value) or "–"


COMMANDS = [
    ("quick", "bench/run", "quick: at most 3 minutes with the build"),
    ("full", "bench/run --full", "every sweep, about 40 minutes"),
    ("", "bench/run --report-only",
     "the report again, from the kept raw data"),
]


def again(data):
    only = data.raw.get("only")
    extra = f" --workload {' '.join(only)}" if only else ""
    extra += " --input PATH..." if data.raw.get("inputs") else ""
    lines = [(f"bench/run --{data.raw['mode']}{extra}", "this report")]
    # The mode's own line would say the same again.
    lines += [(command, what) for mode, command, what in COMMANDS
              if extra or mode != data.raw["mode"]]
    width = max(len(command) for command, _ in lines)
    text = "\n".join(f"{command:{width}}   # {what}"
                     for command, what in lines)
    return f"## How to run it again\n\n```sh\n{text}\n```\n"


def commands(data):
    rows = [row for row in data.rows]
    note = ("`schedkit` is `build/release/bench/schedkit`. Timed runs have "
            "two more options: `--metrics FILE`, and `--expect CHECKSUM` "
            "with the checksum of the sequential arm.")
    if data.raw.get("inputs"):
        seen = data.raw["inputs"]
        note += (f" The text was {seen['files']:,} files of "
                 f"{seen['bytes']:,} bytes, not the default.")
    return (f"## Commands\n\n{note}\n\n" + tables.folded(
        f"The command of each of the {len(rows)} rows",
        tables.command_table(data, rows)))


def raw_section(data, target):
    return f"""## Raw data

[{target.link("results.json")}]({target.link("results.json")}) holds every run
of every block in the order in which it ran (row, size, seconds of the whole
process, metrics: {", ".join(data.raw["metrics"])}), rejected blocks and
failures included, with the micro figures and the environment. Figures and
report are drawn from it alone.
"""
