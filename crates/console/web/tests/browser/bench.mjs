// What the console takes of a person's time beside a fleet of the size given, in a browser. `cargo xtask bench-console` runs
// it; prints a table, and fails where a target is missed on a machine that is idle.
import { cpus, loadavg } from 'node:os'
import { launch, signedIn, slowness, startDemo, waitFor } from './harness.mjs'

const devices = Number(process.argv[2] ?? 100_000)
const HOUR = 3_600_000
const LOADS = 10
const EVENTS = 40
const PAGES = 20

const rank = (all, share) => all.toSorted((a, b) => a - b)[Math.min(all.length - 1, Math.ceil(all.length * share) - 1)]
const table = []
const missed = []
const row = (what, times, target) => {
  const [half, most] = [rank(times, 0.5), rank(times, 0.95)]
  const show = (time) => (time < 1000 ? `${Math.round(time)} ms` : `${(time / 1000).toFixed(2)} s`)
  table.push(`| ${what} | ${show(half)} | ${show(most)} | ${target === undefined ? '' : show(target)} | ${times.length} |`)
  if (target !== undefined && most > target) missed.push(what)
}

const load = loadavg()[0]
const began = performance.now()
// At a pace at which a rollout is under way for as long as this takes.
const demo = await startDemo({ scenario: 'healthy', devices, speed: 2_000, patience: HOUR })
const rollout = `/tenants/${demo.tenant}/rollouts/${demo.rollout}`
await waitFor(async () => (await demo.api('GET', rollout)).rings[0].offered > 0, HOUR)
console.log(`${devices} devices read, placed and a release begun in ${Math.round((performance.now() - began) / 1000)} s`)
const browser = await launch()
try {
  const { context, page } = await signedIn(browser, demo.base, demo.token)
  const slow = await slowness(page)
  const state = await context.storageState()

  // From the address to a page that answers: the reason why it waits is there, and Pause can be pressed.
  const ready = []
  for (let at = 0; at < LOADS; at += 1) {
    // Nothing is in this browser's cache.
    const fresh = await browser.newContext({ storageState: state, viewport: { width: 1280, height: 900 } })
    const cold = await fresh.newPage()
    const start = performance.now()
    await cold.goto(`${demo.base}${demo.path}/rollouts/${demo.rollout}`, { waitUntil: 'commit' })
    await cold.getByRole('region', { name: /Why is it not further/ }).locator('.summary').waitFor()
    await cold.getByRole('group', { name: 'Actions' }).getByRole('button').first().waitFor()
    await cold.getByRole('list', { name: /^Rings of/ }).waitFor()
    ready.push(performance.now() - start)
    await fresh.close()
  }
  row('rollout page, from the address until it can be used', ready, 1_500)

  // From the answer to somebody's request until everybody else's screen shows it.
  await page.goto(`${demo.base}${demo.path}/rollouts/${demo.rollout}`)
  await page.getByRole('region', { name: /Why is it not further/ }).locator('.summary').waitFor()
  const last = (await demo.api('GET', rollout)).rings.length - 1
  const pixels = []
  for (let at = 0; at < EVENTS; at += 1) {
    const reason = `measured ${at}`
    const seen = page.waitForFunction((text) => document.body.innerText.includes(text), reason, { polling: 'raf' })
    await demo.api('POST', `${rollout}/rings/${last}/pause`, { reason })
    const answered = performance.now()
    await seen
    pixels.push(Math.max(0, performance.now() - answered))
    await demo.api('POST', `${rollout}/rings/${last}/resume`, {})
    await page.waitForFunction((text) => !document.querySelector('[aria-label="Pause"], .pauses')?.innerText.includes(text), reason, { polling: 'raf' })
  }
  row('from the answer to an event until it is on another screen', pixels, 1_000)

  // The token of a page deep in the list, as the service hands it out.
  const answer = async (token) => {
    for (;;) {
      try {
        return await demo.api('GET', `/tenants/${demo.tenant}/devices?page_size=500${token ? `&page_token=${encodeURIComponent(token)}` : ''}`)
      } catch (error) {
        if (!String(error).includes(': 429')) throw error
        await new Promise((resolve) => setTimeout(resolve, 1_000))
      }
    }
  }
  let deep
  for (let token, seen = 0; ; ) {
    const list = await answer(token)
    token = list.next_page_token
    seen += 500
    if (!token) break
    if (seen <= devices - 50 * (PAGES + 5)) deep = token
  }
  const rowsChange = async () => {
    const times = []
    const first = () => page.locator('main tbody tr').first().innerText()
    for (let at = 0; at < PAGES; at += 1) {
      const before = await first()
      const start = performance.now()
      await page.getByRole('button', { name: 'Next' }).click()
      await page.waitForFunction((text) => document.querySelector('main tbody tr')?.innerText !== text, before, { polling: 'raf' })
      times.push(performance.now() - start)
    }
    return times
  }
  const open = async (search) => {
    await page.goto(`${demo.base}${demo.path}/devices${search}`)
    await page.locator('main tbody tr').first().waitFor()
  }
  await open('')
  const near = await rowsChange()
  row('next page of the devices, from the first one on', near)
  await open(`?after=${encodeURIComponent(deep)}`)
  const far = await rowsChange()
  row(`next page of the devices, at the end of ${devices.toLocaleString('en-US')}`, far)
  const ratio = rank(far, 0.5) / rank(near, 0.5)
  // Noise aside, as fast as at the beginning.
  if (ratio > 2) missed.push('the end of the list of devices')
  table.push(`| the end of the list beside its beginning | ${ratio.toFixed(2)} x | | 2 x | |`)
  console.log(`\n${devices.toLocaleString('en-US')} devices, ${cpus().length} cores, load average ${load.toFixed(1)} before; the machine was ${slow.toFixed(1)} times slower than an idle one\n`)
  console.log(['| what | half of them | 95 % of them | target | measured |', '|---|---|---|---|---|', ...table].join('\n'))
  if (missed.length > 0) console.log(`\nMISSED: ${missed.join('; ')}`)
  if (missed.length > 0 && slow < 1.5) process.exitCode = 1
} finally {
  await browser.close()
  await demo.stop()
}
