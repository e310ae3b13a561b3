// A real OpenID provider for the tests: npm's oidc-provider, with the paths and the claims of a Keycloak realm.
// usage: node provider.mjs OWNER_PID OIDC_PROVIDER_MODULE DIRECTORY; it says {"issuer": ...} in one line, and ends with
// its owner, and with its directory.
import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { randomUUID, generateKeyPairSync } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const [owner, module, place] = process.argv.slice(2);
const { Provider, errors } = await import(pathToFileURL(module));
const REALM = '/realms/market';
const AT = `${REALM}/protocol/openid-connect`;
const LIFE = 300;

const person = (id, username, realmRoles, more = {}) => ({ id, username, password: `${username}-pw`, realmRoles, ...more });
const people = [
  person('8d0c3f4e-0001', 'ada', ['admin', 'default-roles-market'], { email: 'ada@market.test', name: 'Ada Lovelace' }),
  person('8d0c3f4e-0002', 'otto', ['operator'], { email: 'otto@market.test' }),
  person('8d0c3f4e-0003', 'vera', ['viewer'], { email: 'vera@market.test', groups: ['/staff'] }),
  person('8d0c3f4e-0004', 'uma', ['a2a-user'], { email: 'uma@market.test' }),
  person('8d0c3f4e-0005', 'nobody', []),
];
const known = new Map(people.map((one) => [one.id, one]));
const withPassword = (name, password) => people.find((one) => (one.username === name || one.email === name) && one.password === password);
const claimsOf = (one) => ({
  sub: one.id, preferred_username: one.username, email: one.email, name: one.name, groups: one.groups,
  realm_access: { roles: one.realmRoles }, resource_access: { elsewhere: { roles: ['admin'] } },
});
const machine = { id: 'service-account-robot', username: 'service-account-robot', realmRoles: ['operator'] };

const web = createServer((request, response) => answer(request, response));
await new Promise((ready) => web.listen(0, '127.0.0.1', ready));
const origin = `http://127.0.0.1:${web.address().port}`;
const issuer = origin + REALM;

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const resource = { scope: 'openid profile email offline_access', audience: 'account', accessTokenTTL: LIFE, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } };
const RESOURCE = 'urn:market';
const lives = new Map(), grantsOf = new Map(); // by resource: seconds of its access tokens, where a test says so; ids of its grants
const lifeOf = (name, server) => lives.has(name) ? { ...server, accessTokenTTL: lives.get(name) } : server;
const ofResource = (name) => lifeOf(name, serverOf(name));
const serverOf = (name) => name === RESOURCE ? resource : { ...resource, audience: undefined, scope: `${resource.scope} read:agents write:messages` }; // of an MCP server: its own audience and scopes
const redirects = [`http://127.0.0.1:8080/v1/monitor/callback`, 'http://127.0.0.1/callback'];
const form = (action, fields, title) => `<!doctype html><title>${title}</title><form method="post" action="${action}">${fields}<button>Go on</button></form>`;

const provider = new Provider(issuer, {
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' }] },
  clients: [
    { client_id: 'agora', client_secret: 'a-secret-of-tests', token_endpoint_auth_method: 'client_secret_post', redirect_uris: redirects, response_types: ['code'], grant_types: ['authorization_code', 'refresh_token', 'password'] },
    { client_id: 'agora-told', client_secret: 'a-secret-of-tests', token_endpoint_auth_method: 'client_secret_post', redirect_uris: redirects, response_types: ['code'], grant_types: ['authorization_code', 'refresh_token'], backchannel_logout_uri: 'http://127.0.0.1:9/', backchannel_logout_session_required: true },
    { client_id: 'agora-cli', token_endpoint_auth_method: 'none', application_type: 'native', redirect_uris: redirects.slice(1), response_types: ['code'], grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'] },
    { client_id: 'agora-web', token_endpoint_auth_method: 'none', application_type: 'native', redirect_uris: redirects.slice(1), response_types: ['code'], grant_types: ['authorization_code', 'refresh_token'] },
    { client_id: 'robot', client_secret: 'another-secret', token_endpoint_auth_method: 'client_secret_post', redirect_uris: [], response_types: [], grant_types: ['client_credentials'] },
  ],
  routes: {
    authorization: '/protocol/openid-connect/auth', token: '/protocol/openid-connect/token', jwks: '/protocol/openid-connect/certs',
    registration: '/clients-registrations/openid-connect', userinfo: '/protocol/openid-connect/userinfo', revocation: '/protocol/openid-connect/revoke', end_session: '/protocol/openid-connect/logout',
    device_authorization: '/protocol/openid-connect/auth/device', code_verification: '/device',
  },
  scopes: ['openid', 'offline_access', 'profile', 'email'],
  claims: { openid: ['sub', 'sid'], email: ['email'], profile: ['name', 'preferred_username'] },
  cookies: { keys: [randomUUID()] },
  ttl: { AccessToken: (ctx, token) => token.resourceServer?.accessTokenTTL ?? LIFE, ClientCredentials: LIFE, IdToken: LIFE, AuthorizationCode: 60, DeviceCode: 600, RefreshToken: 3600, Session: 3600, Grant: 3600, Interaction: 600 },
  pkce: { methods: ['S256'], required: () => false },
  rotateRefreshToken: true,
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
  findAccount: (ctx, id) => known.has(id) && { accountId: id, claims: () => claimsOf(known.get(id)) },
  loadExistingGrant: (ctx) => granted(ctx.oidc.client.clientId, ctx.oidc.session.accountId, ctx.oidc.params.resource), // nobody is asked for consent
  interactions: { url: (ctx, interaction) => `${REALM}/sign-in/${interaction.uid}` },
  features: {
    devInteractions: { enabled: false }, registration: { enabled: true }, clientCredentials: { enabled: true }, revocation: { enabled: true }, rpInitiatedLogout: { enabled: true }, backchannelLogout: { enabled: true },
    deviceFlow: {
      enabled: true,
      userCodeInputSource: (ctx, inner) => { ctx.body = inner; },
      userCodeConfirmSource: (ctx, inner) => { ctx.body = inner.replace('</form>', '<button name="confirm" value="yes">Yes</button></form>'); },
      successSource: (ctx) => { ctx.body = 'You may close this page.'; },
    },
    resourceIndicators: { enabled: true, defaultResource: () => RESOURCE, useGrantedResource: () => true, getResourceServerInfo: (ctx, name) => ofResource(name) },
  },
  formats: {
    customizers: {
      jwt(ctx, token, jwt) { // as Keycloak makes them
        const one = known.get(token.accountId) ?? machine;
        Object.assign(jwt.payload, claimsOf(one), { typ: 'Bearer', azp: token.clientId, sid: token.sessionUid });
        jwt.header = { ...jwt.header, typ: 'JWT' };
        jwt.payload = JSON.parse(JSON.stringify(jwt.payload));
      },
    },
  },
});

async function granted(clientId, accountId, named = RESOURCE) {
  const grant = new provider.Grant({ clientId, accountId });
  grant.addOIDCScope(resource.scope);
  grant.addResourceScope(named, ofResource(named).scope);
  await grant.save();
  grantsOf.set(named, [...grantsOf.get(named) ?? [], grant.jti]);
  return grant;
}

provider.registerGrantType('password', async (ctx, next) => { // "direct access grants"
  const { client, params } = ctx.oidc;
  const one = withPassword(params.username, params.password);
  if (!one) throw Object.assign(new errors.InvalidGrant(), { error_description: 'Invalid user credentials' });
  const { jti: grantId } = await granted(client.clientId, one.id);
  const shared = { client, accountId: one.id, grantId, scope: resource.scope, gty: 'password', claims: {}, sessionUid: randomUUID() };
  const access = new provider.AccessToken({ ...shared, resourceServer: new provider.ResourceServer(RESOURCE, resource) });
  const refresh = new provider.RefreshToken({ ...shared, rotations: 0, resource: RESOURCE });
  ctx.body = { access_token: await access.save(), token_type: 'Bearer', expires_in: LIFE, refresh_token: await refresh.save(), refresh_expires_in: 3600 };
  await next();
}, ['username', 'password', 'scope']);

async function fields(request) {
  let text = '';
  for await (const part of request) text += part;
  return new URLSearchParams(text);
}

const listener = provider.callback();
async function answer(request, response) {
  const path = request.url.split('?')[0];
  if (path.startsWith(`${REALM}/sign-in/`)) {
    const { prompt, params, session } = await provider.interactionDetails(request, response);
    if (prompt.name === 'consent') { // clients on people's machines are always asked about
      const { jti: grantId } = await granted(params.client_id, session.accountId, params.resource);
      return provider.interactionFinished(request, response, { consent: { grantId } }, { mergeWithLastSubmission: true });
    }
    if (request.method === 'GET') return response.end(form(path, '<input name="username"><input name="password" type="password">', 'Sign in'));
    const given = await fields(request);
    const one = withPassword(given.get('username'), given.get('password'));
    if (!one) { response.statusCode = 401; return response.end('no'); }
    return provider.interactionFinished(request, response, { login: { accountId: one.id } });
  }
  if (path === `${AT}/logout` && request.method === 'POST') { // Keycloak ends a session by its refresh token
    const token = await provider.RefreshToken.find((await fields(request)).get('refresh_token') ?? '');
    response.statusCode = token ? 204 : 400;
    if (token) await (await provider.Grant.find(token.grantId))?.destroy();
    if (token) await token.destroy();
    return response.end();
  }
  if (path === `${REALM}/tests/told` && request.method === 'POST') { // where logouts are told, which a test knows once it runs
    (await provider.Client.find('agora-told')).backchannelLogoutUri = (await fields(request)).get('uri');
    return response.end();
  }
  if (path === `${REALM}/tests/lives` && request.method === 'POST') {
    const given = await fields(request);
    lives.set(given.get('resource'), Number(given.get('seconds')));
    return response.end();
  }
  if (path === `${REALM}/tests/end-grants` && request.method === 'POST') { // as a person may at the provider
    for (const id of grantsOf.get((await fields(request)).get('resource')) ?? []) await (await provider.Grant.find(id))?.destroy();
    return response.end();
  }
  if (!path.startsWith(REALM)) { response.statusCode = 404; return response.end(); }
  request.originalUrl = request.url; // by which the provider knows where it is mounted
  request.url = request.url.slice(REALM.length) || '/';
  return listener(request, response);
}

// A process is known by its id and when it started, for ids come again; one that has ended may wait for its parent, as a zombie.
const startOf = (pid) => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    return fields[0] === 'Z' ? null : fields[19];
  } catch { return null; }
};
const start = startOf(owner);
setInterval(() => {
  if (start !== null && startOf(owner) === start) return;
  rmSync(place, { recursive: true, force: true });
  process.exit(0);
}, 500);
provider.on('backchannel.error', (ctx, error) => console.error(error));
provider.on('server_error', (ctx, error) => console.error(error));
console.log(JSON.stringify({ issuer }));
