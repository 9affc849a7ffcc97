# SPDX-License-Identifier: MIT
"""The figures. Each function draws one and returns its alternative text, or
None when the data has nothing for it.

All inks are mid-tones on a transparent background, so that one file can be
read on a light and on a dark page."""

from dataclasses import dataclass

import matplotlib

matplotlib.use("svg")
# The backend has to be chosen before pyplot is imported.
# pylint: disable=wrong-import-position
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: E402

import claims  # noqa: E402
from claims import PLACES, reference_rows, share_text  # noqa: E402
from dataset import CELLS, cell  # noqa: E402
from units import number, plain, ratio_text  # noqa: E402

INK = "#767676"
ARM_INKS = ["#0072b2", "#d55e00", "#009e73", "#c4679a", "#a07a00", "#7a68c9",
            "#5a8f9e", "#b0524a", "#6b8e23", "#8f6f52", "#c2607f", "#4a86c5"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "d"]
LINES = {"one": "-", "two": "--", "free": ":"}
# seq, coop and preempt keep their ink and marker in every figure.
FIXED = {"seq": 0, "coop": 1, "preempt": 2}


@dataclass(frozen=True)
class Figure:
    """A drawn figure: file name, caption and alternative text."""
    file: str
    caption: str
    alt: str


def style():
    plt.rcParams.update({
        "svg.fonttype": "none", "svg.hashsalt": "schedkit",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
        "font.size": 10, "text.color": INK, "axes.labelcolor": INK,
        "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
        "axes.titlecolor": INK, "legend.labelcolor": INK,
        "axes.spines.top": False, "axes.spines.right": False,
        "axes.grid": True, "grid.color": INK, "grid.alpha": 0.25,
        "grid.linewidth": 0.6, "legend.frameon": False, "legend.fontsize": 9,
        "figure.facecolor": "none", "axes.facecolor": "none",
        "savefig.facecolor": "none", "lines.markersize": 5,
    })


def look(data, arm):
    """The ink and marker of an arm, the same in every figure."""
    others = sorted({row.arm for row in data.main()} - FIXED.keys())
    index = FIXED.get(arm, len(FIXED) + (others.index(arm)
                                         if arm in others else 0))
    return ARM_INKS[index % len(ARM_INKS)], MARKERS[index % len(MARKERS)]


def save(figure, folder, name, title):
    figure.savefig(folder / name, format="svg", bbox_inches="tight",
                   metadata={"Date": None, "Creator": None, "Title": title})
    plt.close(figure)


def plain_ticks(axis):
    """Plain numbers instead of powers of ten."""
    axis.set_major_formatter(FuncFormatter(lambda v, _: plain(v)))
    axis.set_minor_formatter(NullFormatter())


def ratio_ticks(axis):
    """Ratios near 1 need more than one tick a decade."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    plain_ticks(axis)


def time_ticks(axis):
    """Times in the unit that reads best."""
    def text(value, _):
        for scale, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
            if value >= scale:
                return f"{plain(value / scale)} {unit}"
        return f"{plain(value)} ns"

    axis.set_major_formatter(FuncFormatter(text))
    axis.set_minor_formatter(NullFormatter())


# --- 1: ratios ---------------------------------------------------------------

def ratio_rows(data):
    """[(label, placement, ratio)] of plain preempt to coop: the reference
    point of every workload and both ends of its sweep."""
    found = []
    for workload in data.workloads():
        rows = [r for r in data.main(workload) if r.arm == "preempt"]
        points = chosen_points(data, workload, rows)
        for row in rows:
            ratio = data.ratio(row, data.base(row, "coop"))
            if point_of(row) in points and ratio.resolved:
                found.append((point_label(row), row.placement, ratio))
    return found


def point_of(row):
    return tuple(sorted(row.params.items()))


def chosen_points(data, workload, rows):
    """The reference point and the least and greatest of each parameter."""
    chosen = {point_of(row) for row in reference_rows(data, workload)}
    for name in {name for row in rows for name in row.params}:
        values = {row.params[name] for row in rows}
        if len(values) == 1:
            continue
        chosen |= {point_of(row) for row in rows
                   if row.params[name] in (min(values), max(values))
                   and row.params.get("share", 50) == 50}
    return chosen


def point_label(row):
    shown = {k: v for k, v in row.params.items()
             if k != "share" and (k != "capacity" or "work" not in row.params)}
    names = {"work": "{:,} ns of work", "nodes": "{:,} nodes",
             "primes": "{:,} primes", "leaves": "{:,} leaves"}
    words = [names.get(k, k + " {:,}").format(v) for k, v in shown.items()]
    if row.workload in claims.PUBLISHED:
        words.append("published elsewhere")
    return ", ".join([row.workload] + words)


def draw_ratios(data, folder):
    rows = ratio_rows(data)
    if not rows:
        return None
    labels = list(dict.fromkeys(label for label, _, _ in rows))
    height = 1.2 + 0.42 * len(labels)
    figure, axes = plt.subplots(figsize=(8, height))
    offsets = {"one": -0.2, "two": 0.0, "free": 0.2}
    for place, mark in (("one", "o"), ("two", "s"), ("free", "^")):
        found = [(labels.index(label), r) for label, p, r in rows
                 if p == place]
        if not found:
            continue
        ink = ARM_INKS[{"one": 0, "two": 1, "free": 2}[place]]
        axes.errorbar([r.value for _, r in found],
                      [y + offsets[place] for y, _ in found],
                      xerr=[[r.value - r.low for _, r in found],
                            [r.high - r.value for _, r in found]],
                      fmt=mark, color=ink, capsize=3, label=PLACES[place])
    axes.axvline(1, color=INK, linewidth=1.4)
    axes.axvspan(0.95, 1.05, color=INK, alpha=0.2, linewidth=0)
    axes.set_xscale("log")
    plain_ticks(axes.xaxis)
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("cost of preempt / cost of coop  (left of 1: preempt is "
                    "the cheaper one)")
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, 1 + 0.5 / height),
                ncol=3)
    save(figure, folder, "ratios.svg", "Ratio of preempt to coop")
    text = "; ".join(f"{label}, {PLACES[place]}: {ratio_text(ratio)}"
                     for label, place, ratio in rows[:12])
    return Figure("ratios.svg", "Cost of preempt as a multiple of coop's, by "
                  "workload and placement, with 95 % intervals; the band is "
                  "the threshold of 5 %.",
                  f"Ratio of preempt to coop on a logarithmic axis. {text}")


# --- 2: capacity -------------------------------------------------------------

def capacity_lines(data):
    """{(arm, placement): rows by rising capacity}."""
    lines = {}
    for row in data.main("bounded"):
        if row.policy != "seq" and data.cost(row).resolved \
                and row.placement in ("one", "two"):
            lines.setdefault((row.arm, row.placement), []).append(row)
    return {key: sorted(line, key=lambda row: row.param("capacity"))
            for key, line in lines.items() if len(line) > 1}


def draw_capacity(data, folder):
    lines = capacity_lines(data)
    if not lines:
        return None
    places = [p for p in ("one", "two")
              if any(place == p and arm.startswith("preempt")
                     for arm, place in lines)] or ["one"]
    figure, grid = plt.subplots(1, len(places), sharey=True, squeeze=False,
                                figsize=(4.6 * len(places), 4.6))
    for axes, place in zip(grid[0], places):
        capacity_panel(data, axes, place, lines)
    grid[0][0].set_ylabel("time per item")
    shared_legend(figure, grid[0])
    save(figure, folder, "capacity.svg", "Cost per item against capacity")
    text = "; ".join(
        f"{arm}, {PLACES[p]}: {number(data.cost(line[0]).median, 2)} ns at "
        f"capacity {line[0].param('capacity')}, "
        f"{number(data.cost(line[-1]).median, 2)} ns at "
        f"{line[-1].param('capacity')}" for (arm, p), line in lines.items())
    return Figure("capacity.svg", "Cost per item against the capacity of the "
                  "channel, both axes logarithmic, the threads on one core "
                  "and on two; whiskers are 95 % intervals of the median.",
                  f"Cost per item against capacity. {text}")


def capacity_panel(data, axes, place, lines):
    """The thread arms at one placement, and coop's beside them in both."""
    ticks = set()
    for (arm, placement), line in lines.items():
        if placement != place and line[0].mechanism == "thread":
            continue
        ink, mark = look(data, arm)
        costs = [data.cost(row) for row in line]
        ticks |= {row.param("capacity") for row in line}
        axes.errorbar([max(row.param("capacity"), 0.5) for row in line],
                      [c.median for c in costs],
                      yerr=[[c.median - c.low for c in costs],
                            [c.high - c.median for c in costs]],
                      color=ink, marker=mark, capsize=2, label=arm,
                      linestyle="-" if line[0].mechanism == "thread"
                      else "--")
    floor = data.find("bounded", "seq", "one")
    if floor and data.cost(floor).resolved:
        axes.axhline(data.cost(floor).median, color=INK, linewidth=1.4,
                     linestyle="-.", label="sequential")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks([max(c, 0.5) for c in sorted(ticks)],
                    [f"{c:,}" for c in sorted(ticks)])
    axes.xaxis.set_minor_formatter(NullFormatter())
    time_ticks(axes.yaxis)
    axes.set_title(f"threads on {PLACES[place]}", fontsize=10)
    axes.set_xlabel("capacity (0 is lock-step)")


def shared_legend(figure, panels):
    """One legend below all panels."""
    handles = {}
    for axes in panels:
        for handle, label in zip(*axes.get_legend_handles_labels()):
            handles.setdefault(label, handle)
    figure.legend(list(handles.values()), list(handles), ncol=4,
                  loc="upper center", bbox_to_anchor=(0.5, 0.0))


# --- 3: work -----------------------------------------------------------------

def draw_work(data, folder):
    balance = claims.shares(data)
    panels = [s for s in balance
              if any(len(claims.work_points(data, arm, place, s)) > 1
                     for arm in ("coop", "preempt")
                     for place in ("one", "two"))]
    if not panels:
        return None
    figure, grid = plt.subplots(1, len(panels), sharey=True, squeeze=False,
                                figsize=(4.6 * len(panels), 4.4))
    texts = []
    for axes, share in zip(grid[0], panels):
        texts.append(work_panel(data, axes, share))
    grid[0][0].set_ylabel("speed-up over sequential")
    shared_legend(figure, grid[0])
    save(figure, folder, "work.svg", "Speed-up against work per item")
    return Figure("work.svg", "Speed-up over the sequential program against "
                  "the measured work per item; the vertical line and band "
                  "mark where plain preempt on two cores overtakes it, with "
                  "its 95 % interval.",
                  "Speed-up over sequential against work per item. "
                  + " ".join(texts))


def work_panel(data, axes, share):
    arms = [(row.arm, row.placement) for row in data.main("crossover")
            if row.policy != "seq" and row.param("share") == share
            and row.placement in ("one", "two")]
    for arm, placement in dict.fromkeys(arms):
        pairs = claims.work_points(data, arm, placement, share)
        points = [(data.cost(base).median, data.ratio(base, row))
                  for base, row in pairs]
        points = [(x, r) for x, r in points if r.resolved and x > 0]
        if len(points) < 2:
            continue
        ink, mark = look(data, arm)
        axes.errorbar([x for x, _ in points], [r.value for _, r in points],
                      yerr=[[r.value - r.low for _, r in points],
                            [r.high - r.value for _, r in points]],
                      color=ink, marker=mark, linestyle=LINES[placement],
                      capsize=2, label=f"{arm}, {PLACES[placement]}")
    axes.axhline(1, color=INK, linewidth=1.4)
    axes.set_xscale("log")
    axes.set_yscale("log")
    time_ticks(axes.xaxis)
    ratio_ticks(axes.yaxis)
    axes.set_title(f"{share_text(share)}", fontsize=10)
    axes.set_xlabel("work per item")
    found = claims.crossing(data, "preempt", share)
    if found.kind == "crosses":
        low, high = axes.get_xlim()
        axes.axvline(found.value, color=INK, linestyle=":", linewidth=1.4)
        axes.axvspan(max(found.low, low), min(found.high, high), color=INK,
                     alpha=0.15, linewidth=0)
        axes.set_xlim(low, high)
    return (f"{share_text(share).capitalize()}: the crossing of preempt on "
            f"two cores {claims.crossing_text(found)}.")


# --- 4: depth ----------------------------------------------------------------

def depth_lines(data):
    """{(arm, placement): rows by rising depth} that can be drawn."""
    lines = {}
    for key, rows in claims.sweep_lines(data, "delegate", "depth").items():
        rows = [row for row in rows if data.cost(row).resolved]
        if len(rows) > 1:
            lines[key] = rows
    return lines


def draw_depth(data, folder):
    lines = depth_lines(data)
    if not lines:
        return None
    figure, axes = plt.subplots(figsize=(7, 4.6))
    depth_panel(data, axes, lines)
    shared_legend(figure, [axes])
    save(figure, folder, "depth.svg", "Cost per value against depth")
    text = "; ".join(
        f"{arm}, {PLACES[p]}: {number(data.cost(rows[0]).median, 2)} ns at "
        f"depth {rows[0].param('depth'):,}, "
        f"{number(data.cost(rows[-1]).median, 2)} ns at "
        f"{rows[-1].param('depth'):,}" for (arm, p), rows in lines.items())
    return Figure("depth.svg", "Cost per value against the depth of "
                  "delegation, both axes logarithmic; whiskers are 95 % "
                  "intervals of the median.",
                  f"Cost per value against depth of delegation. {text}")


def depth_panel(data, axes, lines):
    for (arm, placement), rows in lines.items():
        ink, mark = look(data, arm)
        depth_line(data, axes, rows, color=ink, marker=mark,
                   linestyle=LINES[placement],
                   label=f"{arm}, {PLACES[placement]}")
    floor = [row for row in data.main("delegate")
             if row.arm == "seq" and data.cost(row).resolved]
    if floor:
        depth_line(data, axes, sorted(floor, key=lambda r: r.param("depth")),
                   color=INK, linestyle="-.", label="sequential")
    depths = sorted({row.param("depth") for rows in lines.values()
                     for row in rows})
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks([max(d, 0.5) for d in depths],
                    [f"{d:,}" for d in depths])
    axes.xaxis.set_minor_formatter(NullFormatter())
    time_ticks(axes.yaxis)
    axes.set_xlabel("depth of delegation (0: none)")
    axes.set_ylabel("time per value")


def depth_line(data, axes, rows, **options):
    costs = [data.cost(row) for row in rows]
    axes.errorbar([max(row.param("depth"), 0.5) for row in rows],
                  [c.median for c in costs],
                  yerr=[[c.median - c.low for c in costs],
                        [c.high - c.median for c in costs]],
                  capsize=2, **options)


# --- 5: cells ----------------------------------------------------------------

def draw_cells(data, folder):
    """The policy and mechanism cells; only when all four are there."""
    if any(one not in data.cells() for one in CELLS):
        return None
    groups = {}
    for workload in data.workloads():
        rows = [row for row in reference_rows(data, workload)
                if row.placement == "one" and row.policy != "seq"
                and data.cost(row).resolved]
        best = {}
        for row in rows:
            other = best.get(cell(row))
            if other is None or data.cost(row).median < \
                    data.cost(other).median:
                best[cell(row)] = row
        if all(one in best for one in CELLS):
            groups[workload] = best
    if not groups:
        return None
    figure, axes = plt.subplots(figsize=(8, 4))
    for index, one in enumerate(CELLS):
        costs = [data.cost(best[one]) for best in groups.values()]
        axes.errorbar([x + 0.15 * (index - 1.5) for x in range(len(groups))],
                      [c.median for c in costs],
                      yerr=[[c.median - c.low for c in costs],
                            [c.high - c.median for c in costs]],
                      fmt=MARKERS[index], color=ARM_INKS[index], capsize=3,
                      label=f"{one[0]} on {one[1]}")
    axes.set_yscale("log")
    axes.set_xlim(-0.5, len(groups) - 0.5)
    time_ticks(axes.yaxis)
    axes.set_xticks(range(len(groups)), list(groups))
    axes.set_ylabel("time per item, one core")
    axes.legend(ncol=2, loc="upper center", bbox_to_anchor=(0.5, 1.18))
    save(figure, folder, "cells.svg", "Policy and mechanism")
    return Figure("cells.svg", "The four cells of policy and mechanism: the "
                  "cheapest arm of each, on one core.",
                  "Time per item by policy and mechanism on one core.")


# --- 6: warm-up --------------------------------------------------------------

def draw_warm_up(data, folder):
    series = [one for one in data.raw["series"] if len(one["times"]) > 2]
    if not series:
        return None
    figure, axes = plt.subplots(figsize=(8, 3.6))
    for index, one in enumerate(series):
        row, times = data.row(one["row"]), one["times"]
        later = sorted(times[len(times) // 2:])
        scale = later[len(later) // 2]
        axes.plot(range(1, len(times) + 1), [t / scale for t in times],
                  color=ARM_INKS[index], marker=MARKERS[index],
                  label=f"{row.workload}, {row.arm}, "
                        f"{PLACES[row.placement]}")
    axes.axhline(1, color=INK, linewidth=1.2)
    axes.set_xlabel("consecutive run")
    axes.set_ylabel("time / median of\nthe later half")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    save(figure, folder, "warm-up.svg", "Warm-up")
    return Figure("warm-up.svg", "Consecutive runs from the first one on, as "
                  "multiples of the median of the later half.",
                  "Times of consecutive runs of "
                  f"{len(series)} rows, relative to their later half.")


def draw_all(data, folder):
    """{name: Figure or None}, drawn into the folder."""
    style()
    folder.mkdir(exist_ok=True)
    return {"ratios": draw_ratios(data, folder),
            "capacity": draw_capacity(data, folder),
            "work": draw_work(data, folder),
            "depth": draw_depth(data, folder),
            "cells": draw_cells(data, folder),
            "warm-up": draw_warm_up(data, folder)}


def markdown(figure, target):
    """A figure as the report shows it."""
    link = target.link(f"figures/{figure.file}")
    alt = figure.alt.replace("[", "(").replace("]", ")").replace("\n", " ")
    return f"![{alt}]({link})\n\n*{figure.caption}*\n"
