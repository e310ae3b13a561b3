/**
 * The TypeScript SDK with the logins of `agora login`. Each line of its input is a step, each line of its output what came of it:
 * `who` calls as whoever is logged in, four at once; `login NAME` logs in by password; `current` and `logout` are of that session.
 */

import { createInterface } from "node:readline";
import { AgoraClient, login, type LoginSession } from "../../../sdk/typescript/src/index.ts";

let session: LoginSession | undefined;

async function take([step, name = ""]: string[]): Promise<unknown> {
  switch (step) {
    case "who": {
      const answers = await Promise.all([0, 1, 2, 3].map(() => new AgoraClient().auth.userinfo()));
      return [...new Set(answers.map((me) => me.username))].join();
    }
    case "login":
      session = await login(new AgoraClient(), { username: name, password: `${name}-pw` });
      return (await session.client.auth.userinfo()).username;
    case "current":
      return (await (await session?.current())?.auth.userinfo())?.username;
    default:
      await session?.logout();
      return "out";
  }
}

for await (const line of createInterface(process.stdin)) {
  const answer = await take(line.split(" ")).catch((error: unknown) => (error as { code?: string }).code ?? String(error));
  console.log(JSON.stringify(answer));
}
