// @modelcontextprotocol/sdk 1.x: node mcp_sdk.mjs URL TOKEN PROTECTED_URL, with the SDK's package in MCP_JS_HOME.
// Runs the scenarios of mcp_scenarios.py, and prints what became of each.

import { pathToFileURL } from "node:url";

const [url, token, protectedUrl] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${process.env.MCP_JS_HOME}/dist/esm/${path}`).href);
const { Client } = await load("client/index.js");
const { StreamableHTTPClientTransport } = await load("client/streamableHttp.js");
const { ElicitRequestSchema } = await load("types.js");
const question = "Which one?";
const answer = "the red one";

function check(condition, what) {
  if (!condition) throw new Error(typeof what === "string" ? what : JSON.stringify(what));
}

async function open(path, work, questions) {
  const client = new Client({ name: "test", version: "1" }, { capabilities: questions ? { elicitation: {} } : {} });
  if (questions)
    client.setRequestHandler(ElicitRequestSchema, async (request) => {
      questions.push(request.params.message);
      return { action: "accept", content: { answer } };
    });
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(url + path), { requestInit: { headers } }));
  try {
    const names = (await client.listTools()).tools.map((tool) => tool.name);
    return await work(client, names);
  } finally {
    await client.close();
  }
}

async function callTool(client, name, parameters, options) {
  const result = await client.callTool({ name, arguments: parameters }, undefined, options);
  const text = result.content.map((part) => part.text ?? "").join("");
  if (result.isError) throw new Error(text);
  return text;
}

const scenarios = {
  list: () =>
    open("/mcp", async (client, names) => {
      check(names.length <= 30 && names.includes("agora_messaging_send"), names);
      check(names.every((name) => /^[a-zA-Z0-9_-]{1,64}$/.test(name)), names);
    }),
  send: () =>
    open("/mcp", async (client) => {
      const sent = await callTool(client, "agora_messaging_send", { to_agent: "Echo Agent", content: "hello" });
      check(sent.includes("msg_"), sent);
    }),
  "search and call": () =>
    open("/mcp", async (client) => {
      const matches = await callTool(client, "agora_tools_search", { query: "say a text again" });
      check(matches.includes("far_echo"), matches);
      const called = { name: "far_echo", arguments: { text: "hello from far" } };
      check((await callTool(client, "agora_tools_call", called)).includes("hello from far"), "no echo");
    }),
  "virtual server": () =>
    open("/mcp/servers/clients", async (client, names) => {
      const expected = ["Scenario_Agent_scenarios", "agora_agent_get", "far_count", "far_echo"];
      check(names.sort().join() === expected.join(), names);
      check((await callTool(client, "agora_agent_get", { agent_id: "Echo Agent" })).includes("Echo Agent"), "no profile");
      check((await callTool(client, "far_echo", { text: "hello from far" })).includes("hello from far"), "no echo");
      const act = await callTool(client, "Scenario_Agent_scenarios", { text: "echo hello agent" });
      check(act.includes("hello agent"), act);
    }),
  elicitation: () => {
    const questions = [];
    return open(
      "/mcp/servers/clients",
      async (client) => {
        const said = await callTool(client, "Scenario_Agent_scenarios", { text: "ask me" });
        check(questions.join() === question && said.includes(`You chose ${answer}`), { questions, said });
      },
      questions,
    );
  },
  "answer by a call": () =>
    open("/mcp", async (client, names) => {
      const called = { name: "Scenario_Agent_scenarios", arguments: { text: "ask me" } };
      const asked = await callTool(client, "agora_tools_call", called);
      check(asked.includes(question), asked);
      const call = JSON.parse(asked.slice(asked.indexOf('{"name":')));
      check(names.includes(call.name), call);
      call.arguments.message = answer;
      const said = await callTool(client, call.name, call.arguments);
      check(said.includes(`You chose ${answer}`), said);
    }),
  progress: () =>
    open("/mcp/servers/clients", async (client) => {
      const reports = [];
      const onprogress = (report) => reports.push(report.progress);
      const done = await callTool(client, "Scenario_Agent_scenarios", { text: "work 20" }, { onprogress });
      check(done.includes("done") && reports.length, { done, reports });
    }),
  errors: () =>
    open("/mcp", async (client) => {
      const said = await callTool(client, "agora_agent_get", { agent_id: "Nobody" }).catch((error) => error.message);
      check(said.includes("not_found") && said.includes("fix"), said);
    }),
  resource: () =>
    open("/mcp", async (client) => {
      const { contents } = await client.readResource({ uri: "agora://agents/Echo%20Agent" });
      check(contents[0].text.includes("Echo Agent"), contents);
    }),
  "sign in": async () => {
    let page;
    const redirectUrl = "http://127.0.0.1:8123/callback";
    const authProvider = {
      redirectUrl,
      clientMetadata: { redirect_uris: [redirectUrl], client_name: "test" },
      clientInformation: () => ({ client_id: "agora-web" }),
      tokens: () => undefined,
      saveTokens: () => {},
      saveCodeVerifier: () => {},
      codeVerifier: () => "",
      redirectToAuthorization: (target) => void (page = String(target)),
    };
    const client = new Client({ name: "test", version: "1" });
    const transport = new StreamableHTTPClientTransport(new URL(`${protectedUrl}/mcp`), { authProvider });
    await client.connect(transport).catch(() => {});
    check(page?.includes("response_type=code") && page.includes("code_challenge") && page.includes("%2Fmcp"), `${page}`);
  },
};

const outcomes = {};
for (const [name, scenario] of Object.entries(scenarios)) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("took more than a minute and a half")), 90_000);
  });
  try {
    await Promise.race([scenario(), late]);
    outcomes[name] = "works";
  } catch (error) {
    console.error(name, error);
    outcomes[name] = `failed: ${error.name}: ${error.message}`.slice(0, 300);
  }
  clearTimeout(timer);
}
console.log(JSON.stringify(outcomes));
process.exit(0);
