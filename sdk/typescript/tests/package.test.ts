/** The package as published: built, packed, installed, bundled. `make test-typescript` builds it first. */

import { execFile } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";
import { build } from "esbuild";
import { publint } from "publint";
import { expect, inject, test } from "vitest";
import { freePort, ServerProcess } from "./server.ts";

const run = promisify(execFile);
const PACKAGE = resolve(import.meta.dirname, "..");
const PACKAGES = { "@agora/sdk": PACKAGE, "@agora/react": resolve(PACKAGE, "../react") };
const BUDGET = 25_000; // bytes, compressed with gzip

const environmentOf = (url: string) => ({ ...process.env, AGORA_URL: url, AGORA_CREDENTIALS: join(newDirectory(), "credentials.json") });

function newDirectory(): string {
  return mkdtempSync(join(tmpdir(), "agora-package-"));
}

/** Pack a package into a directory. Returns the path of the tarball. */
async function pack(directory: string, packageDirectory = PACKAGE): Promise<string> {
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", directory], { cwd: packageDirectory });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return join(directory, filename);
}

test("the client is small, and nothing of Node is in it", async () => {
  const contents = 'import { AgoraClient } from "@agora/sdk"; globalThis.client = new AgoraClient();';
  const options = { bundle: true, minify: true, format: "esm", platform: "browser", write: false } as const;
  const { outputFiles } = await build({ stdin: { contents, resolveDir: PACKAGE }, ...options });
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  const size = gzipSync(code).length;
  console.log(`import { AgoraClient }: ${code.length} bytes, ${size} with gzip`);
  expect(size).toBeLessThan(BUDGET);
  expect(new TextDecoder().decode(code)).not.toMatch(/from\s*"node:|require\(/);
});

test("the source's program runs as it is, on a server without agents, and ends by itself", async () => {
  const server = await new ServerProcess(await freePort()).start();
  try {
    const program = resolve(import.meta.dirname, "source/basic-usage.ts");
    const { stdout } = await run(process.execPath, [program], { env: environmentOf(server.url), timeout: 200_000 });
    expect(stdout).toMatch(
      /^Registration: agent_\w+\nMessage sent: msg_\w+\nWorkflow created: wf_\w+\nAvailable services: [1-9]\d*\n$/,
    );
  } finally {
    await server.remove();
  }
});

test("the packed package installs and runs", async () => {
  const directory = newDirectory();
  const tarball = await pack(directory);
  writeFileSync(join(directory, "package.json"), '{ "private": true, "type": "module" }');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], { cwd: directory });
  const program = 'import { AgoraClient } from "@agora/sdk"; console.log((await new AgoraClient().admin.health()).status);';
  writeFileSync(join(directory, "program.js"), program);
  const answer = await run(process.execPath, ["program.js"], { cwd: directory, env: environmentOf(inject("url")), timeout: 200_000 });
  expect(answer.stdout.trim()).toMatch(/^(healthy|degraded|warning|ok)$/);
});

test.each(Object.entries(PACKAGES))("%s is published as package managers and bundlers expect it", async (_, directory) => {
  const tarball = readFileSync(await pack(newDirectory(), directory));
  const { messages } = await publint({ strict: true, pack: { tarball: new Uint8Array(tarball).buffer } });
  expect(messages).toEqual([]);
});

test("the public surface is that of the report, and nothing in it is any", () => {
  const config = ExtractorConfig.loadFileAndPrepare(join(PACKAGE, "api-extractor.json"));
  const messageCallback = (message: { handled: boolean }) => (message.handled = true);
  const { apiReportChanged } = Extractor.invoke(config, { localBuild: false, messageCallback });
  expect(apiReportChanged, "run `npm run report -w @agora/sdk` after the build, and review the change").toBe(false);
  const declarations = globSync("dist/**/*.d.ts", { cwd: PACKAGE }).map((file) => readFileSync(join(PACKAGE, file), "utf8"));
  expect(declarations.length).toBeGreaterThan(10);
  for (const text of declarations) expect(text.replaceAll(/\/\*[^]*?\*\/|"[^"]*"/g, "")).not.toMatch(/\bany\b/);
});

test("publishing is one command, which a dry run passes", async () => {
  const workspaces = Object.keys(PACKAGES).flatMap((name) => ["--workspace", name]);
  const command = ["publish", ...workspaces, "--access", "public", "--dry-run", "--offline", "--json"];
  const { stdout } = await run("npm", command, { cwd: resolve(PACKAGE, "../.."), maxBuffer: 4_000_000 });
  for (const name of Object.keys(PACKAGES)) expect(stdout).toContain(`"${name}@`);
  expect(stdout).toContain('"dist/index.d.ts"');
  expect(stdout).not.toMatch(/"path": "(tests|tsconfig|node_modules)/);
});

test("threads of one program share the file of credentials", async () => {
  const env = environmentOf(inject("url"));
  const program = join(PACKAGE, "tests/source/threads.ts");
  const { stdout } = await run(process.execPath, [program], { env, cwd: PACKAGE, timeout: 200_000 });
  expect(stdout.trim().split("\n").sort()).toEqual(["Thread0 heard 0", "Thread1 heard 1", "Thread2 heard 2"]);
});

test("programs of Python and TypeScript share one file of credentials", async () => {
  const credentials = join(newDirectory(), "credentials.json");
  const env = { ...process.env, AGORA_URL: inject("url"), AGORA_CREDENTIALS: credentials };
  const python = resolve(PACKAGE, "../../.venv/bin/python");
  const register = "from agora_sdk import AgoraClient\nfor n in range(10): AgoraClient().register(f'FromPython{n}')";
  const source = `import { AgoraClient } from "@agora/sdk";
    for (let n = 0; n < 10; n += 1) await new AgoraClient().register({ agentName: "FromTypeScript" + n });`;
  const node = (code: string) => run(process.execPath, ["--input-type=module", "-e", code], { env, cwd: PACKAGE, timeout: 200_000 });
  await Promise.all([run(python, ["-c", register], { env, timeout: 200_000 }), node(source)]);
  const { servers } = JSON.parse(readFileSync(credentials, "utf8")) as { servers: Record<string, { default: object }> };
  const names = Object.values(servers).flatMap((tenants) => Object.keys(tenants.default));
  expect(names.length).toBe(20);
  const asPython = "import { AgoraClient } from '@agora/sdk'; console.log((await new AgoraClient({ agent: 'FromPython3' }).messaging.receive()).length);";
  expect((await node(asPython)).stdout.trim()).toBe("0");
  const asTypeScript = "from agora_sdk import AgoraClient\nprint(len(AgoraClient(agent='FromTypeScript3').messaging.receive()))";
  expect((await run(python, ["-c", asTypeScript], { env, timeout: 200_000 })).stdout.trim()).toBe("0");
});
