// openai of npm: node openai_sdk.mjs URL TOKEN MODEL, with the package in OPENAI_HOME.
// Asks an agent in each way, and prints as JSON what came of it.

import { pathToFileURL } from "node:url";

const [url, token, model] = process.argv.slice(2);
const { default: OpenAI, NotFoundError, UnprocessableEntityError } = await import(
  pathToFileURL(`${process.env.OPENAI_HOME}/index.mjs`).href
);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: token });
const says = (content) => ({ model, messages: [{ role: "user", content }] });
const found = {};

found.models = [];
for await (const each of client.models.list()) found.models.push(each.id);

found.completion = (await client.chat.completions.create(says("hello"))).choices[0].message.content;

found.streamed = "";
const stream = await client.chat.completions.create({ ...says("count 3"), stream: true });
for await (const chunk of stream) found.streamed += chunk.choices[0]?.delta?.content ?? "";

const tools = [{
  type: "function",
  function: {
    name: "get_weather",
    parameters: { type: "object", properties: {} },
    parse: JSON.parse,
    function: ({ location }) => `sunny in ${location}`,
  },
}];
found.tools = await client.chat.completions.runTools({ ...says("How is the weather?"), tools }).finalContent();

const question = await client.responses.create({ model, input: "choose" });
const answer = await client.responses.create({ model, input: "the red one", previous_response_id: question.id });
found.conversation = [question.output_text, answer.output_text];

const events = client.responses.stream({ model, input: "count 3" });
found.events = new Set();
for await (const event of events) found.events.add(event.type);
found.events = [...found.events];
const final = await events.finalResponse();
found.response = [final.status, final.output_text, (await client.responses.retrieve(final.id)).output_text];

const background = await client.responses.create({ model, input: "wait", background: true });
found.background = [background.status, (await client.responses.cancel(background.id)).status];

found.errors = [];
for (const [kind, call] of [
  [NotFoundError, () => client.chat.completions.create({ ...says("hello"), model: "nobody" })],
  [UnprocessableEntityError, () => client.chat.completions.create(says("fail No luck."))],
]) {
  const error = await call().catch((error) => error);
  found.errors.push([error instanceof kind, error.code]);
}
console.log(JSON.stringify(found));
