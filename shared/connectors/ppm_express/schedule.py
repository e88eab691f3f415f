"""Two of start, due date and duration: PPM Express computes the third by its working calendar. No I/O.

One alone would let it move a date that nobody changed: a new start drags the due date along. So the one is sent with
another as it stands. All three could contradict its calendar: the dates are sent, the duration follows.
"""

from collections.abc import Mapping
from typing import Any

from shared.connectors.ppm_express.metadata import TaskFields
from shared.connectors.ppm_express.translate import EMPTY


def of_new_task(wanted: Mapping[str, Any], fields: TaskFields) -> dict[str, Any]:
    """`wanted` for a task that lasts a day unless it says otherwise, or its due date would be held against today."""
    return two_of_three(wanted, {fields.duration.key: 1} if fields.duration else {}, fields)


def two_of_three(wanted: Mapping[str, Any], now: Mapping[str, Any], fields: TaskFields) -> dict[str, Any]:
    """`wanted` with one more, or one less, of the three; `now` has the attributes as they stand."""
    if fields.start is None or fields.due is None or fields.duration is None:
        return dict(wanted)
    start, due, duration = fields.start.key, fields.due.key, fields.duration.key
    named = {start, due, duration} & wanted.keys()
    if len(named) == 3:
        return {key: value for key, value in wanted.items() if key != duration}
    if len(named) != 1 or any(wanted[key] in EMPTY for key in named):  # clearing computes nothing
        return dict(wanted)
    companion = _companion(*named, {**now, **wanted}, start, due, duration)
    if companion not in now or fields.by_key[companion].info.read_only:
        return dict(wanted)
    return {**wanted, companion: now[companion]}


def _companion(named: str, dates: Mapping[str, Any], start: str, due: str, duration: str) -> str:
    """Of the two others the one to keep: dates where they can both stand, else the length."""
    if named == duration:
        return start
    ordered = bool(dates.get(start) and dates.get(due)) and str(dates[start])[:10] <= str(dates[due])[:10]
    if not ordered:
        return duration
    return due if named == start else start
