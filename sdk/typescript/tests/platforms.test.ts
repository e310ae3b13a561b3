/**
 * The built package on Deno, Bun and the oldest Node, and with every type resolver: `make test-typescript-long`, which
 * downloads them.
 */

import { execFile } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, inject, test } from "vitest";

const run = promisify(execFile);
const PACKAGE = resolve(import.meta.dirname, "..");
/** The version in `engines` of package.json: without a WebSocket. */
const OLDEST_NODE = `node-${process.platform}-${process.arch}@20.16.0`;
const PROGRAM = `import { AgoraClient } from "@agora/sdk";
const client = new AgoraClient();
await client.register({ agentName: "Platform" + process.pid });
const events = client.event.stream({ types: ["platform.*"] });
await events.opened;
await client.event.publish({ eventType: "platform.seen", data: { some_name: 1 } });
for await (const event of events) { console.log(JSON.stringify(event.data)); break; }
`;

describe.skipIf(process.env["AGORA_TYPESCRIPT_LONG"] === undefined)("platforms", { timeout: 300_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), "agora-platforms-"));
  const env = { ...process.env, AGORA_URL: inject("url"), AGORA_CREDENTIALS: join(directory, "credentials.json") };
  const tool = (name: string, ...args: string[]) => run(join(directory, "node_modules/.bin", name), args, { cwd: directory, env });

  beforeAll(async () => {
    writeFileSync(join(directory, "package.json"), '{ "private": true, "type": "module" }');
    writeFileSync(join(directory, "program.js"), PROGRAM);
    for (const each of [PACKAGE, resolve(PACKAGE, "../react")]) await run("npm", ["pack", "--pack-destination", directory], { cwd: each });
    const packages = ["deno", "bun", OLDEST_NODE, "@arethetypeswrong/cli", join(directory, "agora-sdk-5.0.0.tgz")];
    await run("npm", ["install", "--no-audit", "--no-fund", ...packages], { cwd: directory });
  }, 300_000);

  test("Deno", async () => expect((await tool("deno", "run", "-A", "program.js")).stdout).toBe('{"some_name":1}\n'));
  test("Bun", async () => expect((await tool("bun", "program.js")).stdout).toBe('{"some_name":1}\n'));
  test("Node 20, without a WebSocket", async () => {
    const node = join(directory, "node_modules", OLDEST_NODE.split("@")[0] ?? "", "bin/node");
    const probe = "console.log(process.version, typeof WebSocket)";
    expect((await run(node, ["-e", probe])).stdout).toBe("v20.16.0 undefined\n");
    expect((await run(node, ["program.js"], { cwd: directory, env })).stdout).toBe('{"some_name":1}\n');
  });
  test.each(["agora-sdk", "agora-react"])("types of %s resolve", async (name) => {
    await tool("attw", "--profile", "esm-only", join(directory, `${name}-5.0.0.tgz`)); // fails where they do not
  });
});
