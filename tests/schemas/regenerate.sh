#!/bin/sh
# Makes tests/schemas/slack/*.json anew from npm `@slack/types`, which is Slack's own. Needs node and npm; writes nowhere else.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @slack/types@3 ts-json-schema-generator@2 typescript@5
cat >tsconfig.json <<'JSON'
{"compilerOptions": {"strict": true, "module": "nodenext", "moduleResolution": "nodenext", "target": "es2022", "skipLibCheck": true}}
JSON
cat >wanted.ts <<'TS'
import type { KnownBlock, ModalView, HomeView } from "@slack/types";
export type MessageBlocks = KnownBlock[];
export type Modal = ModalView;
export type Home = HomeView;
TS
for type in MessageBlocks Modal Home; do
  npx ts-json-schema-generator --path wanted.ts --tsconfig tsconfig.json --type "$type" --no-type-check \
    --minify --jsDoc none --out "$here/slack/$(echo "$type" | sed 's/\([a-z]\)\([A-Z]\)/\1-\2/g' | tr 'A-Z' 'a-z').json"
done
node -p "require('@slack/types/package.json').version" >"$here/slack/VERSION"
