"""Reads every test vector with reader.py and compares what it says with the expected files."""
from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
from typing import Any

import artifacts
import reader
import sweeps

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "..", "faults", "golden")
LONG_AGO = 1_000_000_000


def unpack(golden: str, run: str, folder: str) -> None:
    """Writes the files of a vector, with times of long ago."""
    with open(os.path.join(GOLDEN, golden), encoding="utf-8") as file:
        files = json.load(file)[run]
    for name, content in files.items():
        path = os.path.join(folder, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(base64.b64decode(content))
        os.utime(path, (LONG_AGO, LONG_AGO))


def normal(value: Any) -> Any:
    """A value in which equal things are equal: numbers as texts, mappings by key."""
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [normal(item) for item in value]
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, int) and not -reader.SAFE < value < reader.SAFE:
        return f"bigint {value}"
    return f"number {float(value)!r}"


def differences(expected: dict, found: dict) -> list[str]:
    out = []
    for key in expected:
        if key in ("golden", "run"):
            continue
        wanted, got = normal(reader.untag(expected[key])), normal(reader.untag(found.get(key)))
        if key == "metrics":
            out += [f"metrics {name!r}: expected {wanted.get(name)}, found {got.get(name)}"
                    for name in {**wanted, **got} if wanted.get(name) != got.get(name)]
        elif wanted != got:
            out.append(f"{key}: expected {wanted}, found {got}")
    return out


def artifacts_differ() -> list[str]:
    """The golden artifacts, which are beside runs and not in one."""
    with open(os.path.join(HERE, "expected-artifacts.json"), encoding="utf-8") as file:
        expected = json.load(file)
    with tempfile.TemporaryDirectory() as base:
        unpack("vectors/artifacts.json", "artifacts", os.path.join(base, ".artifacts"))
        found = artifacts.read_artifacts(base)
    names = sorted({**expected, **found})
    return [f"{name}: expected {expected.get(name)}, found {found.get(name)}"
            for name in names if expected.get(name) != found.get(name)]


def sweeps_differ() -> list[str]:
    """The golden sweeps, which are no runs either."""
    with open(os.path.join(HERE, "expected-sweeps.json"), encoding="utf-8") as file:
        expected = json.load(file)
    with tempfile.TemporaryDirectory() as base:
        for name in expected:
            unpack("vectors/sweeps.json", name, os.path.join(base, name))
        found = reader.tag(sweeps.read_sweeps(base))
    return [f"{name}: {line}" for name in expected for line in differences(expected[name], found[name])]


def main() -> int:
    names, bad = sorted(os.listdir(os.path.join(HERE, "expected"))), 0
    for name in names:
        with open(os.path.join(HERE, "expected", name), encoding="utf-8") as file:
            expected = json.load(file)
        with tempfile.TemporaryDirectory() as base:
            folder = os.path.join(base, "golden", "run")
            os.makedirs(folder)
            unpack(expected["golden"], expected["run"], folder)
            try:
                wrong = differences(expected, reader.as_json(reader.read_run(folder)))
            except Exception as error:  # whatever it is, the vector could not be read
                wrong = [f"{type(error).__name__}: {error}"]
        print(f"{'differs' if wrong else 'agrees '}  {name}")
        for line in wrong:
            print("    " + line)
        bad += bool(wrong)
    others = {"artifacts": artifacts_differ, "sweeps": sweeps_differ}
    for name, differ in others.items():
        wrong = differ()
        print(f"{'differs' if wrong else 'agrees '}  {name}")
        for line in wrong:
            print("    " + line)
        bad += bool(wrong)
    count = len(names) + len(others)
    print(f"{count - bad} of {count} vectors agree")
    return 1 if bad or not names else 0


if __name__ == "__main__":
    sys.exit(main())
