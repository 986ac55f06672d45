"""From a file's form to what it means.

Durations, matchers, patterns, expressions and needs, each misfit a finding with its place.

What can't be read is left out or replaced, and named in `broken`, so that the rules after this can look at
the rest; a runbook with such a finding is never handed out. Rules that concern several parts are in
`bot.runbook.rules`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from bot.actions.contract import Effect
from bot.actions.outcome import TRANSIENT
from bot.domain.durations import parse_duration
from bot.domain.ids import Digest, StepId
from bot.runbook import surface
from bot.runbook.cron import BadCron, Cron, parse_cron, zone_of
from bot.runbook.documents import Document, Path
from bot.runbook.expressions import BadExpression, Expression
from bot.runbook.findings import Finding, finding
from bot.runbook.loops import Limit, Loop
from bot.runbook.matchers import BadMatcher, Matcher, parse_matchers
from bot.runbook.model import (
    DEFAULT_RETRY,
    ApprovalRule,
    Concurrency,
    EvidenceRule,
    InputDecl,
    InputType,
    NoUndo,
    OnExpiry,
    Probe,
    Retry,
    Runbook,
    Step,
    Trigger,
    Undo,
    Verify,
    WhenBusy,
)
from bot.runbook.regexes import BadPattern, compile_regex
from bot.runbook.templates import Template

_PLACEHOLDER = Template.compile("SEV3")
_OF_LOOPS = frozenset({"max_parallel", "canary", "max_items", "of"})
"""Keys that say something about a loop, and nothing without one."""


@dataclass(slots=True)
class Builder:
    """Builds one runbook; `findings` and `broken` grow as it does."""

    document: Document
    findings: list[Finding]
    broken: set[Path]

    def runbook(self, file: surface.RunbookFile, source: str, path: str) -> Runbook:
        """Build the runbook, whole or with gaps."""
        return Runbook(
            name=file.name,
            title=file.title,
            owner=file.owner,
            valid_until=file.valid_until,
            severity=self._template(file.severity, ("severity",)),
            autonomy=file.autonomy,
            triggers=self._triggers(file.on),
            command=file.on.command,
            schedule=self._schedule(file.on.schedule),
            inputs=tuple(self._input(name, each) for name, each in file.inputs.items()),
            concurrency=self._concurrency(file.concurrency),
            timeout=self._duration(file.timeout, ("timeout",)),
            steps=self._steps(file.steps, "steps"),
            rescue=self._steps(file.rescue, "rescue"),
            always=self._steps(file.always, "always"),
            digest=Digest(hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()),
            source=source,
            path=path,
        )

    def _refuse(self, code: str, message: str, path: Path, hint: str = "", *, key: bool = False) -> None:
        self.findings.append(finding(code, message, self.document.place(path, key=key), hint))
        self.broken.add(path)

    def _duration(self, text: str | None, path: Path) -> timedelta | None:
        if text is None:
            return None
        try:
            found = parse_duration(text)
        except ValueError as error:
            self._refuse("FL103", str(error), path)
            return None
        if not found:
            self._refuse("FL103", f"{text} is no time at all", path)
        return found

    def _expression(self, text: str | bool, path: Path) -> Expression:  # noqa: FBT001 - YAML's true and false are expressions too
        place = self.document.place(path)
        written = str(text).lower() if isinstance(text, bool) else text
        try:
            return Expression.compile(written, place)
        except BadExpression as error:
            self._refuse("FL105", str(error), path, error.hint)
            return Expression.compile("true", place)

    def _template(self, tree: object, path: Path) -> Template:
        template, problems = Template.read(
            tree, self.document.place(path), lambda inner: self.document.place((*path, *inner))
        )
        for each in problems:
            self.findings.append(finding("FL105", str(each), each.place, each.hint))
            self.broken.add(path)
        return template or _PLACEHOLDER

    def _triggers(self, on: surface.On) -> tuple[Trigger, ...]:
        return tuple(
            Trigger(
                matchers=tuple(
                    found
                    for index, text in enumerate(each.match)
                    for found in self._matchers(text, at, index)
                ),
                place=self.document.place(("on", "alert", at)),
            )
            for at, each in enumerate(on.alert or [])
        )

    def _schedule(self, part: surface.Schedule | None) -> Cron | None:
        if part is None:
            return None
        path: Path = ("on", "schedule")
        try:
            zone_of(part.timezone)
        except BadCron as error:
            self._refuse("FL602", str(error), (*path, "timezone"), error.hint)
        try:
            return parse_cron(part.cron, part.timezone if not self.broken & {(*path, "timezone")} else "UTC")
        except BadCron as error:
            self._refuse("FL601", str(error), (*path, "cron"), error.hint)
            return None

    def _matchers(self, text: str, trigger: int, index: int) -> tuple[Matcher, ...]:
        path = ("on", "alert", trigger, "match", index)
        try:
            found = parse_matchers(text)
        except BadMatcher as error:
            self._refuse("FL104", f"{text}: {error} (at its character {error.column})", path, error.hint)
            return ()
        if not found:
            self._refuse(
                "FL104", "there is no matcher in it", path, 'for any alert at all write alertname=~".+"'
            )
        return found

    def _concurrency(self, part: surface.Concurrency | None) -> Concurrency | None:
        if part is None:
            return None
        return Concurrency(
            group=self._template(part.group, ("concurrency", "group")), when_busy=WhenBusy(part.when_busy)
        )

    def _input(self, name: str, part: surface.Input) -> InputDecl:
        path: Path = ("inputs", name)
        default = None if part.default is None else self._template(part.default, (*path, "default"))
        if part.pattern is not None:
            self._pattern(part, (*path, "pattern"))
        if part.required and default is not None:
            self._refuse(
                "FL107", f"{name} is required and has a default", path, "drop one of the two", key=True
            )
        return InputDecl(
            name=name,
            type=part.type,
            pattern=part.pattern,
            default=default,
            required=default is None if part.required is None else part.required,
            enum=tuple(part.enum or ()),
            description=part.description,
        )

    def _pattern(self, part: surface.Input, path: Path) -> None:
        if part.type not in {InputType.STRING, InputType.LIST}:
            self._refuse("FL107", f"a pattern is for texts, and the type is {part.type}", path)
        try:
            compile_regex(str(part.pattern))
        except BadPattern as error:
            self._refuse("FL106", f"{error} (at its character {error.offset + 1})", path)

    def _steps(self, parts: list[surface.Step], phase: str) -> tuple[Step, ...]:
        out: list[Step] = []
        for at, part in enumerate(parts):
            before = (out[-1].id,) if out else ()
            out.append(self._step(part, (phase, at), before))
        return tuple(out)

    def _step(self, part: surface.Step, path: Path, before: tuple[StepId, ...]) -> Step:
        condition = None if part.if_ is None else self._expression(part.if_, (*path, "if"))
        return Step(
            id=StepId(part.id),
            name=part.name or part.id,
            action=part.uses,
            inputs=self._template(part.with_, (*path, "with")),
            needs=before if part.needs is None else tuple(StepId(each) for each in dict.fromkeys(part.needs)),
            condition=condition,
            timeout=self._duration(part.timeout, (*path, "timeout")),
            retry=self._retry(part.retry, (*path, "retry")),
            approval=self._approval(part.approval, (*path, "approval")),
            settle=self._settle(part.settle, (*path, "settle")),
            verify=self._verify(part.verify, (*path, "verify")),
            undo=self._undo(part, path),
            on_failure=part.on_failure,
            evidence=self._evidence(part.evidence, (*path, "evidence")),
            effect=None if part.effect is None else Effect(part.effect),
            loop=self._loop(part, path),
            place=self.document.place(path),
        )

    def _retry(self, part: surface.Retry | None, path: Path) -> Retry | None:
        if part is None:
            return None
        interval = self._duration(part.interval, (*path, "interval")) or DEFAULT_RETRY.interval
        most = self._duration(part.max_interval, (*path, "max_interval")) or DEFAULT_RETRY.max_interval
        if most < interval and "max_interval" in part.model_fields_set:
            self._refuse("FL107", "max_interval is shorter than interval", (*path, "max_interval"))
        return Retry(
            attempts=part.attempts,
            interval=interval,
            backoff=part.backoff,
            max_interval=max(most, interval),
            jitter=part.jitter,
            on=TRANSIENT if part.on is None else frozenset(part.on),
            until=None if part.until is None else self._expression(part.until, (*path, "until")),
        )

    def _loop(self, part: surface.Step, path: Path) -> Loop | None:
        if part.for_each is None:
            for key in _OF_LOOPS & part.model_fields_set:
                if (*path, "for_each") not in self.broken:
                    self._refuse("FL107", f"{key} is for a loop", (*path, key), "add for_each", key=True)
            return None
        return Loop(
            items=self._template(part.for_each, (*path, "for_each")),
            max_parallel=part.max_parallel or 1,
            canary=part.canary or 0,
            limit=self._limit(part, path),
        )

    def _limit(self, part: surface.Step, path: Path) -> Limit | None:
        share = isinstance(part.max_items, str)
        if share and part.of is None and (*path, "of") not in self.broken:
            message = f"{part.max_items} of what?"
            self._refuse("FL107", message, (*path, "max_items"), 'of: "{{ … }}", a number or a list')
        if part.of is not None and not share and (*path, "max_items") not in self.broken:
            self._refuse(
                "FL107", "of says what max_items is a share of", (*path, "of"), "max_items: 10%", key=True
            )
        if part.max_items is None:
            return None
        of = None if part.of is None else self._template(part.of, (*path, "of"))
        return Limit(most=int(str(part.max_items).rstrip("%")), of=of)

    def _approval(self, part: surface.Approval | None, path: Path) -> ApprovalRule | None:
        if part is None:
            return None
        if part.on_expiry == "escalate" and part.escalate_to is None:
            if (*path, "escalate_to") not in self.broken:
                self._refuse("FL101", "escalate_to is missing", (*path, "on_expiry"), "say who is asked then")
        elif part.on_expiry == "deny" and part.escalate_to is not None:
            message = "nobody is escalated to without on_expiry: escalate"
            self._refuse("FL107", message, (*path, "escalate_to"), "say it, or drop escalate_to", key=True)
        return ApprovalRule(
            sources=tuple(dict.fromkeys(part.sources)),
            quorum=part.quorum,
            expires=self._duration(part.expires, (*path, "expires")),
            on_expiry=OnExpiry(part.on_expiry),
            escalate_to=tuple(dict.fromkeys(part.escalate_to or ())),
        )

    def _settle(self, part: surface.Settle | None, path: Path) -> Probe | None:
        if part is None:
            return None
        expect = self._expression(part.expect, (*path, "expect"))
        return Probe(action=part.uses, inputs=self._template(part.with_, (*path, "with")), expect=expect)

    def _verify(self, part: surface.Verify | None, path: Path) -> Verify | None:
        if part is None:
            return None
        if part.within is None and "every" in part.model_fields_set:
            message = "every says how often it is asked, and without within it is asked once"
            self._refuse("FL107", message, (*path, "every"), "say within, or drop every", key=True)
        return Verify(
            action=part.uses,
            inputs=self._template(part.with_, (*path, "with")),
            expect=self._expression(part.expect, (*path, "expect")),
            every=self._duration(part.every, (*path, "every")) or timedelta(0),
            within=self._duration(part.within, (*path, "within")) or timedelta(0),
        )

    def _undo(self, part: surface.Step, path: Path) -> Undo | NoUndo | None:
        if part.why is not None and part.undo != "none":
            self._refuse("FL107", "why stands beside undo: none alone", (*path, "why"), key=True)
        if part.undo is None:
            return None
        if isinstance(part.undo, str):
            if part.why is None and (*path, "why") not in self.broken:
                self._refuse(
                    "FL101",
                    "undo: none needs a why",
                    (*path, "undo"),
                    "why: …, for whoever reads it at 3 a.m.",
                )
            return NoUndo(why=part.why or "")
        return Undo(
            action=part.undo.uses,
            inputs=self._template(part.undo.with_, (*path, "undo", "with")),
            timeout=self._duration(part.undo.timeout, (*path, "undo", "timeout")),
        )

    def _evidence(self, part: surface.Evidence | None, path: Path) -> EvidenceRule | None:
        if part is None:
            return None
        return EvidenceRule(name=self._template(part.name, (*path, "name")), evidence_class=part.class_)
