// jose_verify.mjs <address> <issuer> <audience> <token>: verifies an access token with the published keys, and prints its claims.
import { createRemoteJWKSet, jwtVerify } from "jose";

const [address, issuer, audience, token] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(`${address}/.well-known/jwks.json`));
const verify = (sent) => jwtVerify(sent, keys, { issuer, audience, algorithms: ["ES256"] });

const { payload } = await verify(token);
const [header, , signature] = token.split(".");
const forged = { ...payload, sub: "01a21ad8-0000-7000-8000-000000000000" };
const forgery = [header, Buffer.from(JSON.stringify(forged)).toString("base64url"), signature].join(".");
const refusal = await verify(forgery).then(() => null, (error) => error.code);

console.log(JSON.stringify({ claims: payload, refusal }));
