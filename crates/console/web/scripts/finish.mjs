// After the build: compresses what the server sends, and fails when the first page is too heavy.
import { readFileSync, readdirSync, statSync, writeFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const dist = new URL('../dist/app/', import.meta.url).pathname
const LIMIT = 250_000

const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'))
const wanted = new Set()
const follow = (key) => {
  const chunk = manifest[key]
  if (!chunk || wanted.has(chunk.file)) return
  wanted.add(chunk.file)
  for (const next of chunk.imports ?? []) follow(next)
}
follow('index.html')
const size = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length
const first = [...wanted].filter((file) => file.endsWith('.js')).reduce((sum, file) => sum + size(file), 0)
const all = readdirSync(join(dist, 'assets')).filter((file) => file.endsWith('.js'))
const total = all.reduce((sum, file) => sum + size(join('assets', file)), 0)
rmSync(join(dist, '.vite'), { recursive: true })

// The server fills in a nonce for each answer.
const page = join(dist, 'index.html')
writeFileSync(page, readFileSync(page, 'utf8').replaceAll(/<(script|link rel="stylesheet")/g, '<$1 nonce="{{nonce}}"'))

const files = (folder) =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? files(path) : [path]
  })
for (const path of files(dist)) {
  if (!/\.(js|css|svg)$/.test(path)) continue
  const text = readFileSync(path)
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: text.length }
  writeFileSync(`${path}.br`, brotliCompressSync(text, { params }))
  writeFileSync(`${path}.gz`, gzipSync(text, { level: 9 }))
}
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`
console.log(`script of the first page: ${kilobytes(first)} gzip of ${kilobytes(LIMIT)}; all pages: ${kilobytes(total)}`)
if (first > LIMIT) process.exit(1)
