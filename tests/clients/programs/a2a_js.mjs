// @a2a-js/sdk, 1.x and 0.3.x: node a2a_js.mjs URL KIND RECEIVER, with the SDK's package in A2A_JS_HOME.
// Prints what became of each scenario, as the Python programs do (scenarios.py).

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [url, kind, receiver] = process.argv.slice(2);
const home = process.env.A2A_JS_HOME;
const old = JSON.parse(readFileSync(`${home}/package.json`, "utf8")).version.startsWith("0.");
const load = (path) => import(pathToFileURL(`${home}/dist/${path}`).href);
const { ClientFactory, JsonRpcTransportFactory, RestTransportFactory } = await load("client/index.js");
const picture = Buffer.from(Uint8Array.from({ length: 256 }, (_, index) => index));
const onlySdk = ["ask back", "cancel", "resubscribe", "polling", "push", "message"];

function check(condition, what) {
  if (!condition) throw new Error(what);
}

// Version 1 has the wire's messages as Protocol Buffers have them, version 0.3 as JSON Schema has: one shape for both here.
const part = {
  text: (text) => (old ? { kind: "text", text } : { content: { $case: "text", value: text } }),
  file: () =>
    old
      ? { kind: "file", file: { bytes: picture.toString("base64"), mimeType: "image/png" } }
      : { content: { $case: "raw", value: picture }, mediaType: "image/png", filename: "p.png" },
};
const message = (parts, more = {}) =>
  old
    ? { kind: "message", messageId: randomUUID(), role: "user", parts, ...more }
    : { messageId: randomUUID(), role: 1, parts, ...more };
const textOf = (parts) =>
  (parts ?? []).map((entry) => (old ? entry.text : entry.content?.$case === "text" ? entry.content.value : "")).join("");
const textOfTask = (task) => textOf((task.artifacts ?? []).flatMap((artifact) => artifact.parts));
const states = { completed: 3, canceled: 5, "input-required": 6 };
const isState = (status, name) => status.state === (old ? name : states[name]);
const request = (text, more, ...parts) => ({ tenant: "", message: message([part.text(text), ...parts], more) });
const words = (text) => (kind === "built-in" ? text : `echo ${text}`);
const unwrap = (event) => (old ? event : event.payload.value);

async function connect(binding) {
  const Factory = binding === "JSONRPC" ? JsonRpcTransportFactory : RestTransportFactory;
  const factory = new ClientFactory({ transports: [new Factory()], preferredTransports: [binding] });
  return factory.createFromUrl(`${url}/`, ".well-known/agent-card.json");
}

const scenarios = {
  async send(client) {
    const task = await client.sendMessage(request(words("hello")));
    check(isState(task.status, "completed") && textOfTask(task) === "hello", JSON.stringify(task));
  },
  async message(client) {
    const answer = await client.sendMessage(request("say hello"));
    check(textOf(answer.parts) === "hello", JSON.stringify(answer));
  },
  async stream(client) {
    let last;
    for await (const event of client.sendMessageStream(request(kind === "built-in" ? "hello" : "work 3"))) last = unwrap(event);
    check(isState(last.status, "completed"), JSON.stringify(last));
  },
  async polling(client) {
    const configuration = old ? { blocking: false } : { acceptedOutputModes: [], returnImmediately: true };
    const task = await client.sendMessage({ ...request("work 100"), configuration });
    check(task.id && !isState(task.status, "completed"), JSON.stringify(task));
    await client.cancelTask({ tenant: "", id: task.id });
  },
  async "ask back"(client) {
    const task = await client.sendMessage(request("ask me"));
    check(isState(task.status, "input-required"), JSON.stringify(task));
    const done = await client.sendMessage(request("the red one", { taskId: task.id }));
    check(textOfTask(done).startsWith("You chose the red one"), JSON.stringify(done));
  },
  async cancel(client) {
    for await (const event of client.sendMessageStream(request("work"))) {
      const cancelled = await client.cancelTask({ tenant: "", id: unwrap(event).id });
      check(isState(cancelled.status, "canceled"), JSON.stringify(cancelled));
      return;
    }
  },
  async resubscribe(client) {
    let id;
    for await (const event of client.sendMessageStream(request("work 20"))) {
      id = unwrap(event).id;
      break;
    }
    let last;
    for await (const event of client.resubscribeTask({ tenant: "", id })) last = unwrap(event);
    check(isState(last.status, "completed"), JSON.stringify(last));
  },
  async push(client) {
    let id;
    for await (const event of client.sendMessageStream(request("work 20"))) {
      id = unwrap(event).id;
      break;
    }
    if (old) await client.setTaskPushNotificationConfig({ taskId: id, pushNotificationConfig: { url: receiver } });
    else await client.createTaskPushNotificationConfig({ tenant: "", id: "mine", taskId: id, url: receiver, token: "" });
    const answer = await fetch(`${receiver}/${id}`);
    if (!answer.ok) throw new Error("no notification came");
  },
  async files(client) {
    const task = await client.sendMessage(request("file", {}, part.file()));
    if (kind === "sdk") check(textOfTask(task) === "256 bytes", JSON.stringify(task));
    const parts = task.artifacts.flatMap((artifact) => artifact.parts);
    const back = old
      ? parts.filter((entry) => entry.kind === "file").map((entry) => Buffer.from(entry.file.bytes, "base64"))
      : parts.filter((entry) => entry.content.$case === "raw").map((entry) => Buffer.from(entry.content.value));
    check(back.length === 1 && back[0].equals(picture), "the file came back changed");
  },
  async "extended card"(client) {
    check((await client.getAgentCard()).name, "no name");
  },
};

const outcomes = {};
const giveUp = (name) =>
  new Promise((_, reject) => setTimeout(() => reject(new Error(`${name} took more than a minute`)), 60_000).unref());
for (const binding of ["JSONRPC", "HTTP+JSON"]) {
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (kind === "built-in" && onlySdk.includes(name)) continue;
    const title = `${name}: ${binding}`;
    try {
      await Promise.race([connect(binding).then(scenario), giveUp(name)]);
      outcomes[title] = "works";
    } catch (error) {
      console.error(title, error);
      outcomes[title] = `failed: ${error.name}: ${error.message}`.slice(0, 300);
    }
  }
}
console.log(JSON.stringify(outcomes));
process.exit(0);
