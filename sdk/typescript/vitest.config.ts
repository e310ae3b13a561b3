import { resolve } from "node:path";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { findChromium, launchOptions } from "./tests/chromium.ts";
import { serverCommands } from "./tests/server-commands.ts";

/** What runs in Node alone, and why. All else runs in a page of Chromium, too, where there is one. */
const NODE_ALONE = {
  "tests/browser.test.ts": "it drives Chromium from outside",
  "tests/package.test.ts": "it packs, installs and bundles the package",
  "tests/platforms.test.ts": "it runs Deno and Bun",
  "tests/program.test.ts": "a page has no files, no signals, and not the rights of the local operator",
};

/** What runs in a page only in the long form (`make test-typescript-long`): each starts servers of its own. */
const LONG_IN_PAGES = ["tests/agent.test.ts", "tests/events.test.ts"];

const isLong = process.env["AGORA_TYPESCRIPT_LONG"] !== undefined;

const shared = {
  globalSetup: ["tests/server.ts"],
  isolate: false,
  // The tests may have a small share of the processor: bounds say nothing of the code.
  testTimeout: 240_000,
  hookTimeout: 240_000,
};
const chromium = findChromium();

const node = { test: { ...shared, name: "node", include: ["tests/**/*.test.ts"], pool: "threads" as const } };
const pages = {
  resolve: { alias: [{ find: /^\.\/server\.ts$/, replacement: resolve(import.meta.dirname, "tests/server-of-pages.ts") }] },
  test: {
    ...shared,
    name: "chromium",
    include: ["tests/**/*.test.ts"],
    exclude: [...Object.keys(NODE_ALONE), ...(isLong ? [] : LONG_IN_PAGES)],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: launchOptions(chromium ?? "") }),
      instances: [{ browser: "chromium" as const, name: "chromium" }],
      commands: serverCommands,
    },
  },
};

export default defineConfig({ test: { projects: chromium === undefined ? [node] : [node, pages] } });
