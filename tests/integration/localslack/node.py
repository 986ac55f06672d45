"""Programs for Node beside the Local Slack: their packages are fetched once into build/, and what they say is read line by line."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import parts

Json = dict[str, Any]
_SOURCE = Path(__file__).parent / "npm"
_BUILD = Path(__file__).parents[3] / "build"


def programs() -> Path:
    """A folder with the programs and the packages that the lock names, which are fetched once for each lock."""
    lock = hashlib.sha256((_SOURCE / "package-lock.json").read_bytes()).hexdigest()
    folder = _BUILD / f"slack-clients-{lock[:12]}"
    _BUILD.mkdir(exist_ok=True)
    with (_BUILD / "slack-clients.lock").open("w") as taken:
        fcntl.flock(taken, fcntl.LOCK_EX)  # tests run in several processes
        shutil.copytree(_SOURCE, folder, dirs_exist_ok=True)
        if not (folder / "whole").exists():
            command = [parts.where("npm"), "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=folder, check=True, timeout=240)
            (folder / "whole").touch()
    return folder


@dataclass(frozen=True, slots=True)
class Program:
    """A running program."""

    process: asyncio.subprocess.Process

    async def said(self, what: str) -> Json:
        """Its next line, which must be this one."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), 60)
        found: Json = json.loads(line)
        assert found.pop("what") == what, found
        return found


@asynccontextmanager
async def running(name: str, **told: Any) -> AsyncIterator[Program]:
    """A program for the length of a block; it ends by itself when its input does."""
    folder = await asyncio.to_thread(programs)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        parts.where("node"), name, json.dumps(told), cwd=folder, stdin=pipe, stdout=pipe
    )
    assert process.stdin is not None
    try:
        yield Program(process)
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
