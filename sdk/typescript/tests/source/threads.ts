/** Three threads with an agent each and a shared credentials file: each sends its number to the next one. */

import { Worker, isMainThread, threadId, workerData } from "node:worker_threads";
import { AgoraClient } from "../../src/index.ts";

const THREADS = 3;

if (isMainThread) {
  for (let number = 0; number < THREADS; number += 1) await new AgoraClient().register({ agentName: `Thread${number}` });
  for (let number = 0; number < THREADS; number += 1) new Worker(new URL(import.meta.url), { workerData: number });
} else {
  const number = workerData as number;
  const client = new AgoraClient({ agent: `Thread${number}` });
  const receiver = (number + 1) % THREADS;
  await client.messaging.send({ toAgent: `Thread${receiver}`, content: String(receiver) });
  const { messages } = await client.messaging.receive({ wait: 20 });
  console.log(`Thread${number} heard ${messages[0]?.content ?? `nothing in thread ${threadId}`}`);
}
