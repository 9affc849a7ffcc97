# SPDX-License-Identifier: MIT
"""Predictions written before measuring, held against what was measured."""

from dataclasses import dataclass

import claims


@dataclass(frozen=True)
class Outcome:
    """A prediction and what became of it; `value` is None when this run has
    no such number, because it was not measured or is lost in the noise."""
    prediction: dict
    value: float | None
    low: float = float("nan")
    high: float = float("nan")
    hit: bool = False
    is_lost: bool = False


LOST = ()       # measured, and lost in the noise


def outcomes(data, predictions):
    return [outcome(data, one) for one in predictions["predictions"]]


def outcome(data, one):
    found = measured(data, one["select"])
    if not found:
        return Outcome(one, None, is_lost=found == LOST)
    value, low, high = found
    return Outcome(one, value, low, high, one["low"] <= value <= one["high"])


def measured(data, select):
    """(value, low, high) of what a prediction is about, LOST, or None when
    it was not measured."""
    if select["kind"] == "crossing":
        return of_crossing(data, select["arm"], select["share"])
    if select["kind"] in ("growth", "stage"):
        return of_ratio(within_arm(data, select))
    row = data.find(select["workload"], select["arm"], select["placement"],
                    select["params"])
    if row is None or not agrees(row, select["params"]):
        return None
    if select["kind"] == "cost":
        return of_cost(data.cost(row))
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


def of_crossing(data, arm, share):
    """(value, low, high) of a crossing, LOST, or None where fewer than two
    amounts of work were measured."""
    if len(claims.work_points(data, arm, "two", share)) < 2:
        return None
    found = claims.crossing(data, arm, share)
    return LOST if found.kind == "unknown" else (
        found.value, found.low, found.high)


def of_cost(cost):
    """(value, low, high) of a cost, LOST, or None without runs."""
    if cost.blocks == 0:
        return None
    return (cost.median, cost.low, cost.high) if cost.resolved else LOST


def of_ratio(ratio):
    """(value, low, high) of a ratio, LOST, or None without runs."""
    if ratio is None or ratio.blocks == 0:
        return None
    return (ratio.value, ratio.low, ratio.high) if ratio.resolved else LOST


def agrees(row, params):
    """Whether a row has all of the parameters, seq's missing ones aside."""
    return row.policy == "seq" or all(row.params.get(k) == v
                                      for k, v in params.items())
