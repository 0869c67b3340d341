// A certified OpenID Connect provider (npm: oidc-provider) for the system tests.
//
// Prints `issuer URL`, reads one line of JSON ({redirect_uri, audience, client_secret}), prints `ready`, and
// serves until its input ends. Whoever signs in with the name `ana` is in the groups `update-operators` and
// `all-staff`, `ben` in `all-staff` alone; any password will do.

import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { Provider } from 'oidc-provider'

const GROUPS = { ana: ['update-operators', 'all-staff'], ben: ['all-staff'] }

let handler = (_request, response) => response.writeHead(503).end()
const server = createServer((request, response) => handler(request, response))
server.listen(0, '127.0.0.1', () => console.log(`issuer http://127.0.0.1:${server.address().port}`))

const lines = createInterface({ input: process.stdin })
lines.once('line', (line) => {
  const given = JSON.parse(line)
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'concentric',
        client_secret: given.client_secret,
        redirect_uris: [given.redirect_uri],
        application_type: 'native',
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
      {
        client_id: 'program',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['http://127.0.0.1:1/callback'],
        application_type: 'native',
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
    scopes: ['openid', 'profile', 'update'],
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: `${id}@contoso.example`, groups: GROUPS[id] ?? [] }),
    }),
    extraTokenClaims: (_ctx, token) => ({
      preferred_username: `${token.accountId}@contoso.example`,
      groups: GROUPS[token.accountId] ?? [],
    }),
    features: {
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        getResourceServerInfo: () => ({
          scope: 'update',
          audience: given.audience,
          accessTokenTTL: 300,
          accessTokenFormat: 'jwt',
        }),
      },
    },
    pkce: { required: () => true },
    cookies: { keys: ['for-tests-only'] },
  })
  handler = provider.callback()
  console.log('ready')
})
lines.once('close', () => process.exit(0))
