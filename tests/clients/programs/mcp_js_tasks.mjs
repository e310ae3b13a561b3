// @modelcontextprotocol/sdk 1.x, a client of 2025-11-25: node mcp_js_tasks.mjs URL TOKEN TOOL, with the SDK's package in MCP_JS_HOME.
// Calls a tool as a task, answers what its agent asks, and prints as JSON what came, in order.

import { pathToFileURL } from "node:url";

const [url, token, tool] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${process.env.MCP_JS_HOME}/dist/esm/${path}`).href);
const { Client } = await load("client/index.js");
const { StreamableHTTPClientTransport } = await load("client/streamableHttp.js");
const { CallToolResultSchema, ElicitRequestSchema } = await load("types.js");

const client = new Client({ name: "test", version: "1" }, { capabilities: { elicitation: {} } });
const questions = [];
client.setRequestHandler(ElicitRequestSchema, async (request) => {
  questions.push(request.params.message);
  return { action: "accept", content: { answer: "large" } };
});
const headers = { authorization: `Bearer ${token}` };
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
await client.listTools();
const messages = [];
const stream = client.experimental.tasks.callToolStream({ name: tool, arguments: {} }, CallToolResultSchema, {
  task: { ttl: 600000 },
});
for await (const message of stream) {
  messages.push(message);
  if (message.type === "taskCreated") console.error(message.task.taskId);
}
const { taskId } = messages[0].task;
const listed = await client.experimental.tasks.listTasks();
const isListed = listed.tasks.some((task) => task.taskId === taskId);
console.log(JSON.stringify({ types: messages.map((message) => message.type), last: messages.at(-1), questions, isListed }));
await client.close();
