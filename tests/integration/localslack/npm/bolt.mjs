// An app on Slack's own framework for Node, over HTTP or Socket Mode: what it heard, one JSON line each. test_npm.py plays the person.
import bolt from "@slack/bolt";

const { url, token, appToken, signingSecret } = JSON.parse(process.argv[2]);
const say = (what, found = {}) => console.log(JSON.stringify({ what, ...found }));
const app = new bolt.App({
  token, appToken, signingSecret, socketMode: Boolean(appToken), logLevel: bolt.LogLevel.ERROR,
  clientOptions: { slackApiUrl: `${url}/api/` },
});
const plain = (text) => ({ type: "plain_text", text });

app.command("/incident", async ({ command, ack, client }) => {
  await ack();
  await client.views.open({
    trigger_id: command.trigger_id,
    view: {
      type: "modal", callback_id: "declare", notify_on_close: true, private_metadata: command.channel_id,
      title: plain("Declare"), submit: plain("Declare"),
      blocks: [{ type: "input", block_id: "title", label: plain("Title"), element: { type: "plain_text_input", action_id: "text" } }],
    },
  });
  say("opened");
});

app.view("declare", async ({ ack, view, body, client }) => {
  const title = view.state.values.title.text.value;
  if (title.length < 5) {
    await ack({ response_action: "errors", errors: { title: "too short" } });
    return;
  }
  await ack();
  const button = { type: "button", action_id: "approve", text: plain("Approve"), style: "primary", value: "run-7" };
  const blocks = [{ type: "section", text: plain(title) }, { type: "actions", block_id: "choice", elements: [button] }];
  await client.chat.postMessage({ channel: view.private_metadata, text: title, blocks });
  say("submitted", { title, by: body.user.id });
});

app.view({ callback_id: "declare", type: "view_closed" }, async ({ ack }) => {
  await ack();
  say("closed");
});

app.action("approve", async ({ ack, action, body, respond }) => {
  await ack();
  await respond({ replace_original: true, text: `approved by <@${body.user.id}>` });
  say("approved", { value: action.value, block: action.block_id });
});

app.shortcut("add_to_timeline", async ({ ack, shortcut }) => {
  await ack();
  say("shortcut", { type: shortcut.type, text: shortcut.message.text });
});

app.event("app_home_opened", async ({ event, client }) => {
  await client.views.publish({ user_id: event.user, view: { type: "home", blocks: [{ type: "section", text: plain("at home") }] } });
  say("home");
});

app.event("reaction_added", async ({ event }) => say("reaction", { name: event.reaction, of: event.item.type }));
app.message("hello", async ({ message }) => say("message", { text: message.text, by: message.user }));

const server = await app.start({ port: 0, host: "127.0.0.1" });
say("ready", { port: appToken ? 0 : server.address().port });
process.stdin.on("end", () => process.exit(0)).resume();
