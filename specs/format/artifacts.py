"""Reads artifacts with versions from section 18 of FORMAT.md alone."""
from __future__ import annotations

import hashlib
import json
import os
import re
from typing import Any, Optional

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
VERSION = re.compile(r"v([1-9][0-9]{0,14})\.json")
STATEMENT = re.compile(r"aliases-([1-9][0-9]{0,14})\.json")
HEX = re.compile(r"[0-9a-f]{64}")


class Damaged(Exception):
    """A file that is not what this format says."""


def load(path: str) -> dict:
    with open(path, "rb") as file:
        data = file.read()
    try:
        said = json.loads(data.decode("utf-8"))
    except ValueError as error:
        raise Damaged(str(error)) from error
    if not isinstance(said, dict) or not isinstance(said.get("format"), (int, float)):
        raise Damaged("no object with a format")
    if said["format"] > 1:
        raise RuntimeError(f"{path} was written by {said.get('writtenBy')}")
    return said


def digest_of(files: list[dict]) -> str:
    digest = hashlib.sha256()
    for file in files:
        size = "-" if file["bytes"] is None else str(file["bytes"])
        digest.update(f"{file['sha256']} {size} {file['url'] or '-'} {file['path']}\n".encode("utf-8"))
    return digest.hexdigest()


def is_safe(path: str) -> bool:
    parts = path.split("/")
    return "" not in parts and "." not in parts and ".." not in parts and "\\" not in path and not re.match(r"[A-Za-z]:", path)


def version_of(path: str, name: str) -> dict:
    """The manifest of a version, or a sign that it was pruned."""
    said = load(path)
    if said.get("name") != name:
        raise Damaged("another artifact's")
    if isinstance(said.get("prunedAt"), str):
        return {"kind": "pruned"}
    files = [{"path": each["path"], "bytes": each.get("bytes"), "sha256": each["sha256"], "url": each.get("url")}
             for each in said["files"]]
    if not files or not all(HEX.fullmatch(each["sha256"]) and is_safe(each["path"]) for each in files):
        raise Damaged("a path or a checksum that is not valid")
    files.sort(key=lambda each: each["path"].encode("utf-8"))
    if said.get("digest") != digest_of(files):
        raise Damaged("files that do not match the digest")
    return {"kind": "whole", "type": said["type"], "createdBy": said["createdBy"], "digest": said["digest"],
            "bytes": sum(each["bytes"] for each in files if each["url"] is None), "files": files,
            "given": said["aliases"]}


def content(home: str, sha256: str) -> Optional[bytes]:
    """A content, if it is there and matches its checksum."""
    path = os.path.join(home, "blobs", "sha256", sha256[:2], sha256)
    if not os.path.isfile(path) or os.path.islink(path):
        return None
    with open(path, "rb") as file:
        data = file.read()
    return data if hashlib.sha256(data).hexdigest() == sha256 else None


def read_artifact(home: str, name: str) -> dict[str, Any]:
    folder = os.path.join(home, "names", name)
    names = os.listdir(folder)
    statements = sorted(int(match[1]) for match in map(STATEMENT.fullmatch, names) if match)
    up_to, aliases = 0, {}
    if statements:
        said = load(os.path.join(folder, f"aliases-{statements[-1]}.json"))
        up_to, aliases = said["upTo"], dict(said["aliases"])
    versions, unsure = [], 0
    for number in sorted(int(match[1]) for match in map(VERSION.fullmatch, names) if match):
        try:
            found = version_of(os.path.join(folder, f"v{number}.json"), name)
        except (Damaged, KeyError, TypeError):
            found = {"kind": "damaged"}
        given = found.pop("given", [])
        if found["kind"] == "whole":
            kept = [each for each in found["files"] if each["url"] is None]
            found["intact"] = all(len(content(home, each["sha256"]) or b"") == each["bytes"] for each in kept)
        if number > up_to and found["kind"] != "pruned":
            aliases["latest"] = number
            if found["kind"] == "damaged":
                unsure = number
            for alias in given:
                aliases[alias] = number
        versions.append({"version": number, **found})
    return {"versions": versions, "aliases": aliases, "unsureBelow": unsure}


def read_artifacts(base: str) -> dict[str, Any]:
    home = os.path.join(base, ".artifacts")
    names = sorted(name for name in os.listdir(os.path.join(home, "names")) if NAME.fullmatch(name))
    return {name: read_artifact(home, name) for name in names}
