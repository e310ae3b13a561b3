/**
 * Sends by the TypeScript SDK and by bare fetch, in alternating rounds: microseconds of this process's CPU per send. Arguments:
 * the server's URL, a token, how many sends in a round, how many rounds. Prints JSON lines.
 */

import { AgoraClient } from "../sdk/typescript/src/index.ts";

const [url = "", token = "", count = "1000", rounds = "5"] = process.argv.slice(2);
const message = { to_agent: "Receiver", content: "x".repeat(200), message_type: "info", priority: "high" };
const client = new AgoraClient({ url, token });

async function sendBare(): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", "idempotency-key": crypto.randomUUID() };
  const answer = await fetch(`${url}/agora/messaging/send`, { method: "POST", headers, body: JSON.stringify(message) });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  JSON.parse(await answer.text());
}

async function sendWithSdk(): Promise<void> {
  await client.messaging.send({ toAgent: "Receiver", content: message.content, messageType: "info", priority: "high" });
}

async function measure(send: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  for (let at = 0; at < Number(count); at += 1) await send();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / Number(count);
}

await measure(sendBare);
await measure(sendWithSdk);
for (let round = 0; round < Number(rounds); round += 1) {
  console.log(JSON.stringify({ bare: await measure(sendBare), sdk: await measure(sendWithSdk) }));
}
process.exit(0);
