/** Features of programs only: files, signals, and the permissions of the local operator. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, inject, test, vi } from "vitest";
import { AgoraClient, FileTokens, MemoryTokens, ServiceTier, Unauthenticated } from "../src/index.ts";

const url = inject("url");

test("a premium tier is granted to an agent of the local operator, also when it is asked for later", async () => {
  const client = new AgoraClient({ url, tokens: new MemoryTokens() });
  const agentName = "Premium";
  expect((await client.register({ agentName })).serviceTier).toBe("basic");
  const registration = await client.register({ agentName, serviceTier: ServiceTier.PREMIUM });
  expect(registration.serviceTier).toBe("premium");
  expect((await client.agent.get({ agentId: agentName })).serviceTier).toBe("premium");
});

test("tokens are kept in the file, and found by the next client", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "tokens-")), "deep", "credentials.json");
  const names = Array.from({ length: 8 }, (_, index) => `Kept${index}`);
  const writers = names.map((agentName) => new AgoraClient({ url, tokens: new FileTokens(path) }).register({ agentName }));
  await Promise.all(writers); // each changes the file; no change is lost
  for (const agent of names) {
    const client = new AgoraClient({ url, agent, tokens: new FileTokens(path) });
    expect((await client.agent.get({ agentId: agent })).agentName).toBe(agent);
    const { created } = await client.register({ agentName: agent });
    expect(created).toBe(false);
  }
  const client = new AgoraClient({ url, agent: names[0], tokens: new FileTokens(path) });
  await client.agent.deregister({ agentId: names[0] ?? "" });
  expect(() => new AgoraClient({ url, tokens: new FileTokens(path) }).asAgent(names[0] ?? "")).toThrow(Unauthenticated);
});

test("a program of an agent ends with SIGTERM, having left", async () => {
  const env = { ...process.env, AGORA_URL: inject("url"), AGORA_CREDENTIALS: "/dev/null/none" };
  const program = `import { Agent } from "./src/index.ts";
    class Echo extends Agent { async onStart() { console.log("started"); } }
    await new Echo().run(); console.log("left");`;
  const echo = spawn(process.execPath, ["--input-type=module", "-e", program], { env, cwd: resolve(import.meta.dirname, "..") });
  let printed = "";
  echo.stdout.on("data", (text: Buffer) => (printed += text.toString()));
  await vi.waitFor(() => expect(printed).toContain("started"), { timeout: 200_000 });
  echo.kill("SIGTERM");
  const [code] = (await once(echo, "exit")) as [number];
  expect([code, printed]).toEqual([0, "started\nleft\n"]);
});
