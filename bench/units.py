# SPDX-License-Identifier: MIT
"""Numbers as text: as many digits as they carry, and units."""

import math


def digits_of(value, low, high):
    """How many significant digits a value with this interval carries: three
    when it is known to a hundredth, else two."""
    if not (math.isfinite(low) and math.isfinite(high)) or value == 0:
        return 2
    relative = (high - low) / 2 / abs(value)
    return 3 if relative < 0.01 else 2


def number(value, digits=3):
    """A number with so many significant digits, never in powers of ten."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    # Rounding up may have added a digit: 9.96 becomes 10, not 10.0.
    places = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(places, 0)}f}"


def plain(value):
    """A number as it was written, with thousands set apart."""
    text = f"{value:,.3f}"
    return text.rstrip("0").rstrip(".")


def measured(value, low, high):
    """A value with the digits that its interval leaves it."""
    return number(value, digits_of(value, low, high))


def span(low, high, digits=2):
    return f"{number(low, digits)} to {number(high, digits)}"


def ratio_text(ratio):
    """A ratio with its interval: 12 [11–14]."""
    if ratio.blocks == 0:
        return "–"
    if not ratio.resolved:
        return "not resolved"
    digits = digits_of(ratio.value, ratio.low, ratio.high)
    return (f"{number(ratio.value, digits)} "
            f"[{number(ratio.low, digits)}–{number(ratio.high, digits)}]")


def cost_text(cost):
    """A cost in ns with the digits it carries."""
    if cost.blocks == 0:
        return "–"
    if not cost.resolved:
        return "not resolved"
    return measured(cost.median, cost.low, cost.high)


def ns_text(value, digits=2):
    """A time in the unit that reads best."""
    for limit, scale, unit in ((1e4, 1, "ns"), (1e7, 1e3, "µs"),
                               (1e10, 1e6, "ms"), (math.inf, 1e9, "s")):
        if abs(value) < limit:
            return f"{number(value / scale, digits)} {unit}"
    return "–"


def bytes_text(value):
    if not math.isfinite(value):
        return "–"
    return f"{number(value / 2**20, 3)} MiB"


def plural(noun):
    """More than one of it: runs, leaves."""
    return noun.removesuffix("f") + "ves" if noun.endswith("f") else noun + "s"


def counted(count, noun):
    """A count with its noun: 1 run, 2 runs."""
    return f"{count:,} {noun if count == 1 else plural(noun)}"


def percent(share, digits=1):
    return f"{share * 100:.{digits}f} %"


def count_text(value):
    """A count per item: many are tiny."""
    if not math.isfinite(value):
        return "–"
    if value < 0.0005:
        return "0" if value == 0 else "<0.001"
    return number(value, 2)
