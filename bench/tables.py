# SPDX-License-Identifier: MIT
"""The tables of the report, in Markdown."""

from claims import PLACES
from plan import PLAIN, STACKLESS, SWEEPABLE
from units import (bytes_text, cost_text, count_text, measured, ns_text,
                   number, plural, ratio_text)


def table(heads, lines):
    """A Markdown table; heads that start with > are numbers."""
    names = [head.lstrip(">") for head in heads]
    rules = ["---:" if head.startswith(">") else "---" for head in heads]
    rows = [names, rules] + [[str(cell) for cell in line] for line in lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def folded(summary, text):
    """A part that opens on demand."""
    return f"<details><summary>{summary}</summary>\n\n{text}\n</details>\n"


def shown(ratio):
    """A ratio, or that it shows no difference."""
    if not ratio.resolved:
        return ratio_text(ratio)
    if ratio.no_difference:
        return f"no difference shown ({ratio_text(ratio)})"
    return ratio_text(ratio)


def swept(rows):
    """The parameters that vary among the rows."""
    return [name for name in SWEEPABLE
            if len({row.params[name] for row in rows
                    if name in row.params}) > 1]


HEADS = {"share": ">producer's share, %", "work": ">nominal work, ns"}


def head_of(name):
    """The head of a swept parameter's column."""
    return HEADS.get(name, f">{name}")


def value_of(row, name):
    """A parameter of a row, a dash when the arm does not read it."""
    return f"{row.params[name]:,}" if name in row.params else "–"


def full_table(data, workload):
    """Every row of a workload with everything that was measured of it."""
    rows = data.main(workload)
    names = swept(rows)
    heads = (["row", "arm", "form", "placement"] + [head_of(n) for n in names]
             + [f">ns/{rows[0].unit}", ">min–max", ">r²", ">× sequential",
                ">× coop", ">CPU ns", ">voluntary", ">involuntary",
                ">migrations", ">peak RSS"])
    lines = []
    for row in rows:
        lines.append([row.id, f"`{row.arm}`", row.form, PLACES[row.placement]]
                     + [value_of(row, n) for n in names]
                     + figures_of(data, row))
    return table(heads, lines)


def figures_of(data, row):
    cost = data.cost(row)
    floor = data.base(row, "seq")
    rival = data.counterpart(row)
    spread = f"{number(cost.minimum, 2)}–{number(cost.maximum, 2)}"
    cpu = data.metric(row, "user_ns", True) + data.metric(row, "system_ns",
                                                          True)
    return [cost_text(cost), spread, r2_text(cost.r2),
            "1" if floor is row else shown(data.ratio(row, floor)),
            coop_ratio(data, row, rival), number(cpu, 2),
            count_text(data.metric(row, "voluntary_switches", True)),
            count_text(data.metric(row, "involuntary_switches", True)),
            number(data.metric(row, "migrations"), 2),
            bytes_text(data.metric(row, "peak_rss_bytes"))]


def coop_ratio(data, row, rival):
    """The ratio to coop's arm of the same form; which arm when not plain."""
    if row.policy == "seq" or rival is None:
        return "–"
    if rival is row:
        return "1"
    ratio = data.ratio(row, rival)
    if rival.arm == "coop" or not ratio.resolved:
        return shown(ratio)
    return f"{shown(ratio)} of `{rival.arm}`"


def r2_text(value):
    """r² without rounding up to a perfect fit."""
    if value != value:
        return "–"
    return ">0.999" if value > 0.999 else f"{value:.3f}"


def pivot(data, workload, speedup=False):
    """The plain arms side by side, one line per point of the sweep."""
    rows = [r for r in data.main(workload) if r.arm in PLAIN + STACKLESS
            and r.placement in ("one", "two")]
    names = swept(rows)
    points = list(dict.fromkeys(
        tuple(row.params[n] for n in names) for row in rows
        if all(n in row.params for n in names) and row.policy != "seq"))
    places = [p for p in ("one", "two")
              if any(r.arm == "preempt" and r.placement == p for r in rows)]
    frames = [arm for arm in STACKLESS if any(r.arm == arm for r in rows)]
    heads = ([head_of(n) for n in names] + [">sequential, ns", ">coop, ns"]
             + [f">{arm}, ns" for arm in frames]
             + [f">preempt {PLACES[p]}, ns" for p in places])
    if speedup:
        heads += [">coop: speed-up"] + [f">preempt {PLACES[p]}: speed-up"
                                        for p in places]
    else:
        heads += [f">preempt / coop, {PLACES[p]}" for p in places]
    return table(heads, [pivot_line(data, rows, dict(zip(names, point)),
                                    frames, places, speedup)
                         for point in points])


def pivot_line(data, rows, at, frames, places, speedup):

    def pick(arm, place):
        return next((r for r in rows if (r.arm, r.placement) == (arm, place)
                     and all(r.params.get(n, v) == v
                             for n, v in at.items())), None)

    def cost(row):
        return cost_text(data.cost(row)) if row else "–"

    base, coop = pick("seq", "one"), pick("coop", "one")
    threads = [pick("preempt", place) for place in places]
    line = [f"{value:,}" for value in at.values()]
    line += [cost(row) for row in
             [base, coop] + [pick(arm, "one") for arm in frames] + threads]
    if speedup:
        return line + [speedup_text(data, base, row)
                       for row in [coop] + threads]
    return line + [shown(data.ratio(row, coop)) if row and coop else "–"
                   for row in threads]


def speedup_text(data, base, row):
    return shown(data.ratio(base, row)) if base and row else "–"


def micro_groups(data):
    """{group: table} of the micro figures, the kit and its peers together."""
    groups = {}
    for one in data.raw["micro"]:
        groups.setdefault(one.get("group", "other"), []).append(one)
    return {group: micro_table(lines) for group, lines in groups.items()}


LEAST_FOR_QUARTILES = 5
FOLD_FROM = 24          # lines of a table that opens on demand


def micro_table(lines):
    """By figure and placement; where less is better the cheapest comes first
    and the best peer is the base."""
    cells = {}
    for one in lines:
        cells.setdefault((one.get("figure", ""), one.get("placement", "")),
                         []).append(one)
    body = []
    for (figure, place), ones in cells.items():
        share = ones[0].get("unit") == "ratio"
        peers = [o["median"] for o in ones if o.get("peer") and o["median"]
                 and not share]
        for one in sorted(ones, key=lambda o: (-1 if share else 1)
                          * o["median"]):
            body.append([figure, PLACES.get(place, place or "–"),
                         one["name"] + (" (peer)" if one.get("peer") else ""),
                         micro_median(one), quartiles(one),
                         f"{number(one['min'])}–{number(one['max'])}",
                         one.get("unit", ""), f"{one.get('samples', '–')}",
                         against(one, peers)])
    text = table(["figure", "placement", "what", ">median", ">quartiles",
                  ">min–max", "unit", ">samples", ">× best peer"], body)
    return folded(f"All {len(body)} figures", text) \
        if len(body) > FOLD_FROM else text


def micro_median(one):
    low, high = one.get("p25"), one.get("p75")
    if low is None or high is None:
        return number(one["median"], 2)
    return measured(one["median"], low, high)


def quartiles(one):
    if one.get("p25") is None or \
            one.get("samples", 0) < LEAST_FOR_QUARTILES:
        return "–"
    return f"{number(one['p25'])}–{number(one['p75'])}"


def against(one, peers):
    if one.get("peer") or not peers:
        return "–"
    return number(one["median"] / min(peers), 2)


def block_table(data):
    """Every block, the rejected ones too."""
    lines = []
    for block, reason in zip(data.raw["blocks"], data.reasons):
        lines.append([
            block["number"], f"{block['elapsed_s']:.0f} s",
            *(f"{block[k] * 100:.1f} %" for k in (
                "lost_before", "lost_after", "steal", "foreign")),
            block["load_before"], block["load_after"], block["padding"],
            reason or "accepted"])
    return table([">block", ">length", ">lost before", ">lost after",
                  ">stolen", ">others", ">load before", ">load after",
                  ">padding, bytes", "verdict"], lines)


def command_table(data, rows):
    """The exact command behind every row."""
    lines = []
    for row in rows:
        sizes = ", ".join(f"{size['items']:,}" for size in row.sizes)
        unit = row.items_unit or (
            "passes" if row.reads_text else plural(row.unit))
        lines.append([row.id, f"`{command(data, row)}`",
                      f"{sizes} {unit}", time_range(data, row)])
    return table(["row", "command (at the greatest size)", "sizes",
                  ">one run"], lines)


def time_range(data, row):
    times = data.whole_ms(row)
    if not len(times):
        return "–"
    return ns_text(float(sorted(times)[len(times) // 2]) * 1e6)


def command(data, row):
    words = ["schedkit run", row.workload, "--arm", row.arm, "--placement",
             row.placement]
    for name, value in row.params.items():
        words += [f"--{name}", str(value)]
    if row.reads_text and data.raw.get("inputs"):
        words += ["--input", "PATH"]
    return " ".join(words + ["--items", str(row.sizes[-1]["items"])])
