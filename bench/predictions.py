# SPDX-License-Identifier: MIT
"""Predictions written before measuring, held against what was measured."""

from dataclasses import dataclass

import claims


@dataclass(frozen=True)
class Outcome:
    """A prediction and what became of it; `value` is None when this run has
    no such number."""
    prediction: dict
    value: float | None
    low: float = float("nan")
    high: float = float("nan")
    hit: bool = False


def outcomes(data, predictions):
    return [outcome(data, one) for one in predictions["predictions"]]


def outcome(data, one):
    found = measured(data, one["select"])
    if found is None:
        return Outcome(one, None)
    value, low, high = found
    return Outcome(one, value, low, high, one["low"] <= value <= one["high"])


def measured(data, select):
    """(value, low, high) of what a prediction is about, or None."""
    if select["kind"] == "crossing":
        found = claims.crossing(data, select["arm"], select["share"])
        return None if found.kind == "unknown" else (
            found.value, found.low, found.high)
    if select["kind"] in ("growth", "stage"):
        return of_ratio(within_arm(data, select))
    row = data.find(select["workload"], select["arm"], select["placement"],
                    select["params"])
    if row is None or not agrees(row, select["params"]):
        return None
    if select["kind"] == "cost":
        cost = data.cost(row)
        return (cost.median, cost.low, cost.high) if cost.resolved else None
    base = data.base(row, select["against"])
    ratio = data.ratio(row, base) if select["kind"] == "ratio" \
        else data.ratio(base, row) if base else None
    return of_ratio(ratio)


def within_arm(data, select):
    """The ratio of an arm to itself: at another point of the sweep (growth),
    or in another workload (stage). None without rows."""
    def row_at(params):
        row = data.find(select["workload"], select["arm"],
                        select["placement"], params)
        return row if row and agrees(row, params) else None

    row = row_at(select["params"])
    if row is None:
        return None
    if select["kind"] == "stage":
        return claims.stage_ratio(data, row)
    return data.ratio(row, row_at(select["from"]))


def of_ratio(ratio):
    """(value, low, high) of a resolved ratio, or None."""
    if ratio is None or not ratio.resolved:
        return None
    return ratio.value, ratio.low, ratio.high


def agrees(row, params):
    """Whether a row has all of the parameters, seq's missing ones aside."""
    return row.policy == "seq" or all(row.params.get(k) == v
                                      for k, v in params.items())
