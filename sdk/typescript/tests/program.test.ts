/** Features of programs only: files, signals, and the permissions of the local operator. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, inject, test, vi } from "vitest";
import { AgoraClient, FileTokens, login, MemoryTokens, ServiceTier, Unauthenticated } from "../src/index.ts";
import { FileLogins, type StoredLogin } from "../src/login-store.ts";
import { findPlatform, type Platform } from "../src/private-file.ts";

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

test("a renewed login that cannot be stored is used from memory, until another program logs in", async () => {
  const platform = findPlatform() as Platform;
  const directory = mkdtempSync(join(tmpdir(), "logins-"));
  const path = join(directory, "logins.json");
  const entry: StoredLogin = { username: "ada", accessToken: "a0", refreshToken: "r0", expiresAt: 0, clientId: null };
  await new FileLogins(path, platform).keep("there", entry);
  const writeSync = () => {
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  };
  const full = { ...platform, fs: { ...platform.fs, writeSync } };
  const used: (string | null)[] = [];
  const renew = (login: StoredLogin) => {
    used.push(login.refreshToken);
    return Promise.resolve({ ...login, accessToken: `a${used.length}`, refreshToken: `r${used.length}` });
  };
  const tokenOf = async (place: Platform) => (await new FileLogins(path, place).current("there", renew))?.accessToken;
  expect([await tokenOf(full), await tokenOf(full)]).toEqual(["a1", "a2"]);
  expect(used).toEqual(["r0", "r1"]); // a refresh token is valid once
  expect(readdirSync(directory), "no copy of the secrets stays").toEqual(["logins.json"]);
  expect([await tokenOf(platform), used.at(-1)]).toEqual(["a3", "r2"]);
  expect(new FileLogins(path, platform).find("there")?.refreshToken).toBe("r3");

  expect(await tokenOf(full)).toBe("a4");
  await new FileLogins(path, platform).keep("there", { ...entry, accessToken: "new", expiresAt: Date.now() });
  expect(await tokenOf(full)).toBe("new");
});

test("a login by code goes on after a failed poll, and pauses although the provider says no interval", async () => {
  const issuer = "https://sso.example.test";
  const documents: Record<string, object> = {
    "/.well-known/openid-configuration": { issuer, token_endpoint: `${issuer}/token`, device_authorization_endpoint: `${issuer}/device` },
    "/device": { device_code: "d", user_code: "u", verification_uri: issuer, interval: [], expires_in: null },
  };
  const polls = ["lost", "<html>", '{"error":"authorization_pending"}', '{"error":"access_denied"}'];
  const times: number[] = [];
  const provider: typeof fetch = async (input) => {
    const { origin, pathname } = new URL(String(input));
    if (origin !== issuer) return Response.json({ enabled: true, issuer, client_id: "cli", scope: "openid" });
    if (pathname !== "/token") return Response.json(documents[pathname]);
    times.push(Date.now());
    const answer = polls.shift();
    if (answer === "lost") throw new TypeError("fetch failed");
    return new Response(answer);
  };
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  try {
    const client = new AgoraClient({ url, fetch: provider, tokens: new MemoryTokens() });
    let isOver = false;
    const begun = Date.now();
    const outcome = login(client, { prompt: () => undefined }).then(
      () => "logged in",
      (error: unknown) => String(error),
    );
    void outcome.finally(() => (isOver = true));
    while (!isOver) await vi.advanceTimersToNextTimerAsync();
    expect(await outcome).toContain("The login was refused.");
    expect(times.map((time, at) => time - (times[at - 1] ?? begun))).toEqual([5000, 10_000, 20_000, 20_000]);
  } finally {
    vi.useRealTimers();
  }
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
