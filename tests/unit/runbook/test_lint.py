"""The linter's rules: for each code what triggers it, where it points, and what it says to do."""

# ruff: noqa: E501 - a case a line reads as a table

import pytest

from bot.runbook.findings import RULES, Level
from bot.runbook.load import load_runbook
from tests.fakes.catalogue import CATALOGUE
from tests.unit.runbook.cases import HEAD, STEP, found, load, load_steps

HTTP = "uses: http.request, with: {url: 'http://x'}"

# What stands below `steps:`, and what the linter says of it: code, line:column, a part of the message, a part of the hint.
# The first step stands on line 7, because HEAD has five lines.
STEPS: list[tuple[str, str, str, str, str]] = [
    # --- the form of a step
    ("  - {id: one}", "FL101", "7:5", "steps[0].uses is missing", ""),
    ("  - {uses: wait, with: {for: 1m}}", "FL101", "7:5", "steps[0].id is missing", ""),
    (f"  - {{id: one, {HTTP}, undo: none}}", "FL101", "7:66", "undo: none needs a why", "3 a.m."),
    ("  - {id: one, use: wait, uses: wait, with: {for: 1m}}", "FL004", "7:15", "steps[0].use is no key", "did you mean uses?"),
    ("  - {id: one-two, uses: wait, with: {for: 1m}}", "FL102", "7:10", "steps[0].id does not fit", "letters, digits and _"),
    ("  - {id: one, uses: wait, with: {for: 1m}, if: 3}", "FL102", "7:48", "should be a text or true or false", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, needs: x}", "FL102", "7:51", "should be a list", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, needs: [1, true]}", "FL102", "7:52", "steps[0].needs[0] should be a text", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, on_failure: undoo}", "FL102", "7:56", "stop, continue, undo", "did you mean undo?"),
    ("  - {id: one, uses: wait, with: {for: 1m}, timeout: ~}", "FL102", "7:44", "steps[0].timeout has no value", "drop the key"),
    ("  - {id: one, uses: wait, with: {for: 1m}, undo: 3}", "FL102", "7:50", "should be a mapping or none", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, undo: {uses: ''}}", "FL102", "7:57", "steps[0].undo.uses is empty", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, undo: {}}", "FL101", "7:50", "steps[0].undo.uses is missing", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, retry: {attempts: 0}}", "FL102", "7:62", "should be at least 1", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, retry: {backoff: 11}}", "FL102", "7:61", "should be at most 10", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, retry: {on: [tiemout]}}", "FL102", "7:57", "should be timeout", "did you mean timeout?"),
    ("  - {id: one, uses: wait, with: {for: 1m}, approval: {from: [sre]}}", "FL102", "7:62", "does not fit", "group:sre"),
    ("  - {id: one, uses: wait, with: {for: 1m}, approval: {}}", "FL101", "7:54", "approval.from is missing", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, timeout: 45}", "FL103", "7:53", "timeout has no unit", "write 45s, 45m or 45h"),
    ("  - {id: one, uses: wait, with: {for: 1m}, timeout: 5x}", "FL103", "7:53", "no duration", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, timeout: 0s}", "FL103", "7:53", "0s is no time at all", ""),
    ("  - {id: one, uses: wait, with: {for: '{{ 1 +'}}", "FL105", "7:39", "is not closed", "end it with }}"),
    ("  - {id: one, uses: wait, with: {for: 1m}, if: '{{ true }}'}", "FL105", "7:48", "expression already", "write it bare"),
    ("  - {id: one, uses: wait, with: {for: 1m}, retry: {interval: 9s, max_interval: 1s}}", "FL107", "7:80", "max_interval is shorter", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, why: because}", "FL107", "7:44", "why stands beside undo: none alone", ""),
    (f"  - {{id: one, {HTTP}, verify: {{uses: wait, with: {{for: 1s}}, expect: true, every: 1s}}}}", "FL107", "7:112", "asked once", "say within"),
    # --- order
    (f"  - {STEP}\n  - {STEP}", "FL201", "8:10", "the id one is taken", "by the step at line 7"),
    ("  - {id: one, needs: [too], uses: wait, with: {for: 1m}}\n  - {id: two, uses: wait, with: {for: 1m}}", "FL202", "7:23", "no step too", "did you mean two?"),
    (f"  - {{id: two, needs: [fix], uses: wait, with: {{for: 1m}}}}\nrescue:\n  - {STEP.replace('one', 'fix')}", "FL202", "7:23", "no step fix in steps", "another list"),
    ("  - {id: one, needs: [one], uses: wait, with: {for: 1m}}", "FL203", "7:22", "one needs itself", ""),
    ("  - {id: one, needs: [two], uses: wait, with: {for: 1m}}\n  - {id: two, uses: wait, with: {for: 1m}}", "FL203", "7:22", "wait for each other: one, two", ""),
    # --- names
    ("  - {id: one, uses: wait, with: {for: '{{ alrt.name }}'}}", "FL301", "7:39", "there is no name alrt", "did you mean alert?"),
    ("  - {id: one, uses: wait, with: {for: '{{ zzz }}'}}", "FL301", "7:39", "there is no name zzz", "in scope here: alert, alerts, call, incident"),
    ("  - {id: one, uses: wait, with: {for: '{{ item }}'}}", "FL301", "7:39", "there is no name item", "a step that has for_each"),
    ("  - {id: one, uses: wait, with: {for: '{{ output.x }}'}}", "FL301", "7:39", "there is no name output", "output is for expect"),
    ("  - {id: one, uses: wait, with: {for: '{{ alert.lables }}'}}", "FL301", "7:39", "alert has no lables", "did you mean labels?"),
    ("  - {id: one, uses: wait, with: {for: '{{ incident.x }}'}}", "FL301", "7:39", "incident has no x", "it has: number"),
    ("  - {id: one, uses: wait, with: {for: '{{ inputs.x }}'}}", "FL301", "7:39", "inputs has no x", "not declared"),
    ("  - {id: one, uses: wait, with: {for: '{{ vars.x }}'}}", "FL301", "7:39", "vars has no x", "settings' vars"),
    ("  - {id: one, uses: wait, with: {for: '{{ vars.regoin }}'}}", "FL301", "7:39", "vars has no regoin", "did you mean region?"),
    ("  - {id: one, uses: wait, with: {for: '{{ alerts.labels }}'}}", "FL301", "7:39", "alerts is a list", "alerts[0].labels"),
    ("  - {id: one, uses: wait, with: {for: '{{ steps.onne.status }}'}}", "FL301", "7:39", "there is no step onne", "did you mean one?"),
    (f"  - {STEP}\n  - {{id: two, uses: wait, with: {{for: '{{{{ steps.one.outputs.x }}}}'}}}}", "FL301", "8:39", "steps.one has no outputs", "did you mean output?"),
    (f"  - {STEP}\n  - {{id: two, needs: [], if: steps.one.output.value > 1, uses: wait, with: {{for: 1m}}}}", "FL302", "8:30", "the step one need not be over", "add one to needs"),
    ("  - {id: one, uses: wait, with: {for: '{{ steps.one.status }}'}}", "FL302", "7:39", "the step one need not be over", ""),
    (f"  - {STEP}\n  - {{id: two, if: steps.one.output.valeu > 1, uses: wait, with: {{for: 1m}}}}", "FL303", "8:19", "steps.one.output has no valeu", "did you mean value?"),
    (f"  - {{id: one, {HTTP}, verify: {{uses: prometheus.query, with: {{query: up}}, expect: output.x}}}}", "FL303", "7:120", "output has no x", "it has: value, series"),
    # --- actions
    ("  - {id: one, uses: htp.request, with: {url: 'http://x'}}", "FL401", "7:21", "there is no action htp.request", "did you mean http.request?"),
    ("  - {id: one, uses: wait, with: {for: 1m}, undo: {uses: zzzzzz}}", "FL401", "7:57", "there is no action zzzzzz", "there are: database.drop"),
    ("  - {id: one, uses: wait, with: {fro: 1m, for: 1m}}", "FL402", "7:34", "wait takes no fro", "did you mean for?"),
    ("  - {id: one, uses: wait, with: {zzz: 1m, for: 1m}}", "FL402", "7:34", "wait takes no zzz", "it takes: for"),
    ("  - {id: one, uses: wait}", "FL402", "7:21", "wait needs for", ""),
    ("  - {id: one, uses: wait, with: {}}", "FL402", "7:33", "wait needs for", ""),
    ("  - {id: one, uses: wait, with: {for: [1]}}", "FL402", "7:39", "valid string", ""),
    ("  - {id: one, uses: http.request, effect: read, with: {url: 'http://x', headers: {a: {secret: ''}}}}", "FL402", "7:95", "http.request: headers.a", ""),
    ("  - {id: one, uses: http.request, effect: read, with: {url: 'http://x', headers: {a: {secrets: {secret: b}, c: d}}}}", "FL402", "7:109", "takes no headers.a.c", ""),
    ("  - {id: one, uses: database.drop, with: {name: x}, effect: mutate, approval: {from: [group:a]}, undo: none, why: w}", "FL403", "7:61", "can't make it mutate", ""),
    (f"  - {{id: one, {HTTP}, verify: {{uses: queue.pause, with: {{name: x}}, expect: true}}}}", "FL404", "7:75", "verify must only read", ""),
    (f"  - {{id: one, {HTTP}, undo: none, why: w, settle: {{uses: queue.pause, with: {{name: x}}, expect: true}}}}", "FL404", "7:95", "settle must only read", ""),
    ("  - {id: one, uses: pager.page, with: {to: [a, 5], urgency: '{{ vars.region }}'}}", "FL402", "7:48", "pager.page: to.1: Input", ""),
    ("  - {id: one, uses: wait, with: {for: '{{ nope(1) }}'}}", "FL301", "7:39", "there is no name nope", ""),
    # --- safety
    ("  - {id: one, uses: database.drop, with: {name: x}, undo: none, why: w}", "FL501", "7:5", "one destroys, and nobody is asked", "approval: {from"),
    (f"  - {{id: one, {HTTP}, effect: destroy, undo: none, why: w}}", "FL501", "7:5", "one destroys", ""),
    (f"  - {{id: one, {HTTP}}}", "FL502", "7:5", "neither undo nor verify", "effect: read where it only reads"),
    ("  - {id: one, uses: queue.pause, with: {name: x}}", "FL502", "7:5", "neither undo nor verify", "or undo: none and why"),
    (f"  - {{id: one, {HTTP}, undo: none, why: w, retry: {{attempts: 3}}}}", "FL503", "7:80", "not repeatable", "add settle"),
    ("  - {id: one, uses: wait, with: {for: 1m}, approval: {from: [user:a, user:b], quorum: 3}}", "FL504", "7:87", "3 must agree, and 2 may", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, on_failure: undo}", "FL505", "7:56", "there is nothing to undo", "give a step an undo"),
    (f"  - {STEP}\nrescue:\n  - {{id: two, uses: wait, with: {{for: 1m}}, on_failure: undo}}", "FL505", "9:56", "in rescue nothing is undone", "stop or continue"),
    (f"  - {STEP[:-1]}, evidence: {{name: a}}}}\n  - {{id: two, uses: wait, with: {{for: 1m}}, evidence: {{name: a}}}}", "FL506", "8:61", "taken by the step one", ""),
    ("  - {id: one, uses: http.request, effect: read, with: {url: 'http://x', headers: {authorization: abc}}}", "FL508", "7:98", "authorization looks like a secret", "{secret: its/name}"),
    ("  - {id: one, uses: http.request, effect: read, with: {url: 'http://u:pw@x'}}", "FL508", "7:61", "url looks like a secret", ""),
    ("  - {id: one, uses: http.request, effect: read, with: {url: 'http://x', json: [{a: 'Bearer abcdefghijkl'}]}}", "FL508", "7:84", "a looks like a secret", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, undo: none, why: w}", "FL510", "7:44", "one only reads", ""),
    # --- what comes from outside
    ("  - {id: one, uses: http.request, effect: read, with: {url: 'http://x/{{ alert.labels.a }}'}}", "FL511", "7:61", "alert.labels.a stands in a URL", "{{ … | urlencode }}"),
    ("  - {id: one, uses: http.request, effect: read, with: {url: '{{ alert.annotations.u }}'}}", "FL511", "7:61", "alert.annotations.u stands in a URL", "name the address in vars"),
    (f"  - {STEP}\n  - {{id: two, uses: http.request, effect: read, with: {{url: 'http://x?a={{{{ steps.one.output.value }}}}'}}}}", "FL511", "8:61", "steps.one.output.value", ""),
    (f"  - {{id: one, {HTTP}, verify: {{uses: http.request, with: {{url: 'http://x/{{{{ incident.title }}}}'}}, expect: true}}}}", "FL511", "7:101", "incident.title", ""),
    ("  - {id: one, uses: shell.run, effect: read, with: {argv: [ls, '{{ alert.labels.a }}']}}", "FL512", "7:64", "alert.labels.a begins an argument", "put '--' before it"),
    # --- loops
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: 5}", "FL102", "7:54", "should be a text or a list", ""),
    ("  - {id: one, uses: wait, with: {for: '{{ item }}'}, for_each: {a: 1}}", "FL102", "7:64", "should be a text or a list", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: [a, b], max_parallel: 0}", "FL102", "7:76", "at least 1", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: [a, b], max_items: 110%}", "FL102", "7:73", "max_items", "from 1% to 100%"),
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: [a, b], max_items: 0}", "FL102", "7:73", "max_items", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, max_parallel: 2}", "FL107", "7:44", "max_parallel is for a loop", "add for_each"),
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: [a, b], max_items: 10%}", "FL107", "7:73", "10% of what?", "of:"),
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: [a, b], max_items: 10, of: 5}", "FL107", "7:77", "a share of", "max_items: 10%"),
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: []}", "FL108", "7:54", "the list is empty", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: web-1}", "FL108", "7:54", "gives a text", "one expression alone"),
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: 'a {{ alerts }}'}", "FL108", "7:54", "gives a text", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: '{{ alert }}'}", "FL108", "7:54", "alert is no list", "| items"),
    (f"  - {STEP}\n  - {{id: two, uses: wait, with: {{for: 1m}}, for_each: '{{{{ steps.one.status }}}}'}}", "FL108", "8:54", "steps.one.status is no list", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: '{{ 3 }}'}", "FL108", "7:54", "3 is no list", "for_each: [a, b]"),
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: '{{ {1: 2} | length }}'}", "FL108", "7:54", "is no list", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: '{{ [] }}'}", "FL108", "7:54", "the list is empty", "drop the step"),
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: '{{ item }}'}", "FL301", "7:54", "there is no name item", ""),
    ("  - {id: one, uses: wait, with: {for: '{{ itm }}'}, for_each: [1m, 2m]}", "FL301", "7:39", "there is no name itm", "did you mean item?"),
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: '{{ steps.one.output.items }}'}", "FL302", "7:54", "need not be over", ""),
    (f"  - {STEP[:-1]}, for_each: [a, b]}}\n  - {{id: two, if: steps.one.output.vlaue > 1, uses: wait, with: {{for: 1m}}}}", "FL303", "8:19", "steps.one is a loop, and its output has no vlaue", "items[0].output.vlaue"),
    (f"  - {STEP[:-1]}, for_each: [a, b]}}\n  - {{id: two, if: steps.one.output.totl > 1, uses: wait, with: {{for: 1m}}}}", "FL303", "8:19", "has no totl", "did you mean total?"),
    (f"  - {STEP[:-1]}, for_each: [a, b]}}\n  - {{id: two, if: steps.one.output.items.value > 1, uses: wait, with: {{for: 1m}}}}", "FL301", "8:19", "items is a list", 'map(attribute="value")'),
    (f"  - {STEP[:-1]}, for_each: [a, b], evidence: {{name: up.json}}}}", "FL506", "7:93", "the same name", "use item"),
    (f"  - {{id: one, {HTTP}, undo: none, why: w, for_each: '{{{{ alerts }}}}'}}", "FL521", "7:90", "of any length", "max_items"),
    (f"  - {{id: one, {HTTP}, undo: none, why: w, for_each: [a, b], canary: 1}}", "FL522", "7:106", "as soon as the call", "add verify"),
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: [a, b], canary: 2, verify: {uses: wait, with: {for: 1s}, expect: true}}", "FL523", "7:70", "2 of 2", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, for_each: '{{ alerts }}', max_items: 3, canary: 4, verify: {uses: wait, with: {for: 1s}, expect: true}}", "FL523", "7:92", "4 of 3", ""),
    ("  - {id: one, uses: wait, with: {for: 1m}, until: true}", "FL004", "7:44", "until is no key", "retry: {attempts"),
    ("  - {id: one, uses: wait, with: {for: 1m}, retry: {until: '1 +'}}", "FL105", "7:59", "1 +", ""),
    ("  - {id: one, uses: prometheus.query, with: {query: up}, retry: {until: output.valeu > 1}}", "FL303", "7:73", "output has no valeu", "did you mean value?"),
    (f"  - {{id: one, {HTTP}, undo: none, why: w, retry: {{attempts: 1, until: output.status == 200}}}}", "FL524", "7:101", "http.request is not repeatable", "effect: read"),
    ("  - {id: one, uses: database.drop, with: {name: x}, approval: {from: [group:a]}, undo: none, why: w, retry: {attempts: 1, until: true}}", "FL524", "7:123", "database.drop is not repeatable", "verify"),
    ("  - {id: one, uses: http.request, effect: read, with: {url: 'http://x/{{ item }}'}, for_each: '{{ alerts }}'}", "FL511", "7:61", "item stands in a URL", "urlencode"),
    # --- not yet
    ("  - {id: one, uses: wait, with: {for: 1m}, approval: {from: [group:a], on_expiry: escalate}}", "FL101", "7:83", "escalate_to is missing", "say who is asked then"),
    ("  - {id: one, uses: wait, with: {for: 1m}, approval: {from: [group:a], escalate_to: [group:b]}}", "FL107", "7:72", "without on_expiry: escalate", "or drop escalate_to"),
    # --- what can't come true, and what never comes
    (f"  - {STEP}\n  - {{id: two, if: false, uses: wait, with: {{for: 1m}}}}", "FL204", "8:19", "`false` is never true", "drop the step"),
    (f"  - {STEP}\n  - {{id: two, if: 1 > 2 and true, uses: wait, with: {{for: 1m}}}}", "FL204", "8:19", "is never true", ""),
    (f"  - {STEP}\n  - {{id: two, if: steps.one.status == 'failed' and vars.region == 'eu', uses: wait, with: {{for: 1m}}}}", "FL204", "8:19", "when one fails, steps ends, and two never runs", "on_failure: continue at one"),
    (f"  - {STEP[:-1]}, if: false}}\n  - {{id: two, if: steps.one.status == 'succeeded' and vars.region == 'eu', uses: wait, with: {{for: 1m}}}}", "FL204", "8:19", "one never runs itself", "drop the step, or let one run"),
    (f"  - {STEP[:-1]}, if: false}}\n  - {{id: two, if: steps.one.status != 'skipped', uses: wait, with: {{for: 1m}}}}", "FL204", "8:19", "one never runs itself", ""),
    (f"  - {STEP[:-1]}, if: false}}\n  - {{id: two, if: \"steps.one.status in ['succeeded', 'failed']\", uses: wait, with: {{for: 1m}}}}", "FL204", "8:19", "one never runs itself", ""),
    (f"  - {STEP[:-1]}, if: false}}\n  - {{id: two, if: \"steps.one.status not in ['skipped']\", uses: wait, with: {{for: 1m}}}}", "FL204", "8:19", "one never runs itself", ""),
    (f"  - {STEP[:-1]}, if: false}}\n  - {{id: two, if: steps.one.status == 'succeeded', uses: wait, with: {{for: 1m}}}}\n  - {{id: three, if: steps.two.status == 'succeeded', uses: wait, with: {{for: 1m}}}}", "FL204", "9:21", "two never runs itself", ""),
    (f"  - {STEP}\n  - {{id: two, if: steps.one.status == 'failed', uses: wait, with: {{for: 1m}}}}\nalways:\n  - {{id: three, if: steps.two.status == 'succeeded', uses: wait, with: {{for: 1m}}}}", "FL204", "10:21", "two never runs itself", ""),
    (f"  - {STEP[:-1]}, on_failure: continue}}\n  - {{id: two, if: steps.one.status == 'faild', uses: wait, with: {{for: 1m}}}}", "FL304", "8:19", "steps.one.status is never 'faild'", "did you mean failed?"),
    (f"  - {STEP}\n  - {{id: two, if: \"alert.status == 'pending' or alert.labels.a == 'x'\", uses: wait, with: {{for: 1m}}}}", "FL304", "8:19", "alert.status is never 'pending'", "firing, resolved"),
    (f"  - {STEP}\n  - {{id: two, if: \"incident.severity in ['SEV1', 'SEV5']\", uses: wait, with: {{for: 1m}}}}", "FL304", "8:19", "incident.severity is never 'SEV5'", "SEV1"),
    (f"  - {{id: one, {HTTP}, verify: {{uses: prometheus.query, with: {{query: up}}, expect: \"output.value == 1 and incident.status != 'open'\"}}}}", "FL304", "7:120", "incident.status is never 'open'", ""),
    # --- types
    ("  - {id: one, uses: wait, with: {for: '{{ incident.number }}'}}", "FL405", "7:39", "wait: for: {{ incident.number }} is a whole number", "in a longer text"),
    ("  - {id: one, uses: pager.page, with: {to: ['{{ alert.labels }}'], urgency: high}}", "FL405", "7:45", "pager.page: to.0: {{ alert.labels }} is a mapping", ""),
]  # fmt: skip

ON = HEAD.replace("on: {command: true}\n", "autonomy: auto\non:\n  command: true\n")
SCHEDULED = "  schedule: {cron: '0 4 * * *'}\n"

# What stands before `steps:`, in the same way; line 1 is apiVersion.
HEADS: list[tuple[str, str, str, str, str]] = [
    (HEAD.replace("v1", "v2"), "FL008", "1:13", "apiVersion is 'fireline/v2'", "write fireline/v1"),
    (HEAD.replace("apiVersion: fireline/v1\n", ""), "FL101", "1:1", "apiVersion is missing", ""),
    (HEAD.replace("fireline/v1", ""), "FL102", "1:1", "apiVersion has no value", ""),
    (HEAD.replace("title: Something is wrong\n", ""), "FL101", "1:1", "title is missing", ""),
    (HEAD.replace("sound", "Bad Name"), "FL102", "2:7", "name does not fit", "lower case letters, digits and -"),
    (HEAD + "nmae: x\n", "FL004", "6:1", "nmae is no key", "did you mean name?"),
    (HEAD + "zzzz: x\n", "FL004", "6:1", "zzzz is no key", "there are: apiVersion, name"),
    (HEAD + "inputs: {a: {tpye: string}}\n", "FL004", "6:14", "inputs.a.tpye is no key", "did you mean type?"),
    (HEAD + "valid_until: someday\n", "FL102", "6:14", "should be a date such as 2027-06-30", ""),
    (HEAD + "valid_until: 2026-11-22\n", "FL507", "6:14", "valid_until was 2026-11-22", "ask its owner"),
    (HEAD + "severity: SEV5\n", "FL102", "6:11", "severity SEV5 is none of SEV1, SEV2, SEV3, SEV4", ""),
    (HEAD + "severity: '{{ incident.number }}'\n", "FL301", "6:11", "there is no name incident", "not known yet at this point"),
    (HEAD + "autonomy: atuo\n", "FL102", "6:11", "observe, propose, approve, auto", "did you mean auto?"),
    (HEAD + "timeout: 1h 3m\n", "FL103", "6:10", "no duration", ""),
    (HEAD + "inputs: {a-b: {}}\n", "FL102", "6:10", "a-b is no name for it", "digits and _"),
    (HEAD + "inputs: {a: {pattern: '('}}\n", "FL106", "6:23", "not closed (at its character 1)", ""),
    (HEAD + "inputs: {a: {pattern: x, type: integer}}\n", "FL107", "6:23", "the type is integer", ""),
    (HEAD + "inputs: {a: {required: true, default: x}}\n", "FL107", "6:10", "a is required and has a default", ""),
    (HEAD + "inputs: {a: {type: integer, default: x}}\n", "FL102", "6:38", "the default of a does not fit", ""),
    (HEAD + "inputs: {a: {enum: [x, 1]}}\n", "FL102", "6:24", "a can't be 1", ""),
    (HEAD + "inputs: {a: {default: '{{ inputs.b }}'}}\n", "FL301", "6:23", "there is no name inputs", "not known yet"),
    (HEAD + "inputs: {a: {default: '{{ 1 + }}'}}\n", "FL105", "6:23", "1 +", ""),
    (HEAD + "concurrency: {group: '{{ run.id }}'}\n", "FL301", "6:22", "there is no name run", ""),
    (HEAD.replace("on: {command: true}\n", ""), "FL509", "2:7", "nothing starts sound", "on.alert"),
    (HEAD.replace("{command: true}", "{alert: [{match: ['a=~\"[\"']}]}"), "FL104", "5:23", "(at its character 4)", ""),
    (HEAD.replace("{command: true}", "{alert: [{match: ['{}']}]}"), "FL104", "5:23", "no matcher in it", 'alertname=~".+"'),
    (HEAD.replace("{command: true}", "{alert: [{match: []}]}"), "FL102", "5:22", "match is empty", ""),
    (HEAD.replace("{command: true}", "{command: yes}"), "FL102", "5:15", "should be true or false", ""),
    (ON + "  schedule: {cron: '0 4 * *'}\n", "FL601", "8:20", "has 4 fields", "Mondays at 4:00"),
    (ON + "  schedule: {cron: '0 4 * * *', timezone: Mars/Olympus}\n", "FL602", "8:43", "no time zone", "Europe/Zurich"),
    (ON + "  schedule: {}\n", "FL101", "8:13", "on.schedule.cron is missing", ""),
    (ON + SCHEDULED + "inputs: {a: {}}\n", "FL603", "9:10", "a has no default", "required: false"),
    (ON + SCHEDULED + "inputs: {a: {default: '{{ alert.labels.x }}'}}\n", "FL603", "9:23", "the default of a needs alert.labels.x", "default(…)"),
    (ON + SCHEDULED + "severity: '{{ alert.labels.severity }}'\n", "FL604", "9:11", "alert.labels.severity is not there", ""),
    (ON + SCHEDULED + "concurrency: {group: 'a/{{ alert.labels.a }}'}\n", "FL604", "9:22", "alert.labels.a is not there", ""),
    (ON.replace("autonomy: auto\n", "") + SCHEDULED, "FL606", "7:3", "sound is only proposed each time", "autonomy: approve"),
    (ON.replace("auto\n", "propose\n") + SCHEDULED, "FL606", "8:3", "only proposed", ""),
]  # fmt: skip


def _check(text: str, code: str, place: str, message: str, hint: str) -> None:
    loaded = load(text)
    hits = [each for each in loaded.findings if each.code == code and str(each.place) == f"f.yaml:{place}"]
    assert hits, [
        (str(each.place), *each_found)
        for each, each_found in zip(loaded.findings, found(loaded), strict=True)
    ]
    assert any(message in each.message and hint in each.hint for each in hits), hits
    assert (loaded.runbook is None) == any(each.level is Level.ERROR for each in loaded.findings)
    assert {each.code for each in loaded.findings} == {code}, found(loaded)


@pytest.mark.parametrize(("steps", "code", "place", "message", "hint"), STEPS)
def test_of_steps(steps: str, code: str, place: str, message: str, hint: str) -> None:
    """One thing is wrong with a step: that is told, in place, and nothing else."""
    _check(f"{HEAD}steps:\n{steps}\n", code, place, message, hint)


@pytest.mark.parametrize(("head", "code", "place", "message", "hint"), HEADS)
def test_of_the_head(head: str, code: str, place: str, message: str, hint: str) -> None:
    """One thing is wrong with the head: that is told, in place, and nothing else."""
    _check(f"{head}steps: [{STEP}]\n", code, place, message, hint)


@pytest.mark.parametrize(
    "steps",
    [
        f"  - {STEP}\n  - {{id: two, uses: wait, with: {{for: '{{{{ steps.one.output.series | length }}}}m'}}}}",
        f"  - {STEP}\n  - {{id: two, uses: wait, with: {{for: 1m}}}}\n  - {{id: three, if: steps.one.output.value > 1, uses: wait, with: {{for: 1m}}}}",
        "  - {id: one, uses: wait, with: {for: 1m}}\n  - {id: two, if: steps.one.output.whatever, uses: wait, with: {for: 1m}}",
        "  - {id: one, uses: wait, with: {for: \"{{ vars.x | default('1m') }}\"}}",
        "  - {id: one, uses: wait, with: {for: \"{{ vars.x if vars.x is defined else '1m' }}\"}}",
        '  - {id: one, uses: wait, with: {for: "{{ range(3) | length }}{{ alerts | length }}{{ steps | length }}{{ inputs | length }}"}}',
        "  - {id: one, uses: wait, with: {for: '{{ vars.region }}{{ alert.labels.any.thing }}{{ alerts[0].labels.x }}'}}",
        "  - {id: one, uses: pager.page, with: {to: '{{ vars.region }}'}}",
        "  - {id: one, uses: pager.page, with: {to: ['{{ alerts | length }}', a], urgency: high}}",
        "  - {id: one, uses: pager.page}",
        "  - {id: one, uses: wait, with: {for: [{a: '{{ vars.region }}'}]}}",
        "  - {id: one, uses: prometheus.query, with: {query: up, limit: '{{ alerts | length }}'}}",
        f"  - {{id: one, {HTTP}, undo: {{{HTTP[:-1]}, json: '{{{{ steps.one.output.json }}}}'}}}}}}",
        f"  - {{id: one, {HTTP}, verify: {{uses: http.request, with: {{url: 'http://x/{{{{ steps.one.output.text | urlencode }}}}'}}, expect: output.json.any}}}}",
        f"  - {{id: one, {HTTP}, undo: none, why: w, retry: {{attempts: 3}}, settle: {{uses: wait, with: {{for: 1s}}, expect: output.whatever}}}}",
        f"  - {{id: one, {HTTP}, undo: none, why: w, retry: {{attempts: 1}}}}",
        f"  - {{id: one, {HTTP}, effect: read, retry: {{attempts: 9}}}}",
        "  - {id: one, uses: http.request, effect: read, with: {url: 'http://x', headers: {authorization: {secret: a/b}, token: '{{ vars.region }}'}}}",
        "  - {id: one, uses: http.request, effect: read, with: {url: 'http://x', headers: '{{ vars.region }}', json: {password_hint: x, a: ['{{ 1 }}']}}}",
        "  - {id: one, uses: wait, with: {for: 1m}, approval: {from: [user:a, group:b], quorum: 5}}",
        f"  - {STEP}\nrescue:\n  - {{id: two, if: steps.one.status == 'failed', uses: wait, with: {{for: 1m}}}}\nalways:\n  - {{id: three, if: steps.two.status == 'failed' and steps.one.reason == 'timeout', uses: wait, with: {{for: 1m}}}}",
        f"  - {STEP[:-1]}, evidence: {{name: a}}}}\n  - {{id: two, uses: wait, with: {{for: 1m}}, evidence: {{name: '{{{{ run.id }}}}'}}}}",
        "  - {id: one, uses: http.request, effect: read, with: {url: 'http://x/{{ item }}/{{ item_index }}'}, for_each: [a, b], evidence: {name: '{{ item }}.log'}}",
        f"  - {{id: one, if: item != 'b', {HTTP}, for_each: [a, b], undo: {{{HTTP[:-1]}, json: '{{{{ [item, steps.one.output.json] }}}}'}}}}}}",
        f"  - {STEP[:-1]}, for_each: [a, b]}}\n  - {{id: two, if: 'steps.one.output.failed > 1 and steps.one.output.items[0].output.value > 1', uses: wait, with: {{for: 1m}}}}",
        f"  - {STEP[:-1]}, for_each: [a, b]}}\n  - {{id: two, if: steps.one.output.mine | default(false), uses: wait, with: {{for: 1m}}}}",
        f"  - {STEP}\n  - {{id: two, for_each: '{{{{ steps.one.output.series }}}}', max_items: 10%, of: '{{{{ alerts }}}}', max_parallel: 3, {HTTP}, undo: none, why: w}}",
        "  - {id: one, uses: prometheus.query, with: {query: up}, retry: {attempts: 30, interval: 10s, backoff: 1, jitter: none, until: output.value > 1}}",
        f"  - {{id: one, {HTTP}, effect: read, retry: {{until: output.status == 200}}, for_each: '{{{{ range(5) | list }}}}'}}",
        "  - {id: one, uses: wait, with: {for: 1m}, for_each: '{{ [1, 2] }}'}",
        "  - {id: one, uses: wait, with: {for: 1m}, for_each: '{{ 1 / 0 }}'}",
        "  - {id: one, uses: nope, with: {for: 1m}, for_each: '{{ alerts }}', retry: {until: true}}".replace("nope", "wait"),
    ],
)  # fmt: skip
def test_sound(steps: str) -> None:
    """What looks like a slip and is none."""
    loaded = load_steps(steps)
    assert not loaded.findings, found(loaded)
    assert loaded.runbook is not None


def test_undo_may_be_given_by_another_step() -> None:
    """A step's failure undoes what ran before or beside it; what waits for it has not run."""
    undo = f"undo: {{{HTTP}}}"
    fails = "{id: two, needs: [], uses: wait, with: {for: 1m}, on_failure: undo}"
    assert not load_steps(f"  - {{id: one, {HTTP}, {undo}}}\n  - {fails}").findings
    after = load_steps(f"  - {fails}\n  - {{id: three, {HTTP}, {undo}}}")
    assert [each.code for each in after.findings] == ["FL505"]


def test_every_finding_not_only_the_first() -> None:
    """One file with a slip in each part: all are told, in the order of the file."""
    loaded = load(
        "apiVersion: fireline/v1\nname: Bad\ntitle: x\nowner: 3\ntimeout: 45\nfoo: 1\n"
        "on: {alert: [{match: ['b c', 'a=~\"(\"']}]}\n"
        "inputs: {a: {enum: [[1], [2]]}, b: {type: nope}}\n"
        "steps:\n"
        "  - {id: one, needs: [x, 1, 2], uses: nope.nope, with: {a: '{{ b.c }}'}, approval: {from: [a, b]}, retry: {attempts: x}}\n"
        "  - {id: two, uses: wait, with: {fro: 1}, if: a and, undo: {uze: x}}\n"
        "  - {id: two, uses: wait, with: {for: '{{ steps.three.status }}'}, evidence: {name: ~}}\n"
    )
    codes = [each.code for each in loaded.findings]
    assert loaded.runbook is None
    assert {"FL004", "FL101", "FL102", "FL103", "FL104", "FL105", "FL201", "FL301", "FL401", "FL402"} <= set(
        codes
    )
    assert [each.place for each in loaded.findings] == sorted(each.place for each in loaded.findings)
    assert len(codes) > 18


@pytest.mark.parametrize("text", ["[]", "5", "- a\n- b", "text"])
def test_a_runbook_is_a_mapping(text: str) -> None:
    """Anything else is told at once."""
    assert found(load(text)) == [("FL102", "a runbook is a mapping of keys")]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("steps: []", "steps is empty"),
        ("steps: [1]", "steps[0] should be a mapping"),
        ("", "steps is missing"),
        ("steps: ~", "steps has no value"),
    ],
)
def test_without_steps_there_is_little_to_say(steps: str, message: str) -> None:
    """Where too little is left, only the form is judged."""
    loaded = load(f"{HEAD}zzz: 1\n{steps}\n")
    assert message in [each.message for each in loaded.findings]
    assert "FL004" in [each.code for each in loaded.findings]


def test_a_step_that_is_none_hides_no_other() -> None:
    """The steps beside it are looked at all the same, and nothing is said of what it lacks."""
    loaded = load_steps(
        "  - 45m\n  - {id: one, uses: wiat, with: {for: 1m}, needs: [nope]}\n  - {uses: wait, with: {for: 1m}, zzz: 1}"
    )
    assert found(loaded) == [
        ("FL102", "steps[0] should be a mapping"),
        ("FL401", "there is no action wiat"),
        ("FL202", "there is no step nope in steps"),
        ("FL101", "steps[2].id is missing"),
        ("FL004", "steps[2].zzz is no key"),
    ]


def test_a_list_that_is_none_hides_the_list_alone() -> None:
    """Where one of a list's entries does not fit and another lacks something, both are told, and the rest is looked at."""
    loaded = load(
        f"{HEAD.replace('{command: true}', '{alert: [5, {}]}')}steps: [{STEP}, {{id: one, uses: wait, with: {{for: 1m}}}}]\n"
    )
    assert found(loaded) == [
        ("FL102", "on.alert[0] should be a mapping"),
        ("FL101", "on.alert[1].match is missing"),
        ("FL201", "the id one is taken"),
    ]


def test_what_was_cut_out_is_not_missed() -> None:
    """A slip in one key brings no complaint that the key is missing."""
    for broken in ("undo: {uze: x}", "verify: 3", "retry: {attempts: x}", "approval: {from: [x]}"):
        loaded = load_steps(f"  - {{id: one, uses: database.drop, with: {{name: x}}, {broken}}}")
        assert not {each.code for each in loaded.findings} & {"FL501", "FL502", "FL504"}, broken


def test_dates_are_judged_by_the_day_given() -> None:
    """On its last day a runbook is still good."""
    assert not load(f"{HEAD}valid_until: 2026-11-23\nsteps: [{STEP}]\n").findings


def test_every_rule_has_a_case() -> None:
    """A code that nothing triggers is no rule; those of files, and those that need more than one part, are tested beside these."""
    elsewhere = {
        "FL001",
        "FL002",
        "FL003",
        "FL005",
        "FL006",
        "FL007",
        "FL009",
        "FL411",
        "FL412",
        "FL413",
        "FL414",
        "FL513",
        "FL605",
        "FL607",
        "FL608",
    }
    assert {each[1] for each in STEPS + HEADS} | elsewhere == set(RULES)


@pytest.mark.parametrize(
    ("decl", "item", "code"),
    [
        ("{type: list, pattern: '[a-z0-9-]+'}", "{{ item }}", None),
        ("{type: list, pattern: '[a-z0-9-]+'}", "{{ item.name }}", None),
        ("{type: list}", "{{ item }}", "FL511"),
        ("{type: string, pattern: '[a-z]+'}", "{{ item }}", "FL108"),
        ("{type: list, pattern: '[a-z]+'}", "{{ item_index }}", None),
    ],
)
def test_an_item_is_held_as_its_list_is(decl: str, item: str, code: str | None) -> None:
    """A pattern that each entry of an input must match holds each item to its place; a text is no list to go through."""
    step = f"{{id: one, uses: http.request, effect: read, with: {{url: 'http://x/{item}'}}, for_each: '{{{{ inputs.a }}}}'}}"
    codes = {each.code for each in load(f"{HEAD}inputs: {{a: {decl}}}\nsteps: [{step}]").findings}
    assert codes == ({code} if code else set())


def test_what_is_wrong_with_a_list_hides_nothing_else() -> None:
    """Where `for_each` itself is broken, its own slip is told, and not that there is no item."""
    broken = load_steps(
        "  - {id: one, uses: wait, with: {for: '{{ item }}'}, for_each: 5, canary: 1}"
    ).findings
    assert [each.code for each in broken] == ["FL102"]
    share = load_steps(
        "  - {id: one, uses: wait, with: {for: 1m}, for_each: [a, b], max_items: 10%, of: {}}"
    ).findings
    assert [each.code for each in share] == ["FL102"]
    number = load_steps(
        "  - {id: one, uses: wait, with: {for: 1m}, for_each: [a, b], max_items: 5x, of: 5}"
    ).findings
    assert [each.code for each in number] == ["FL102"]
    unknown = load_steps(
        "  - {id: one, uses: wiat, with: {for: 1m}, for_each: '{{ alerts }}', retry: {until: true}}"
    )
    assert [each.code for each in unknown.findings] == ["FL401"]


def _in_a_url(decl: str, expression: str) -> set[str]:
    step = f"  - {{id: one, uses: http.request, effect: read, with: {{url: 'http://x/{expression}'}}}}"
    head = HEAD + f"inputs: {{a: {decl}}}\nsteps:\n"
    return {each.code for each in load(head + step).findings}


@pytest.mark.parametrize(
    ("decl", "expression", "held"),
    [
        ("{pattern: '[a-z0-9-]+'}", "{{ inputs.a }}", True),
        ("{pattern: '[a-z0-9]+(/[a-z0-9]+)?'}", "{{ inputs.a }}", True),
        ("{enum: [x, y]}", "{{ inputs.a }}", True),
        ("{type: integer}", "{{ inputs.a }}", True),
        ("{type: boolean}", "{{ inputs.a }}", True),
        ("{}", "{{ inputs.a | urlencode }}", True),
        ("{}", "{{ inputs.a|length }}", True),
        ("{}", "{{ vars.region }}-{{ run.id }}-{{ incident.id }}", True),
        ("{}", "{{ inputs.a }}", False),
        ("{pattern: '.*'}", "{{ inputs.a }}", False),
        ("{pattern: '[a-z./]+'}", "{{ inputs.a }}", False),
        ("{pattern: '[a-z?]+'}", "{{ inputs.a }}", False),
        ("{pattern: '[^/]+'}", "{{ inputs.a }}", False),
        ("{pattern: x}", "{{ inputs }}", False),
        ("{}", "{{ inputs.a | urlencode | upper }}", False),
    ],
)
def test_what_holds_a_value_to_its_place_in_a_url(decl: str, expression: str, held: bool) -> None:  # noqa: FBT001 - a table's column
    """A pattern that can't match what leaves its place, a closed list, a number, an escape; anything else is warned of."""
    assert ("FL511" in _in_a_url(decl, expression)) is not held


def test_an_address_may_be_an_input_that_has_a_pattern() -> None:
    """A pattern for a whole address must allow slashes; that somebody thought of one is what is asked."""
    step = "steps:\n  - {id: one, uses: http.request, effect: read, with: {url: '{{ inputs.a }}/logs'}}"
    loose = load(HEAD + "inputs: {a: {}}\n" + step).findings
    held = load(HEAD + "inputs: {a: {pattern: 'https?://.+'}}\n" + step).findings
    assert ["FL511" in {each.code for each in found} for found in (loose, held)] == [True, False]


@pytest.mark.parametrize(
    ("argv", "held"),
    [
        ("[kubectl, delete, pod, '{{ alert.labels.pod }}']", False),
        ("[kubectl, delete, '{{ inputs.a }}']", False),
        ("[kubectl, delete, pod, '--', '{{ alert.labels.pod }}']", True),
        ("[kubectl, delete, 'pod/{{ alert.labels.pod }}', 5, '']", True),
        ("[kubectl, delete, '{{ inputs.b }}']", True),
        ("'{{ alert.labels.all }}'", True),
    ],
)
def test_what_could_become_an_option(argv: str, held: bool) -> None:  # noqa: FBT001 - a table's column
    """A label that is `--all` must not change what a command does; after `--`, behind other text or under a pattern it can't."""
    inputs = "inputs: {a: {pattern: '[a-z-]+'}, b: {pattern: '[a-z][a-z-]*'}}\n"
    step = f"steps:\n  - {{id: one, uses: shell.run, effect: read, with: {{argv: {argv}}}}}"
    codes = {each.code for each in load(HEAD + inputs + step).findings}
    assert ("FL512" in codes) is not held, codes


def test_an_escalation_that_cannot_be_read_is_told_once() -> None:
    """What was cut out is not missed a second time."""
    rule = "approval: {from: [group:a], on_expiry: escalate, escalate_to: [leads]}"
    loaded = load_steps(f"  - {{id: one, uses: wait, with: {{for: 1m}}, {rule}}}")
    assert [each.code for each in loaded.findings] == ["FL102"]


def test_a_step_that_needs_an_alert_is_told_on_schedule() -> None:
    """Wherever the step names it; what says what holds otherwise, and what is there without an alert, is fine."""
    head = ON + SCHEDULED
    look = "uses: prometheus.query, with: {query: '{{ alert.labels.a }}'}"
    call = "uses: http.request, with: {url: 'http://x', json: {a: '{{ alert.annotations.b }}'}}"
    steps = (
        f"  - {{id: one, if: alert.labels.a == 'x', {look}, evidence: {{name: '{{{{ alert.labels.a }}}}'}}}}\n"
        f"  - {{id: two, {call}, settle: {{{look}, expect: alert.labels.c == 'x'}}, verify: {{{look}, expect: true}}, undo: {{{call}}}}}\n"
        "  - {id: three, uses: wait, with: {for: '{{ alert.labels.a | default(alert.name) }}'}}"
    )
    told = [each for each in load_steps(steps, head).findings if each.code == "FL605"]
    assert [each.message.partition(" ")[0] for each in told] == ["one"] * 3 + ["two"] * 5
    assert all("scheduled run" in each.message for each in told)


def test_an_input_that_cannot_be_read_is_told_once() -> None:
    """Whether it has a value on schedule is asked when it can be read."""
    loaded = load_steps(f"  - {STEP}", ON + SCHEDULED + "inputs: {a: {default: '{{ 1 + }}'}}\n")
    assert [each.code for each in loaded.findings] == ["FL105"]


def test_a_sound_schedule_is_sound() -> None:
    """An alert's label in an input is fine where something else holds on schedule; a schedule alone is enough to start a runbook."""
    head = HEAD.replace(
        "on: {command: true}", "on: {schedule: {cron: '0 4 * * MON', timezone: Europe/Zurich}}"
    )
    inputs = "inputs: {a: {default: \"{{ alert.labels.a | default('all') }}\"}, b: {required: false}, c: {default: 1, type: integer}}\n"
    loaded = load_steps(f"  - {STEP}", head + "autonomy: auto\n" + inputs)
    assert loaded.runbook is not None
    assert not loaded.findings
    assert loaded.runbook.schedule is not None
    assert loaded.runbook.schedule.zone.key == "Europe/Zurich"


@pytest.mark.parametrize(
    ("condition", "codes"),
    [
        ("true", set()),
        ("1 / 0 > 1", set()),
        ("steps.one.status == 'failed' or vars.region == 'eu'", set()),
        ("steps.one.status != 'failed'", set()),
        ("steps.one.status == vars.region", set()),
        ("steps.one.status in ['failed', vars.region]", set()),
        ("steps.one.status > 'a'", set()),
        ("'failed' == steps.one.status == 'failed'", set()),
        ("steps.one.output.value == 1", set()),
        ("steps['one'].status == 'x'", set()),
        ("steps.one.reason in ('timeout', '')", set()),
        ("steps.one.status not in ['gone']", {"FL304"}),
        ("not (steps.one.status == 'gone')", {"FL304"}),
    ],
)
def test_only_what_is_certain_is_told(condition: str, codes: set[str]) -> None:
    """What depends on a run, or fails by itself, is no finding."""
    loaded = load_steps(f'  - {STEP}\n  - {{id: two, if: "{condition}", uses: wait, with: {{for: 1m}}}}')
    assert {each.code for each in loaded.findings} == codes


@pytest.mark.parametrize(
    "condition",
    [
        "steps.one.status == 'skipped'",
        "steps.one.status != 'succeeded'",
        "steps.one.status in ['skipped', 'failed']",
        "steps.one.status not in ['succeeded']",
        "steps.one.status in 'skipped'",
        "steps.one.status == 'succeeded' or vars.region == 'eu'",
        "steps.one.reason == 'timeout'",
    ],
)
def test_what_never_runs_may_be_looked_at(condition: str) -> None:
    """That a step was left out is something to go by; and to need it is to come after it, whatever became of it."""
    loaded = load_steps(
        f'  - {STEP[:-1]}, if: false}}\n  - {{id: two, needs: [one], if: "{condition}", uses: wait, with: {{for: 1m}}}}'
    )
    assert [(each.code, each.place.line) for each in loaded.findings] == [("FL204", 7)]


def test_what_waits_in_vain_may_fail_over_it() -> None:
    """A condition that names a value which is not there fails its step: who waits for that failure does not wait in vain."""
    three = "{id: three, if: steps.two.status == 'failed', uses: wait, with: {for: 1m}}"
    loaded = load_steps(
        f"  - {STEP[:-1]}, if: false}}\n"
        "  - {id: two, if: steps.one.output.value > 1 and steps.one.status == 'succeeded', on_failure: continue, uses: wait, with: {for: 1m}}\n"
        f"  - {three}"
    )
    assert [(each.code, each.place.line) for each in loaded.findings] == [("FL204", 7), ("FL204", 8)]


def test_a_step_of_rescue_may_look_at_what_failed() -> None:
    """The list that it looks at is over."""
    loaded = load(
        f"{HEAD}steps: [{STEP}]\nrescue: [{{id: two, if: steps.one.status == 'failed', uses: wait, with: {{for: 1m}}}}]\n"
    )
    assert not loaded.findings


@pytest.mark.parametrize(
    ("decl", "call", "wrong"),
    [
        ("{type: list}", "wait, with: {for: '{{ inputs.a }}'}", True),
        ("{type: integer}", "wait, with: {for: '{{ inputs.a }}'}", True),
        ("{type: boolean}", "wait, with: {for: '{{ inputs.a }}'}", True),
        ("{type: number, enum: [1]}", "wait, with: {for: '{{ inputs.a }}'}", True),
        ("{type: integer}", "wait, with: {for: '{{ inputs.a }}m'}", False),
        ("{type: string}", "wait, with: {for: '{{ inputs.a }}'}", False),
        ("{type: string}", "pager.page, with: {to: '{{ inputs.a }}', urgency: high}", True),
        ("{type: list}", "pager.page, with: {to: '{{ inputs.a }}', urgency: high}", False),
        ("{type: string, default: '{{ 1 + }}'}", "wait, with: {for: '{{ inputs.a }}'}", False),
        ("{type: string}", "wait, with: {for: '{{ run.id }}'}", False),
        ("{type: string}", "wait, with: {for: '{{ inputs.a }}', fro: 1m}", False),
        ("{type: string}", "http.request, with: {url: 'http://x', method: '{{ inputs.a }}'}", False),
        ("{type: integer}", "pager.page, with: {urgency: '{{ inputs.a }}'}", True),
        ("{type: string}", "pager.page, with: {urgency: '{{ inputs.a }}'}", False),
    ],
)
def test_inputs_keep_their_type(decl: str, call: str, wrong: bool) -> None:  # noqa: FBT001 - a table
    """A lone expression gives the input's own type, which the action takes or not."""
    loaded = load(f"{HEAD}inputs: {{a: {decl}}}\nsteps: [{{id: one, uses: {call}}}]\n")
    assert ("FL405" in {each.code for each in loaded.findings}) is wrong


GROUPS = {"sre": ["U1", "U2"], "leads": ["U2"], "empty": []}


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        ("{from: [group:sre], quorum: 2}", []),
        ("{from: [group:sre], quorum: 3}", ["FL504"]),
        ("{from: [group:sre, group:leads], quorum: 3}", ["FL504"]),
        ("{from: [group:leads], quorum: 2, on_expiry: escalate, escalate_to: [group:sre]}", []),
        ("{from: [group:leads, user:U9], quorum: 2}", []),
        ("{from: [group:empty]}", ["FL504"]),
        ("{from: [group:elsewhere], quorum: 9}", []),
        ("{from: [group:sree]}", ["FL513"]),
        ("{from: [group:sre], on_expiry: escalate, escalate_to: [group:lead]}", ["FL513"]),
    ],
)
def test_approvals_are_held_to_the_settings_groups(rule: str, codes: list[str]) -> None:
    """Whom the settings name is counted, each person once; whom the chat platform knows is left to it."""
    text = f"{HEAD}steps: [{{id: one, uses: wait, with: {{for: 1m}}, approval: {rule}}}]\n"
    loaded = load_runbook(text, "f.yaml", CATALOGUE, groups=GROUPS)
    assert [each.code for each in loaded.findings] == codes
