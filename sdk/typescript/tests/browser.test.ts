/** The client, the hooks and the dashboard in Chromium, on pages of a different origin than the server's. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build as bundle } from "esbuild";
import type { Browser, Page } from "playwright";
import { build as buildSite } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AgoraClient, MemoryTokens } from "../src/index.ts";
import { filesOf, findChromium, launch, serveSite } from "./chromium.ts";
import { freePort, ServerProcess } from "./server.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const chromium = findChromium();

describe.skipIf(chromium === undefined)("in Chromium", () => {
  let browser: Browser;
  let server: ServerProcess;
  let boss: AgoraClient;
  const sites: { close: () => void }[] = [];
  let ports: number[];

  beforeAll(async () => {
    ports = await Promise.all([0, 1, 2, 3].map(() => freePort())); // one for each test that visits a site
    const origins = ports.map((port) => `http://127.0.0.1:${port}`).join(",");
    const settings = { cors_origins: origins, open_registration: "true", builtin_agents: "false" };
    server = await new ServerProcess(await freePort(), settings).start();
    boss = new AgoraClient({ url: server.url, tokens: new MemoryTokens() });
    await boss.register({ agentName: "Boss" });
    browser = await launch(chromium ?? "");
  });
  afterAll(async () => {
    await browser?.close();
    for (const site of sites) site.close();
    await server?.remove();
  });

  /** Open a page of a separate site; its error logs fail the test that awaits `problems`. */
  async function visit(
    read: (path: string) => string | undefined,
    prepare: (page: Page) => void = () => undefined,
  ): Promise<{ page: Page; problems: string[] }> {
    const site = await serveSite(ports.shift() ?? 0, read);
    sites.push(site);
    const page = await browser.newPage();
    const problems: string[] = [];
    page.setDefaultTimeout(120_000);
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (line) => line.type() === "error" && !line.text().includes("favicon") && problems.push(line.text()));
    prepare(page);
    await page.goto(site.origin);
    return { page, problems };
  }

  async function bundleModule(contents: string, loader: "ts" | "tsx" = "ts"): Promise<string> {
    const { outputFiles } = await bundle({
      stdin: { contents, resolveDir: join(ROOT, "sdk/react"), loader },
      bundle: true,
      format: "esm",
      platform: "browser",
      conditions: ["@agora/source"],
      jsx: "automatic",
      define: { "process.env.NODE_ENV": '"development"' },
      write: false,
    });
    return outputFiles[0]?.text ?? "";
  }

  const HTML = '<!doctype html><link rel="icon" href="data:,"><div id="root"></div><script type="module" src="/main.js"></script>';
  const siteOf = (script: string) => (path: string) => ({ "/index.html": HTML, "/main.js": script })[path];

  test("a worker of a page has a client of its own", async () => {
    const worker = await bundleModule(`
      import { AgoraClient, MemoryTokens } from "@agora/sdk";
      const client = new AgoraClient({ url: ${JSON.stringify(server.url)}, tokens: new MemoryTokens() });
      await client.register({ agentName: "WorkerAgent" });
      const stream = client.event.stream({ types: ["worker.*"] });
      await stream.opened;
      await client.publishEvent("worker.ready", { some_name: 1 });
      for await (const event of stream) { postMessage([client.agentName, event.data, typeof window]); break; }`);
    const page = `
      const worker = new Worker("/worker.js", { type: "module" });
      window.result = new Promise((answered, failed) => {
        worker.onmessage = ({ data }) => answered(data);
        worker.onerror = (error) => failed(error.message);
      });`;
    const { page: visited, problems } = await visit((path) => (path === "/worker.js" ? worker : siteOf(page)(path)));
    expect(await visited.evaluate("window.result")).toEqual(["WorkerAgent", { some_name: 1 }, "undefined"]);
    expect(problems).toEqual([]);
  });

  test("the client registers, sends, and hears events", async () => {
    const script = await bundleModule(`
      import { AgoraClient, NotFound, WebStorageTokens } from "@agora/sdk";
      const client = new AgoraClient({ url: ${JSON.stringify(server.url)}, tokens: new WebStorageTokens(sessionStorage) });
      window.result = (async () => {
        const me = await client.register({ agentName: "PageAgent", serviceTier: "premium" });
        const stream = client.event.stream({ types: ["page.*"] });
        await stream.opened;
        await client.event.publish({ eventType: "page.ready", data: { some_name: 1 } });
        let event;
        for await (event of stream) break;
        const error = await client.agent.get({ agentId: "Nobody" }).catch((thrown) => thrown);
        const again = await new AgoraClient({ url: client.url, tokens: new WebStorageTokens(sessionStorage) }).register({ agentName: "PageAgent" });
        return { name: me.agentName, tiers: [me.serviceTier, me.requestedTier], event: event.data, notFound: error instanceof NotFound, again: again.created };
      })();`);
    const sockets: string[] = [];
    const { page } = await visit(siteOf(script), (fresh) => {
      fresh.on("websocket", (socket) => sockets.push(socket.url()));
    });
    const result = await page.evaluate("window.result");
    expect(result).toEqual({
      name: "PageAgent",
      tiers: ["basic", "premium"],
      event: { some_name: 1 },
      notFound: true,
      again: false,
    });
    expect(sockets).toHaveLength(1);
    await page.close();
  });

  test("hooks follow what happens", async () => {
    const script = await bundleModule(
      `
      import { AgoraClient } from "@agora/sdk";
      import { AgoraProvider, useAgent, useEvents, useInbox, useTasks } from "@agora/react";
      import { StrictMode, useState } from "react";
      import { createRoot } from "react-dom/client";

      function Desk() {
        const { agent, isLoading } = useAgent({ agentName: "HookAgent", capabilities: ["ui"] });
        const enabled = agent !== undefined;
        const { tasks, update } = useTasks({ agentId: "HookAgent", status: "pending", enabled });
        const { messages, acknowledge } = useInbox({ enabled });
        const [heard, setHeard] = useState(0);
        const { isListening } = useEvents({ types: ["bell.*"], enabled }, () => setHeard((n) => n + 1));
        return <main>
          <p id="agent">{isLoading ? "loading" : agent?.agentName}</p>
          <p id="heard">{isListening ? heard : "deaf"}</p>
          {tasks.map((t) => <button key={t.taskId} onClick={() => update({ taskId: t.taskId, status: "completed" })}>{t.taskType}</button>)}
          {messages.map((m) => <i key={m.messageId} onClick={() => acknowledge(m)}>{m.content}</i>)}
        </main>;
      }
      const client = new AgoraClient({ url: ${JSON.stringify(server.url)} });
      createRoot(document.getElementById("root")).render(<StrictMode><AgoraProvider client={client}><Desk /></AgoraProvider></StrictMode>);`,
      "tsx",
    );
    const { page, problems } = await visit(siteOf(script));
    await page.getByText("HookAgent").waitFor();
    await page.locator("#heard", { hasText: "0" }).waitFor();
    await boss.task.assign({ taskType: "paint", assignee: "HookAgent" });
    await boss.messaging.send({ toAgent: "HookAgent", content: "look here" });
    await boss.event.publish({ eventType: "bell.rung" });
    await page.locator("#heard", { hasText: "1" }).waitFor();
    await page.getByText("look here").click();
    await page.getByText("look here").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "paint" }).click();
    await page.getByRole("button", { name: "paint" }).waitFor({ state: "detached" });
    expect((await boss.task.list({ agentId: "HookAgent", status: "completed" })).length).toBe(1);
    expect(problems).toEqual([]);
    await page.close();
  });

  test("the source's dashboard registers once, shows its agent, starts and completes tasks", async () => {
    const outDir = join(mkdtempSync(join(tmpdir(), "dashboard-")), "dist");
    process.env["VITE_AGORA_URL"] = server.url;
    await buildSite({
      root: join(ROOT, "examples/react-dashboard"),
      mode: "development", // strict mode runs effects twice
      build: { outDir, minify: false, emptyOutDir: true },
      resolve: { conditions: ["@agora/source", "module", "browser", "development"] },
      define: { "process.env.NODE_ENV": '"development"' },
      logLevel: "warn",
    });
    const registrations: string[] = [];
    const { page, problems } = await visit(filesOf(outDir), (fresh) => {
      fresh.on("request", (request) => {
        if (request.url().endsWith("/agent/register") && request.method() === "POST") registrations.push(request.url());
      });
    });
    await page.getByRole("heading", { name: "Agent: ReactAgent" }).waitFor();
    await page.getByText("Pending Tasks (0)").waitFor();
    const { agentId } = await boss.agent.get({ agentId: "ReactAgent" });
    await page.getByText(`ID: ${agentId}`).waitFor();
    await page.getByText("Capabilities: ui_development, user_experience").waitFor();
    expect(registrations).toHaveLength(1);

    const assign = (taskType: string) => boss.task.assign({ taskType, assignee: "ReactAgent", payload: { some_key: taskType } });
    const [started, completed] = [await assign("review"), await assign("release")];
    await page.reload(); // the same agent, by the token in the page's storage
    await page.getByText("Pending Tasks (2)").waitFor();
    expect(registrations).toHaveLength(2);
    await page.getByText('{"some_key":"review"}').waitFor();
    const item = (name: string) => page.locator(".task-item").filter({ hasText: name });
    await item("review").getByRole("button", { name: "Start Task" }).click();
    await page.getByText("Pending Tasks (1)").waitFor();
    await item("release").getByRole("button", { name: "Complete Task" }).click();
    await page.getByText("Pending Tasks (0)").waitFor();
    const tasks = await Promise.all([started, completed].map(({ taskId }) => boss.task.get({ taskId })));
    expect(tasks.map((task) => [task.status, task.progress])).toEqual([
      ["in_progress", 50],
      ["completed", 100],
    ]);
    expect(problems).toEqual([]);

    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route(`${server.url}/**`, async (route) => {
      await held;
      await route.fulfill({ status: 401, json: { code: "unauthenticated", detail: "no" }, headers: { "access-control-allow-origin": "*" } });
    });
    await page.reload();
    await page.getByText("Initializing Agora Agent...").waitFor();
    release();
    await page.getByText("Agent initialization failed").waitFor();
    await page.close();
  });
});

test("hooks render on a server without calling anything", async () => {
  const { createElement } = await import("react");
  const { renderToString } = await import("react-dom/server");
  const { useAgent, useEvents, useInbox, useTasks } = await import("../../react/src/index.ts");
  function Desk() {
    const { isLoading } = useAgent({ agentName: "Nobody" });
    const { tasks } = useTasks();
    const { messages } = useInbox();
    useEvents({ types: ["x"] }, () => undefined);
    return createElement("p", null, `${isLoading} ${tasks.length} ${messages.length}`);
  }
  expect(renderToString(createElement(Desk))).toBe("<p>true 0 0</p>");
});
