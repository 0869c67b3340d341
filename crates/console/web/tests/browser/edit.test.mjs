// Signals, rules and the plan of a running rollout are made and changed in the console; what is sent is what was shown.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, pausedDemo, quiet, signedIn, tokenOf, waitFor } from './harness.mjs'

let demo, browser, ana

before(async () => {
  demo = await pausedDemo()
  browser = await launch()
  ana = await signedIn(browser, demo.base, demo.token)
})
after(async () => {
  await browser?.close()
  await demo?.stop()
})

const all = async (name) => (await demo.api('GET', `/tenants/${demo.tenant}/${name}`)).items

test('a signal is made, changed and deleted', async () => {
  const { page, complaints } = ana
  await page.goto(`${demo.base}${demo.path}/policies`)
  await page.getByRole('button', { name: 'New signal…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('VPN logins')
  await dialog.getByLabel('Owner').fill('net-ops')
  await dialog.getByLabel('Address').fill('https://prometheus.example')
  await dialog.getByRole('radio', { name: /A value between limits/ }).check()
  await dialog.getByLabel('Query', { exact: true }).fill('sum(vpn_login_failures{ring="${ring}"})')
  await dialog.getByLabel('At most').fill('25')
  await dialog.getByLabel('Bearer token').fill('hunter2hunter2')
  // The service looks at it and keeps nothing.
  await dialog.getByRole('button', { name: 'Check' }).click()
  await dialog.getByText('It would be accepted').waitFor()
  assert.deepEqual(await all('signals'), [])
  await dialog.getByLabel(/^Reason/).fill('the VPN broke in May')
  await dialog.getByRole('button', { name: 'Add the signal' }).click()
  await dialog.waitFor({ state: 'detached' })
  const [made] = await all('signals')
  assert.deepEqual([made.name, made.owner, made.has_secret, made.source.measure.most], ['VPN logins', 'net-ops', true, 25])

  await page.getByRole('button', { name: /^Edit… VPN logins/ }).click()
  await dialog.getByLabel('At most').fill('30')
  await dialog.getByRole('button', { name: 'Save the signal' }).click()
  await dialog.waitFor({ state: 'detached' })
  const [changed] = await all('signals')
  assert.deepEqual([changed.id, changed.source.measure.most, changed.has_secret], [made.id, 30, true], 'it keeps its secret')
  quiet(complaints)

  // Another address does not get the secret of the first.
  await page.getByRole('button', { name: /^Edit… VPN logins/ }).click()
  await dialog.getByLabel('Address').fill('https://elsewhere.example')
  await dialog.getByRole('button', { name: 'Check' }).click()
  await dialog.getByRole('alert').getByText(/the source is another one/).first().waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  ana.complaints.length = 0

  await page.getByRole('button', { name: /^Delete… VPN logins/ }).click()
  await dialog.getByLabel('Reason').fill('nobody looks')
  await page.keyboard.press('Enter')
  await dialog.waitFor({ state: 'detached' })
  assert.deepEqual(await all('signals'), [])
  quiet(complaints)
})

test('a rule is previewed, made, changed and deleted', async () => {
  const { page, complaints } = ana
  await page.goto(`${demo.base}${demo.path}/policies`)
  await page.getByRole('button', { name: 'New rule…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Versions')
  await dialog.getByLabel('Kind').selectOption('feature')
  await dialog.getByLabel('Days after its release').fill('60')
  assert.equal(await dialog.getByLabel('Cadence').count(), 0, 'feature updates have none')
  await dialog.getByRole('button', { name: 'Show what it would approve' }).click()
  await dialog.getByText(/approved (now|at once)\./).waitFor()
  assert.deepEqual(await all('rules'), [])
  await dialog.getByRole('button', { name: 'Add the rule' }).click()
  await dialog.waitFor({ state: 'detached' })
  const [made] = await all('rules')
  assert.deepEqual([made.name, made.kind, made.delay_days, made.created_by], ['Versions', 'feature', 60, 'first'])

  await page.getByRole('button', { name: /^Edit… Versions/ }).click()
  await dialog.getByLabel('Name').fill('Windows versions')
  await dialog.getByLabel('When it goes wrong').selectOption('roll_back')
  await dialog.getByRole('button', { name: 'Save the rule' }).click()
  await dialog.waitFor({ state: 'detached' })
  const [changed] = await all('rules')
  assert.deepEqual([changed.id, changed.name, changed.on_gate_failure, changed.delay_days], [made.id, 'Windows versions', 'roll_back', 60])
  quiet(complaints)

  // Two people edit it: the second is told, and nothing of the first is lost.
  await page.getByRole('button', { name: /^Edit… Windows versions/ }).click()
  await dialog.getByLabel('Name').waitFor()
  const { name, ring_set_id, kind } = changed
  await demo.api('PUT', `/tenants/${demo.tenant}/rules/${made.id}`, { name, ring_set_id, kind, delay_days: 30 })
  await dialog.getByLabel('Name').fill('Mine')
  await dialog.getByRole('button', { name: 'Save the rule' }).click()
  await dialog.getByRole('alert').first().waitFor()
  assert.deepEqual((await all('rules')).map((one) => [one.name, one.delay_days]), [['Windows versions', 30]])
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  ana.complaints.length = 0

  await page.getByRole('button', { name: /^Delete… / }).first().click()
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  assert.deepEqual(await all('rules'), [])
  quiet(complaints)
})

test('the plan of a running rollout is changed, after its difference was seen', async () => {
  const { page, complaints } = ana
  const rollout = `/tenants/${demo.tenant}/rollouts/${demo.rollout}`
  const plans = async () => (await demo.api('GET', `${rollout}/plans`)).items
  await page.goto(`${demo.base}${demo.path}/rollouts/${demo.rollout}`)
  await page.getByRole('link', { name: 'Plan, revision 1' }).click()
  const broad = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'Broad', exact: true }) })
  const show = page.getByRole('button', { name: 'Show the difference' })
  await show.waitFor()
  assert.equal(await show.isDisabled(), true, 'nothing is changed yet')
  const before = (await plans())[0].rings[3].gate.bake_hours
  await broad.getByLabel('Watched, hours').fill(String(before + 24))
  await broad.getByLabel('Approvals').fill('1')
  await show.click()
  const difference = page.getByRole('region', { name: 'The difference' })
  const row = difference.getByRole('row').filter({ hasText: 'gate.bake_hours' })
  await row.waitFor()
  assert.deepEqual(await row.getByRole('cell').allTextContents(), ['gate.bake_hours', String(before), String(before + 24)])
  assert.equal((await plans()).length, 1, 'nothing is kept of a look')
  // Another value: what was shown is not what would be sent any more.
  await broad.getByLabel('Watched, hours').fill(String(before + 48))
  await difference.waitFor({ state: 'detached' })
  await show.click()
  const make = page.getByRole('button', { name: 'Make revision 2' })
  await make.waitFor()
  assert.equal(await make.isDisabled(), true, 'not without a reason')
  await difference.getByLabel('Reason').fill('a quiet week')
  await make.click()
  await page.getByRole('link', { name: 'Plan, revision 2' }).waitFor()
  const made = (await plans()).at(-1)
  assert.deepEqual([made.revision, made.reason, made.rings[3].gate.bake_hours, made.rings[3].approvals.needed], [2, 'a quiet week', before + 48, 1])
  quiet(complaints)

  // It is in the history of the plan, with its difference; and who looked at revision 2 does not overwrite revision 3.
  await page.getByRole('link', { name: 'Plan, revision 2' }).click()
  await page.getByRole('table', { name: 'What revision 2 said differently' }).waitFor()
  await broad.getByLabel('Deadline, days').fill('7')
  await show.click()
  await difference.getByLabel('Reason').fill('mine')
  await demo.api('PATCH', `${rollout}/plan`, { revision: 2, reason: 'theirs', rings: { Last: { deadline_days: 6 } } })
  await waitFor(async () => {
    // The page learns of it by itself, or the service says so.
    const made = page.getByRole('button', { name: 'Make revision 3' })
    if (await made.isVisible()) await made.click().catch(() => undefined)
    return (await page.getByRole('table', { name: 'What revision 3 said differently' }).isVisible()) || (await page.locator('main').getByRole('alert').count()) > 0
  })
  assert.deepEqual((await plans()).map((one) => one.reason ?? null), [null, 'a quiet week', 'theirs'])
  ana.complaints.length = 0
})

test('who may not change policies or plans is told what it takes', async () => {
  const { context, page, complaints } = await signedIn(browser, demo.base, await tokenOf(demo, 'vera', 'viewer'))
  await page.goto(`${demo.base}${demo.path}/policies`)
  const open = page.getByRole('button', { name: 'New signal…' })
  await open.waitFor()
  assert.match((await open.getAttribute('title')) ?? '', /needs the role policy administrator/)
  await open.click({ force: true })
  assert.equal(await page.getByRole('dialog').count(), 0)
  quiet(complaints)
  await context.close()
})
