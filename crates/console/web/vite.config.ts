import { readFileSync } from 'node:fs'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

/* `CONCENTRIC_URL` and `CONCENTRIC_TOKEN_FILE` name a running service for `npm run dev`. */
const service = process.env['CONCENTRIC_URL'] ?? 'http://127.0.0.1:8080'
const tokenFile = process.env['CONCENTRIC_TOKEN_FILE']
const headers = tokenFile
  ? { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` }
  : undefined
// The service refuses what comes from another origin, and signs nobody in from there.
const proxied = { target: service, changeOrigin: true, headers: { origin: service, ...headers } }

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    outDir: 'dist/app',
    chunkSizeWarningLimit: 600,
  },
  server: { proxy: { '/api': proxied, '/auth': proxied, '/healthz': proxied, '/readyz': proxied } },
  test: { environment: 'happy-dom', include: ['tests/unit/**/*.test.{ts,tsx}'] },
})
