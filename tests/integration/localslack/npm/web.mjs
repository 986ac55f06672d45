// Slack's own client for Node against a workspace: what it did and saw, one JSON line each. test_npm.py starts it and reads along.
import { LogLevel, WebClient, WebClientEvent } from "@slack/web-api";

const { url, token, channel } = JSON.parse(process.argv[2]);
const say = (what, found = {}) => console.log(JSON.stringify({ what, ...found }));
const client = new WebClient(token, { slackApiUrl: `${url}/api/`, logLevel: LogLevel.ERROR, retryConfig: { retries: 2, minTimeout: 10 } });

const who = await client.auth.test();
say("auth", { team: who.team, user: who.user });

const blocks = [{ type: "section", text: { type: "mrkdwn", text: "*posted*" } }];
const metadata = { event_type: "run", event_payload: { key: "k1" } };
const posted = await client.chat.postMessage({ channel, text: "posted", blocks, metadata });
const updated = await client.chat.update({ channel, ts: posted.ts, text: "updated", blocks: [] });
const history = await client.conversations.history({ channel, include_all_metadata: true, limit: 1 });
say("history", { sent: posted.ts === updated.ts, text: history.messages[0].text, key: history.messages[0].metadata.event_payload.key });

let limited = 0;
client.on(WebClientEvent.RATE_LIMITED, (seconds) => { limited = seconds; });
const both = await Promise.all(["one", "two"].map((text) => client.chat.postMessage({ channel, text })));
say("limited", { seconds: limited, posts: new Set(both.map((each) => each.ts)).size });

const uploaded = await client.filesUploadV2({ channel_id: channel, filename: "evidence.txt", content: "a line\n", title: "Evidence" });
const file = await client.files.info({ file: uploaded.files[0].files[0].id });
say("file", { title: file.file.title, size: file.file.size, mode: file.file.mode });

const pages = [];
for await (const page of client.paginate("users.list", { limit: 2 })) pages.push(page.members.length);
say("pages", { sizes: pages });

const refusals = {};
for (const [name, call] of Object.entries({
  nowhere: () => client.chat.postMessage({ channel: "C0NOWHERE00", text: "x" }),
  long: () => client.chat.postMessage({ channel, text: "x", blocks: [{ type: "header", text: { type: "plain_text", text: "x".repeat(151) } }] }),
  tampered: () => new WebClient("xoxb-wrong", { slackApiUrl: `${url}/api/` }).auth.test(),
})) {
  try {
    await call();
  } catch (error) {
    refusals[name] = { code: error.code, error: error.data.error, messages: error.data.response_metadata?.messages };
  }
}
say("refusals", refusals);
