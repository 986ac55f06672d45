"""`shell.run`: one command on this machine, as an argv list."""

from __future__ import annotations

import errno
import json
import math
import re
import shlex
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from bot.actions.contract import Action, ActionSpec, Call, Effect, Inputs, SecretRef
from bot.actions.outcome import Failed, Outcome, Reason, Succeeded
from integrations.shell.config import ShellConfig
from integrations.shell.headtail import HeadTail
from integrations.shell.process import Command, Ended, run
from integrations.transport import Scrubber, Transport

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIGNALLED = 128  # shells report a command that a signal ended as 128 + its number
_TAIL = 300
_ERRNO_REASONS = {
    errno.ENOENT: Reason.NOT_FOUND,
    errno.EACCES: Reason.FORBIDDEN,
    errno.EPERM: Reason.FORBIDDEN,
    errno.EAGAIN: Reason.UNAVAILABLE,
    errno.ENOMEM: Reason.UNAVAILABLE,
}


def _argument(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and "\0" in value:
        raise ValueError("an argument can't hold a NUL")
    return value


class ShellInputs(Inputs):
    """The inputs of `shell.run`."""

    argv: tuple[Annotated[str, BeforeValidator(_argument)], ...] = Field(
        min_length=1,
        description="The command and its arguments, one item each; no shell reads them.",
    )
    env: dict[str, str | SecretRef] = Field(
        default_factory=dict,
        description="Environment variables, text or a secret by name; nothing of Fireline's own environment is passed on.",
    )
    stdin: str | None = Field(
        default=None,
        description="Text for the command's standard input; nothing when absent.",
    )
    parse: Literal["text", "json"] = Field(
        default="text",
        description="With `json`, standard output is parsed into `output.json`.",
    )
    ok_codes: tuple[int, ...] = Field(
        default=(0,), min_length=1, description="The exit codes that mean success."
    )
    max_output: int = Field(
        default=32 * 1024,
        ge=0,
        le=128 * 1024,
        description="Bytes to keep of standard output and of standard error, half from the beginning and half from the end.",
    )

    @field_validator("argv")
    @classmethod
    def _names_a_command(cls, argv: tuple[str, ...]) -> tuple[str, ...]:
        if not argv[0]:
            raise ValueError("the first item names the command")
        return argv

    @field_validator("env")
    @classmethod
    def _plain_names(cls, env: dict[str, str | SecretRef]) -> dict[str, str | SecretRef]:
        for name, value in env.items():
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name for a variable")
            if name == "PATH" or name.startswith("LD_"):
                raise ValueError(f"{name} decides which code runs, so the settings alone may set it")
            if isinstance(value, str) and "\0" in value:
                raise ValueError(f"the value of {name} can't hold a NUL")
        return env


SPEC = ActionSpec(
    name="shell.run",
    summary=(
        "Run a command that the settings allow, without a shell. It is over, with every process that came of it, before the step is: "
        "when the command ends, when time is up, when the run is cancelled, and when Fireline dies."
    ),
    effect=Effect.MUTATE,
    repeatable=False,
    read_if_declared=True,
    inputs=ShellInputs,
    output={
        "exit_code": "The exit code; 128 + the signal's number for a command that a signal ended.",
        "stdout": "Standard output, its middle left out when it is longer than `max_output`. Evidence gets all of it.",
        "stderr": "Standard error, likewise.",
        "truncated": "Whether anything was left out of either.",
        "json": "Standard output as JSON, with `parse: json`; null when it isn't JSON or wasn't kept whole.",
        "duration": "Seconds.",
    },
    target=lambda inputs: f"localhost {inputs.argv[0]}",
    example={
        "argv": ["kubectl", "rollout", "undo", "deployment/checkout"],
        "env": {"KUBECONFIG": "/etc/fireline/kubeconfig"},
        "ok_codes": [0],
    },
)


def actions(config: ShellConfig, _transport: Transport) -> tuple[Action, ...]:
    """Make the actions of this integration."""
    return (ShellRun(config),)


class ShellRun:
    """The action `shell.run`."""

    spec = SPEC

    def __init__(self, config: ShellConfig) -> None:
        self._config = config

    async def run(self, inputs: ShellInputs, call: Call) -> Outcome:
        """Run the command to its end and judge its exit code."""
        name = inputs.argv[0]
        program = self._find(name)
        if isinstance(program, Failed):
            return program
        environment, secrets = self._environment(inputs, call)
        scrubber = Scrubber(secrets)
        call.capture.describe(
            media_type="application/json" if inputs.parse == "json" else "text/plain",
            source=scrubber.text(shlex.join(inputs.argv)),
        )
        out, err = HeadTail(inputs.max_output), HeadTail(inputs.max_output)
        clean_out, clean_err = scrubber.stream(), scrubber.stream()

        def take(clean: bytes) -> None:
            call.capture.write(clean)
            out.write(clean)

        command = Command(
            program=program,
            argv=inputs.argv,
            environment=environment,
            directory=self._config.directory,
            stdin=None if inputs.stdin is None else inputs.stdin.encode(),
            timeout=call.budget,
            grace=self._config.grace,
        )
        ended = await run(
            command,
            stdout=lambda chunk: take(clean_out.feed(chunk)),
            stderr=lambda chunk: err.write(clean_err.feed(chunk)),
        )
        take(clean_out.end())
        err.write(clean_err.end())
        return _judged(inputs, ended, _output(inputs, ended, out, err), call.timeout)

    def _find(self, name: str) -> str | Failed:
        """Return the path of an allowed command, or why it can't run."""
        if not self._config.allows(name):
            detail = f"the settings don't allow the command {name!r}; list it under shell.allowed"
            return Failed(reason=Reason.FORBIDDEN, detail=detail, applied=False)
        directory = Path(self._config.directory)
        if not directory.is_dir():
            detail = f"the directory {self._config.directory!r}, in which commands run, is not there"
            return Failed(reason=Reason.INVALID, detail=detail, applied=False)
        program = shutil.which(str(directory / name) if "/" in name else name, path=self._config.path)
        if program is None:
            detail = f"there is no command {name!r} that can be executed"
            return Failed(reason=Reason.NOT_FOUND, detail=detail, applied=False)
        return program

    def _environment(self, inputs: ShellInputs, call: Call) -> tuple[dict[str, str], list[str]]:
        environment = {
            "LANG": "C.UTF-8",
            **self._config.environment,
            "PATH": self._config.path,
        }
        secrets: list[str] = []
        for name, value in inputs.env.items():
            if isinstance(value, SecretRef):
                secrets.append(call.secret(value))
                environment[name] = secrets[-1]
            else:
                environment[name] = value
        return environment, secrets


def _output(inputs: ShellInputs, ended: Ended, out: HeadTail, err: HeadTail) -> Mapping[str, Any]:
    code = ended.exit if ended.signal is None else _SIGNALLED + ended.signal
    return {
        "exit_code": code,
        "stdout": out.text(),
        "stderr": err.text(),
        "truncated": out.truncated or err.truncated,
        "json": _parsed(out) if inputs.parse == "json" and not out.truncated else None,
        "duration": ended.duration,
    }


def _parsed(out: HeadTail) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(out.text(), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _finite(text: str) -> float:
    """Read a number; one that is too large for a float would be infinite, which JSON can't carry any further."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large a number")
    return number


def _judged(inputs: ShellInputs, ended: Ended, output: Mapping[str, Any], timeout: float) -> Outcome:
    name = inputs.argv[0]
    if ended.errno is not None:
        return _not_started(name, ended.errno)
    if ended.timed_out:
        detail = f"{name} was not done after {timeout:g}s and was ended"
        return Failed(reason=Reason.TIMEOUT, detail=detail, output=output)
    code = output["exit_code"]
    if code is None:
        detail = f"nobody knows how {name} ended: the process that watched over it died"
        return Failed(reason=Reason.UNAVAILABLE, detail=detail, output=output)
    if ended.signal is None and code in inputs.ok_codes:
        return Succeeded(output=output)
    how = (
        f"ended with exit code {code}"
        if ended.signal is None
        else f"was ended by {_signal_name(ended.signal)}"
    )
    said = " ".join(output["stderr"].split())[-_TAIL:]
    # It ran, and nobody can tell how far it came.
    return Failed(
        reason=Reason.REJECTED,
        detail=f"{name} {how}{': ' if said else ''}{said}",
        applied=True,
        output=output,
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def _not_started(name: str, number: int) -> Failed:
    reason = _ERRNO_REASONS.get(number, Reason.INVALID)
    what = errno.errorcode.get(number, str(number))
    return Failed(reason=reason, detail=f"{name} can't be executed ({what})", applied=False)
