// The npm SDK's client at an agent's address: node client.mjs URL HOME, where HOME is the SDK's package.
// Prints, for each version and binding, what it saw, and whether the card's signature holds.

import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";

const [url, home] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${home}/dist/${path}`).href);
const { AgentCard, TaskState, taskStateToJSON, verifyAgentCardSignature } = await load("index.js");
const { ClientFactory, JsonRpcTransportFactory, RestTransportFactory } = await load("client/index.js");

const card = `${url}/.well-known/agent-card.json`;
const document = await (await fetch(card, { headers: { "A2A-Version": "1.0" } })).json();

const keys = async (kid, jku) => (await (await fetch(jku)).json()).keys.find((key) => key.kid === kid);
const verify = verifyAgentCardSignature(keys);
const found = { signed: true };
await verify(document);
console.warn = console.error = () => undefined;
await verify({ ...document, description: "Another." }).then(
  () => (found.signed = "a changed card is taken for a signed one"),
  () => undefined,
);

const message = () => ({
  messageId: randomUUID(),
  role: 1,
  parts: [{ content: { $case: "text", value: "hello" } }],
});
const state = (status) => taskStateToJSON?.(status.state) ?? TaskState[status.state];

for (const [version, binding, Factory] of [
  ["1.0", "JSONRPC", JsonRpcTransportFactory],
  ["1.0", "HTTP+JSON", RestTransportFactory],
  ["0.3", "JSONRPC", JsonRpcTransportFactory],
  ["0.3", "HTTP+JSON", RestTransportFactory],
]) {
  const legacyCompat = { enabled: true };
  const factory = new ClientFactory({ transports: [new Factory({ legacyCompat })], legacyCompat });
  const interfaces = document.supportedInterfaces.filter(
    (entry) => entry.protocolVersion === version && entry.protocolBinding === binding,
  );
  const client = await factory.createFromAgentCard(
    AgentCard.fromJSON({ ...document, supportedInterfaces: interfaces }),
  );
  const task = await client.sendMessage({ tenant: "", message: message() });
  const events = [];
  for await (const event of client.sendMessageStream({ tenant: "", message: message() })) events.push(event.payload);
  let missing = null;
  await client.getTask({ tenant: "", id: "nothing" }).catch((error) => (missing = error.constructor.name));
  found[`${version} ${binding}`] = {
    state: state(task.status),
    text: task.artifacts[0].parts[0].content.value,
    first: events[0].$case,
    last: state(events.at(-1).value.status),
    missing,
  };
}
console.log(JSON.stringify(found));
