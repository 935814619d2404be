"""Reads sweep.yaml and sweep.journal from section 15 of FORMAT.md alone."""
from __future__ import annotations

import json
import math
import os
import re
from typing import Any, Optional

from texts import Damaged, Yaml, integer, read_yaml

LIMIT = 256 << 20
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|(?<![\w.-])-?\.(?:nan|inf)\b')
WORDS = {".nan": "NaN", ".inf": "Infinity", "-.inf": "-Infinity"}
STATUSES = ("running", "finished", "stopped", "failed", "interrupted")
END = "# end\n"


def parse_flow(text: str) -> Any:
    """A line of flow style: JSON, but for numbers that JSON does not have."""
    as_json = TOKEN.sub(lambda match: WORDS.get(match[0], match[0]), text)
    try:
        return json.loads(as_json, parse_int=lambda digits: -0.0 if digits == "-0" else integer(int(digits)))
    except ValueError as error:
        raise Damaged(str(error)) from error


def trial_of(value: Any) -> dict:
    record = parse_flow(value) if isinstance(value, str) else value
    if not isinstance(record, dict) or record.get("status") not in STATUSES:
        raise Damaged("an entry that is no trial")
    return record


def read_journal(path: str) -> list[dict]:
    if not os.path.exists(path):
        return []
    if os.path.getsize(path) > LIMIT:
        raise Damaged(f"{path} is too large")
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    # What follows the last whole record was cut off.
    texts = re.split(r"^# end\n", text, flags=re.MULTILINE)[:-1]
    return [trial_of(text.strip() if text.startswith("{") else Yaml(text).document()) for text in texts]


def values_of(plan: dict, trial: dict) -> list[float]:
    count = len(plan.get("metrics", [0]))
    value = trial["value"]
    found = trial.get("values", []) if count > 1 else [] if value is None else [value]
    return [] if len(found) != count or any(map(math.isnan, found)) else found


def violation_of(plan: dict, trial: dict) -> Optional[float]:
    """How far a trial is from keeping its constraints, summed; None if nobody knows."""
    bounds, found = plan.get("constraints", []), trial.get("constraintValues", [])
    if len(found) < len(bounds) or any(map(math.isnan, found)):
        return None
    return float(sum(max(value - bound["max"] if "max" in bound else bound["min"] - value, 0.0)
                     for bound, value in zip(bounds, found)))


def front_of(plan: dict, trials: list[dict]) -> list[float]:
    modes = [goal["mode"] for goal in plan.get("metrics", [plan])]
    losses = {trial["trial"]: [value if mode == "min" else -value for mode, value in zip(modes, values_of(plan, trial))]
              for trial in trials
              if trial["status"] == "finished" and values_of(plan, trial) and violation_of(plan, trial) == 0}

    def betters(one: list[float], other: list[float]) -> bool:
        return one != other and all(mine <= theirs for mine, theirs in zip(one, other))

    return [number for number, own in losses.items() if not any(betters(other, own) for other in losses.values())]


def read_sweep(folder: str) -> dict[str, Any]:
    plan = read_yaml(os.path.join(folder, "sweep.yaml"), LIMIT)
    status, uuid, best, listed = (plan.pop(key, None) for key in ("status", "uuid", "best", "trials"))
    records = {}
    for trial in [*map(trial_of, listed), *read_journal(os.path.join(folder, "sweep.journal"))]:
        records[trial["trial"]] = trial
    trials = list(records.values())
    return {"status": status, "uuid": uuid, "plan": plan, "best": None if best is None else best["trial"],
            "front": front_of(plan, trials),
            "trials": [{"record": trial, "values": values_of(plan, trial), "violation": violation_of(plan, trial)}
                       for trial in trials]}


def read_sweeps(base: str) -> dict[str, Any]:
    return {name: read_sweep(os.path.join(base, name)) for name in sorted(os.listdir(base))}
