/** The system's Chromium, and sites for it to visit. */

import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join } from "node:path";
import { type Browser, chromium } from "playwright";

const NAMES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome"];
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"];
const TYPES: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

/** Find the path of Chromium; undefined if missing. */
export function findChromium(): string | undefined {
  const directories = (process.env["PATH"] ?? "").split(":");
  const places = NAMES.flatMap((name) => directories.map((directory) => join(directory, name)));
  const path = process.env["AGORA_CHROMIUM"] ?? places.find((place) => existsSync(place));
  if (path === undefined && process.env["AGORA_REQUIRE"] === "all") throw new Error("there is no Chromium; AGORA_CHROMIUM may name it");
  return path;
}

export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch(launchOptions(executablePath));
}

/** Launch options of Chromium. */
export function launchOptions(executablePath: string): { executablePath: string; args: string[] } {
  return { executablePath, args: FLAGS };
}

/** A site that serves a directory, or pages by their path, at a port. */
export function serveSite(port: number, read: (path: string) => string | undefined): Promise<{ origin: string; close: () => void }> {
  const site: Server = createServer((request, response) => {
    const path = request.url === "/" ? "/index.html" : (request.url ?? "/").split("?")[0] ?? "/";
    const body = read(path);
    response.writeHead(body === undefined ? 404 : 200, { "content-type": TYPES[extname(path)] ?? "text/plain" });
    response.end(body);
  });
  return new Promise((ready) => {
    site.listen(port, "127.0.0.1", () => ready({ origin: `http://127.0.0.1:${port}`, close: () => site.close() }));
  });
}

/** Return a function that reads files of a directory. */
export function filesOf(directory: string): (path: string) => string | undefined {
  return (path) => (existsSync(join(directory, path)) ? readFileSync(join(directory, path), "utf8") : undefined);
}
