// Pictures of the main pages for the documentation, light, dark and narrow: docs/images.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { PATIENCE, launch, signedIn, startDemo } from './harness.mjs'

const folder = new URL('../../../../../docs/images/', import.meta.url).pathname
mkdirSync(folder, { recursive: true })
const browser = await launch()
const shoot = async (demo, pictures) => {
  for (const [name, path, { scheme = 'light', width = 1280, height = 860, at } = {}] of pictures) {
    const { context, page } = await signedIn(browser, demo.base, demo.token, { viewport: { width, height }, colorScheme: scheme })
    await page.goto(`${demo.base}${demo.path}${path}`)
    await page.locator('main h1').first().waitFor()
    await page.waitForFunction(() => document.querySelector('[aria-busy]') === null, undefined, { timeout: PATIENCE })
    if (at) await page.locator(at).first().scrollIntoViewIfNeeded()
    await page.screenshot({ path: join(folder, `${name}.png`) })
    console.log(`docs/images/${name}.png`)
    await context.close()
  }
}
const held = await startDemo({ scenario: 'bad-model', devices: 5000, speed: 40_000 })
await held.atRest().catch(() => undefined)
const [set] = (await held.api('GET', `/tenants/${held.tenant}/ring-sets`)).items
const at = `/tenants/${held.tenant}`
await held.api('POST', `${at}/support-desks`, { name: 'Service desk', url: 'mailto:helpdesk@example.com', way: { kind: 'mail' } })
const request = await held.api('POST', `${at}/support-requests`, { title: 'Printing fails', about: { kind: 'rollout', id: held.rollout }, severity: 'critical', category: 'updates', description: 'Since the last wave, on all devices of one model.' })
await held.api('POST', `${at}/support-requests/${request.id}/move`, { status: 'in_progress', assignee: 'ben', comment: 'Looking at the drivers.' })
await held.api('POST', `${at}/support-requests/${request.id}/comments`, { text: 'It is the driver of the printers. The model is held meanwhile.' })
await held.api('POST', `${at}/contacts`, { name: 'Ana Ops', email: 'ana@example.com', wants: { focus: ['updates'] } })
await held.api('POST', `${at}/notification-channels`, { name: 'Updates', to: { kind: 'teams', url: 'https://chat.example/hooks/1' } })
await shoot(held, [
  ['overview', ''],
  ['rollout', `/rollouts/${held.rollout}`],
  ['rollout-dark', `/rollouts/${held.rollout}`, { scheme: 'dark' }],
  ['rollout-narrow', `/rollouts/${held.rollout}`, { width: 390, height: 844 }],
  ['ring', `/rollouts/${held.rollout}/rings/3`],
  ['ring-set', `/ring-sets/${set.id}`],
  ['health', '/health'],
  ['health-dark', '/health', { scheme: 'dark' }],
  ['reports', '/reports'],
  ['report', '/reports/quality-status'],
  ['alerts', '/alerts'],
  ['alerts-narrow', '/alerts', { width: 390, height: 844 }],
  ['plan', `/rollouts/${held.rollout}/plan`],
  ['support', '/support'],
  ['support-request', `/support/${request.id}`],
  ['support-request-narrow', `/support/${request.id}`, { width: 390, height: 844 }],
  ['notifications', '/notifications'],
])
await held.stop()
const bad = await startDemo({ scenario: 'bad-update', devices: 5000, speed: 40_000 })
await bad.atRest().catch(() => undefined)
await shoot(bad, [['stopped', `/rollouts/${bad.rollout}`]])
await bad.stop()
await browser.close()
