// openid-client: the authorization code flow with PKCE, then a refresh. Prints the claims' email and subject.
globalThis.crypto ??= (await import("node:crypto")).webcrypto; // Node.js 18, which Debian 12 has
const oidc = await import("openid-client");

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI } = process.env;
const provider = await oidc.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET || undefined, undefined, {
  execute: ISSUER.startsWith("http:") ? [oidc.allowInsecureRequests] : [],
});
const verifier = oidc.randomPKCECodeVerifier();
const state = oidc.randomState();
const nonce = oidc.randomNonce();
const address = oidc.buildAuthorizationUrl(provider, {
  redirect_uri: REDIRECT_URI,
  scope: "openid email offline_access",
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
});
const answer = await fetch(address, { redirect: "manual" });
const tokens = await oidc.authorizationCodeGrant(provider, new URL(answer.headers.get("location")), {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
});
const renewed = await oidc.refreshTokenGrant(provider, tokens.refresh_token);
console.log(tokens.claims().email);
console.log(renewed.claims().sub);
