// A bad update is seen to be stopped and taken back; a release is made in the console and seen to complete.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PATIENCE, launch, signedIn, startDemo, waitFor } from './harness.mjs'

let browser
before(async () => {
  browser = await launch()
})
after(() => browser?.close())

test('a bad update stops, and is taken back', async () => {
  const demo = await startDemo({ scenario: 'bad-update', devices: 8000 })
  try {
    const { page, complaints } = await signedIn(browser, demo.base, demo.token)
    await page.goto(`${demo.base}${demo.path}/rollouts/${demo.rollout}`)
    // The service stops offering at the latest when it watches; how far it goes by itself depends on who fails first.
    const at = `/tenants/${demo.tenant}/rollouts/${demo.rollout}`
    const stopped = await waitFor(async () => {
      const { phase, level } = await demo.api('GET', at)
      return (level !== 'calm' || ['paused', 'rolling_back', 'rolled_back'].includes(phase.name)) && phase.name
    }, PATIENCE * 2).catch(async (cause) => {
      throw new Error(JSON.stringify(await demo.api('GET', `${at}/explain`)), { cause })
    })
    console.log(`stopped while ${stopped}`)
    const back = page.getByRole('button', { name: 'Roll back…' })
    const isGoing = () => demo.api('GET', `/tenants/${demo.tenant}/rollouts/${demo.rollout}`).then(({ phase }) => phase.name === 'rolling_back' || phase.name === 'rolled_back')
    await waitFor(async () => (await isGoing()) || (await back.getAttribute('aria-disabled')) === 'false')
    if (!(await isGoing())) {
      await back.click()
      const dialog = page.getByRole('dialog', { name: 'Roll back demo' })
      await dialog.getByText(/cannot be undone on/).waitFor()
      await dialog.getByLabel('Reason').fill('it breaks devices')
      await dialog.getByLabel(/to go on/).fill('demo')
      await dialog.getByRole('button', { name: 'Roll back', exact: true }).click()
      await dialog.waitFor({ state: 'detached' }).catch(async (cause) => {
        // The service was faster.
        if (!(await isGoing())) throw cause
        await page.keyboard.press('Escape')
      })
    }
    await page.locator('.page-head .state').filter({ hasText: 'Rolled back' }).waitFor({ timeout: PATIENCE * 2 })
    const timeline = page.getByRole('region', { name: 'Timeline' })
    await timeline.locator('.what').filter({ hasText: 'The rollback began' }).waitFor()
    // Why, from what was seen at that moment.
    await timeline.getByRole('link', { name: /Why was that: The rollback began/ }).click()
    const why = page.getByRole('region', { name: 'Why, then' })
    await why.getByText(/Decided at/).waitFor()
    await page.getByRole('region', { name: 'Failures by code' }).getByRole('table').waitFor()
    assert.deepEqual(complaints, [])
  } finally {
    await demo.stop()
  }
})

test('a release is made, started and completes', async () => {
  const demo = await startDemo({ scenario: 'healthy', devices: 2000, speed: 45_000 })
  try {
    const { page, complaints } = await signedIn(browser, demo.base, demo.token)
    // Time goes on: the next update comes out, within a minute and a quarter by the simulated calendar, and its release takes the place of the first.
    const old = (await demo.api('GET', `/tenants/${demo.tenant}/releases`)).items[0].update_id
    await waitFor(async () => (await demo.api('GET', `/tenants/${demo.tenant}/updates?kind=quality&classification=security&superseded=false`)).items.some((one) => one.id !== old), PATIENCE * 4)
    await page.goto(`${demo.base}${demo.path}/updates?kind=quality`)
    await page.getByRole('link', { name: /Release/ }).and(page.locator('.button')).first().click()
    await page.getByLabel('Name of the release').fill('Second month')
    await page.getByRole('button', { name: 'Show what it will come to' }).click()
    await page.getByRole('region', { name: '2. What it will come to' }).getByText(/are offered Second month/).waitFor()
    await page.getByRole('region', { name: 'Forecast' }).waitFor()
    await page.getByRole('button', { name: 'Start Second month' }).click()
    await page.getByRole('heading', { level: 1, name: 'Second month' }).waitFor()
    // In a ring of a few devices one that fails is enough for its gate to ask for a person, who vouches for it here.
    const second = `/tenants/${demo.tenant}/rollouts/${(await demo.api('GET', `/tenants/${demo.tenant}/rollouts`)).items.at(-1).id}`
    let last
    const isCompleted = async () => {
      last = await demo.api('GET', `${second}/explain`)
      const asks = last.gates.find((gate) => !gate.vouched && gate.conditions.some((one) => one.text.includes('a person decides')))
      if (asks) await demo.api('POST', `${second}/promote`, { ring: asks.ring, reason: 'one of a few devices failed' })
      return last.phase.name === 'completed'
    }
    await waitFor(isCompleted, PATIENCE * 4).catch((cause) => {
      throw new Error(JSON.stringify(last), { cause })
    })
    await page.locator('.page-head .state').filter({ hasText: 'Completed' }).waitFor()
    assert.deepEqual(complaints, [])
  } finally {
    await demo.stop()
  }
})
