/** A person logs in by the TypeScript SDK: prints the address to confirm at, then who they are, before and after a renewal. */

import { AgoraClient, login, MemoryTokens } from "../../../sdk/typescript/src/index.ts";

const client = new AgoraClient({ tokens: new MemoryTokens() });
const print = (value: unknown) => console.log(JSON.stringify(value));
const session = await login(client, { prompt: ({ verificationUriComplete }) => print(verificationUriComplete) });
const me = await session.client.auth.userinfo();
print([me.username, me.kind, me.role]);

// A clock that is ahead: the token counts as ended.
const now = Date.now;
Date.now = () => now() + 86_400_000;
const renewed = await session.current();
Date.now = now;
print((await renewed.auth.userinfo()).id === me.id && renewed !== client);
await session.logout();
print(await renewed.auth.userinfo().then(() => "still in", (error: unknown) => (error as { code: string }).code));
