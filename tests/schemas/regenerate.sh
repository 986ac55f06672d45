#!/bin/sh
# Makes tests/schemas/slack/*.json anew from the packages that package-lock.json names, which are Slack's own. Needs node 20 and npm; writes
# nowhere else. The methods are those that the Local Slack answers.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$here"
cp package.json package-lock.json .npmrc tsconfig.json wanted.ts make.mjs "$work"
methods=$(cd "$here/../.." && ${PYTHON:-.venv/bin/python} -c "from bot.localslack.methods.registry import REGISTRY; print(*REGISTRY)")
cd "$work"
npm ci --silent --no-audit --no-fund --ignore-scripts
# shellcheck disable=SC2086  # one word a method
node make.mjs "$here/slack" $methods
