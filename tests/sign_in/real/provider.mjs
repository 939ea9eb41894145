// The OpenID provider of the tests: oidc-provider, with clients that know the emulator's people by their email address.
// Prints its issuer and ends with its standard input. Below /-/ a test sees what happened, and makes things go wrong.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
const week = 7 * 86_400; // tests move the clocks of all others
const native = {
  application_type: 'native', // any port of the loopback address, RFC 8252 section 7.3
  redirect_uris: ['http://127.0.0.1/oidc-helper/callback'],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
};
const provider = new Provider(issuer, {
  clients: [
    { ...native, client_id: 'native', token_endpoint_auth_method: 'none' },
    { ...native, client_id: 'confidential', client_secret: process.env.CLIENT_SECRET },
  ],
  // Identity Center wants a jti, which no ID token has of itself: here it comes with the scope openid.
  claims: { openid: ['sub', 'jti'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: false, // or the ID token would leave the claims of a scope to userinfo
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, jti: randomUUID(), email: id, email_verified: true }),
  }),
  features: { deviceFlow: { enabled: true }, revocation: { enabled: true } },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { IdToken: week, AccessToken: 600, RefreshToken: week, Grant: week, Session: week, Interaction: 600 },
  jwks: { keys: [{ ...key, use: 'sig', alg: 'RS256' }] },
  cookies: { keys: [randomUUID()] },
});

const events = [];
for (const name of ['refresh_token.saved', 'refresh_token.consumed', 'grant.revoked']) {
  provider.on(name, (subject) => events.push({ name, token: subject.jti, grant: subject.grantId }));
}

const replies = new Map(); // path -> what a proxy in front of the provider answers instead
const controls = {
  'GET /-/events': () => events,
  'PUT /-/replies': ({ path, ...reply }) => replies.set(path, reply).size,
  'DELETE /-/replies': () => replies.clear(),
  'DELETE /-/grants': () =>
    Promise.all(events.map(({ grant }) => grant && provider.RefreshToken.revokeByGrantId(grant))),
};
provider.use(async (ctx, next) => {
  const control = controls[`${ctx.method} ${ctx.path}`];
  const reply = replies.get(ctx.path);
  if (control) {
    let text = '';
    for await (const chunk of ctx.req) text += chunk;
    ctx.body = JSON.stringify((await control(JSON.parse(text || '{}'))) ?? null);
  } else if (reply) {
    Object.assign(ctx, reply);
  } else {
    await next();
    if (ctx.path === '/device/auth' && ctx.status === 200) ctx.body = { ...ctx.body, interval: 1 };
  }
});

server.on('request', provider.callback());
console.log(issuer);
process.stdin.resume().on('end', () => process.exit());
