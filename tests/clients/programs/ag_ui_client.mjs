// @ag-ui/client of npm: node ag_ui_client.mjs URL TOKEN NAMES, with the package in AG_UI_HOME.
// Runs each agent, answers what one asks, and prints as JSON what came of it. The client refuses events in a wrong order.

import { createRequire } from "node:module";

const [url, token, names] = process.argv.slice(2);
const { HttpAgent } = createRequire(`${process.env.AG_UI_HOME}/package.json`)("@ag-ui/client");
const headers = { Authorization: `Bearer ${token}` };
const found = { texts: {}, status: {} };

function openAgent(name, threadId) {
  return new HttpAgent({ url: `${url}/ag-ui/${encodeURIComponent(name)}`, headers, threadId });
}

function say(agent, content) {
  agent.addMessage({ id: crypto.randomUUID(), role: "user", content });
}

for (const [name, content] of Object.entries(JSON.parse(names))) {
  const agent = openAgent(name, `thread of ${name}`);
  say(agent, content);
  const { newMessages } = await agent.runAgent();
  found.texts[name] = newMessages.filter((each) => each.role === "assistant").map((each) => each.content);
  found.status[name] = agent.state.agora.status;
}

const asked = openAgent("Assistant", "questions");
say(asked, "choose");
const ends = [];
const subscriber = { onRunFinishedEvent: ({ event }) => void ends.push(event.outcome) };
await asked.runAgent({}, subscriber);
const [interrupt] = ends[0].interrupts;
const resume = [{ interruptId: interrupt.id, status: "resolved", payload: "the red one" }];
const { newMessages } = await asked.runAgent({ resume }, subscriber);
found.question = [interrupt.message, newMessages.at(-1).content, ends[1].type];

const connected = openAgent("Assistant", "questions");
await connected.runAgent();
found.connected = connected.messages.map((each) => [each.role, each.content]);

const failing = openAgent("Assistant", "failures");
say(failing, "fail No luck.");
found.failure = await failing.runAgent({}, { onRunErrorEvent: ({ event }) => void (found.error = event.code) }).then(
  () => "ended",
  (error) => error.message,
);

const missing = openAgent("nobody", "missing");
say(missing, "hello");
found.missing = await missing.runAgent().then(() => null, (error) => error.status ?? error.message);

console.log(JSON.stringify(found));
process.exit(0);
