// A real service with its database and a simulated tenant, and a real browser in front of it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const BINARY = process.env.CONCENTRIC_BINARY
const CHROMIUM = process.env.CONCENTRIC_CHROMIUM ?? '/usr/bin/chromium'
/** How long anything is waited for. Nothing takes so long on an idle machine; a busy one may. */
export const PATIENCE = 90_000

/** `concentric demo`, as a person starts it, on any free port. With much smaller fleets the first rings are too small to
    prove anything, and a scenario may rightly wait for a person instead of coming to its end. */
export async function startDemo({ scenario, devices = 6000, speed = 40_000, patience = PATIENCE }) {
  const home = mkdtempSync(join(tmpdir(), 'concentric-browser-'))
  // Where root runs this, the database runs as another user, who has to pass.
  chmodSync(home, 0o711)
  const child = spawn(
    BINARY,
    ['demo', '--scenario', scenario, '--devices', String(devices), '--speed', String(speed), '--listen', '127.0.0.1:0', '--data-dir', join(home, 'data'), '--max-minutes', '20'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  // Whatever becomes of us, it does not stay behind.
  process.on('exit', () => child.kill('SIGINT'))
  let said = ''
  const waiting = new Set()
  const hear = (chunk) => {
    said += chunk
    for (const check of waiting) check()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const ended = new Promise((resolve) => child.on('exit', resolve))
  /** Until the demo has said something that matches. */
  const until = (pattern, limit = patience * 3) =>
    new Promise((resolve, reject) => {
      const check = () => {
        const found = pattern.exec(said)
        if (!found) return
        clearTimeout(timer)
        waiting.delete(check)
        resolve(found)
      }
      const timer = setTimeout(() => reject(new Error(`the demo never said ${pattern}:\n${said}`)), limit)
      waiting.add(check)
      void ended.then(() => reject(new Error(`the demo ended:\n${said}`)))
      check()
    })
  const [link, base] = await until(/(?:http:\/\/[\d.:]+)\/auth\/demo\S+/).then(([link]) => [link, new URL(link).origin])
  const token = readFileSync(join(home, 'data/token'), 'utf8').trim()
  const api = async (method, path, body, as = token) => {
    const response = await fetch(`${base}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${as}`, ...(method === 'PUT' || method === 'PATCH' ? { 'if-match': '*' } : {}), ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  const tenant = await waitFor(async () => (await api('GET', '/tenants')).items[0]?.id, patience)
  const rollout = await waitFor(async () => (await api('GET', `/tenants/${tenant}/rollouts`)).items[0]?.id, patience)
  return {
    base,
    link,
    token,
    tenant,
    rollout,
    api,
    path: `/t/${tenant}`,
    /** Until the scenario has come to rest. */
    atRest: () => until(/The service goes on at/),
    stop: async () => {
      child.kill('SIGINT')
      await ended
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** Asks until there is an answer. */
export async function waitFor(ask, patience = PATIENCE) {
  const end = Date.now() + patience
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (Date.now() > end) throw new Error(`never came true: ${ask}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

export function launch() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
}

/** A browser of its own, signed in with `token` by the sign-in page; complaints are kept. */
export async function signedIn(browser, base, token, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  context.setDefaultTimeout(PATIENCE)
  const complaints = []
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`${message.text()} ${message.location().url}`)
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  const page = await context.newPage()
  await page.goto(base)
  await page.getByLabel('API token').fill(token)
  await page.getByRole('button', { name: /Sign in with a token/ }).click()
  await page.locator('#main h1').first().waitFor()
  return { context, page, complaints }
}

/** A door that can be shut: between browser and service, as a cable is. */
export async function door(base) {
  const { hostname, port } = new URL(base)
  const open = new Set()
  let isShut = false
  const server = net.createServer((near) => {
    if (isShut) return near.destroy()
    const far = net.connect(Number(port), hostname)
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('close', () => {
        open.delete(socket)
        near.destroy()
        far.destroy()
      })
      socket.on('error', () => socket.destroy())
    }
    near.pipe(far)
    far.pipe(near)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    base: `http://127.0.0.1:${server.address().port}`,
    shut: () => {
      isShut = true
      for (const socket of open) socket.destroy()
    },
    open: () => {
      isShut = false
    },
    end: () => {
      for (const socket of open) socket.destroy()
      server.close()
    },
  }
}

/** A healthy release that a person has paused in its first rings, with one model held back: nothing moves, and nothing
    that is looked at depends on which devices fail. */
export async function pausedDemo() {
  const demo = await startDemo({ scenario: 'healthy', devices: 3000, speed: 20_000 })
  const rollout = `/tenants/${demo.tenant}/rollouts/${demo.rollout}`
  await waitFor(async () => (await demo.api('GET', rollout)).rings[0].confirmed > 0)
  await demo.api('POST', `${rollout}/segments/0/hold`, { reason: 'calls from its users' })
  await demo.api('POST', `${rollout}/pause`, { reason: 'until the morning' })
  await waitFor(async () => (await demo.api('GET', rollout)).phase.name === 'paused')
  await waitFor(async () => (await demo.api('GET', rollout)).held_segments.length === 1)
  return demo
}

/** A token of `name` with `roles`, for the tenant of the demo. */
export const tokenOf = async (demo, name, ...roles) => (await demo.api('POST', '/tokens', { name, roles, tenant_id: demo.tenant })).text

/** No console error, and no violation of the page's policy. */
export const quiet = (complaints) => assert.deepEqual(complaints, [], 'no console error and no violation of the policy')

/** How much slower this machine is just now than an idle one with two cores: what takes that one 110 ms, and 20 answers
    that take it 100 ms. At least 1, so that a fast machine proves no more than a slow one. */
export async function slowness(page) {
  const took = await page.evaluate(async () => {
    const began = performance.now()
    let sum = 0
    for (let at = 0; at < 2e7; at += 1) sum = (sum + at * 7) % 1_000_003
    const counted = performance.now()
    for (let at = 0; at < 20; at += 1) await (await fetch('/healthz')).text()
    return { count: counted - began, answers: performance.now() - counted, sum }
  })
  return Math.max(1, took.count / 110, took.answers / 100)
}

/** One of the timed tasks: counts what a person does, and the time that the page takes for it. A person also reads and
    thinks; so the page has half of the time that the whole task may take, on a machine that is idle. */
export async function task(page, name, { actions: most, seconds }) {
  const slow = await slowness(page)
  const began = performance.now()
  let actions = 0
  return {
    act: async (doing) => {
      actions += 1
      await doing
    },
    done: async () => {
      const took = (performance.now() - began) / 1000
      console.log(`task ${name}: ${actions} of ${most} actions, the page took ${took.toFixed(1)} s of ${(seconds / 2).toFixed(1)} s x ${slow.toFixed(1)} (${seconds} s with a person)`)
      assert.ok(actions <= most, `${name} takes ${actions} actions, ${most} at most`)
      // It may have become busy meanwhile.
      const slowest = took <= (seconds / 2) * slow ? slow : Math.max(slow, await slowness(page))
      assert.ok(took <= (seconds / 2) * slowest, `the page took ${took.toFixed(1)} s for ${name}, on a machine that is ${slowest.toFixed(1)} times slower than an idle one`)
    },
  }
}
