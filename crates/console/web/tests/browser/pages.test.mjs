// The five timed tasks, sign-in, roles, tabs and a lost connection; over a rollout that a person has paused, and of which
// a person holds one model. Nothing here depends on which devices fail.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PATIENCE, door, launch, pausedDemo, quiet, signedIn, task, tokenOf, waitFor } from './harness.mjs'

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

test('a wrong token is refused in words, a link signs in once', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${demo.base}${demo.path}/devices`)
  await page.getByLabel('API token').fill('con_wrong')
  await page.getByRole('button', { name: 'Sign in with a token' }).click()
  await page.getByRole('alert').getByText('unknown, expired or revoked').waitFor()
  await page.goto(demo.link)
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('API token').waitFor()
  await context.close()
})

test('task: why is it not advancing?', async () => {
  const { page, complaints } = ana
  await page.goto(demo.base)
  const why = await task(page, 'why is it not advancing', { actions: 2, seconds: 15 })
  await why.act(page.getByRole('listitem').getByRole('link', { name: 'demo', exact: true }).first().click())
  const panel = page.getByRole('region', { name: 'Why is it not further?' })
  // What the service says at that moment, which may say something else at the next.
  const says = async () => (await demo.api('GET', `/tenants/${demo.tenant}/rollouts/${demo.rollout}/explain`)).summary
  await waitFor(async () => (await panel.locator('.summary').allTextContents()).includes(await says()))
  await panel.getByText('Enough devices judged').first().waitFor()
  await page.getByRole('region', { name: 'Pause' }).getByText('until the morning').waitFor()
  await why.done()
  quiet(complaints)
})

test('task: which model fails?', async () => {
  const { page } = ana
  await page.goto(demo.base)
  const [segment] = (await demo.api('GET', `/tenants/${demo.tenant}/rollouts/${demo.rollout}/segments`)).items.filter((one) => one.held)
  const which = await task(page, 'which model fails', { actions: 2, seconds: 30 })
  await which.act(page.getByRole('listitem').getByRole('link', { name: 'demo', exact: true }).first().click())
  const panel = page.getByRole('region', { name: 'Which model, build or category fails?' })
  await panel.getByRole('strong').filter({ hasText: segment.name }).waitFor()
  await panel.getByText('Held').first().waitFor()
  await which.done()
})

test('task: what happened to device X?', async () => {
  const { page } = ana
  const [device] = (await demo.api('GET', `/tenants/${demo.tenant}/devices?rollout_id=${demo.rollout}&state=confirmed&page_size=1`)).items
  await page.goto(demo.base)
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
  const what = await task(page, 'what happened to device X', { actions: 3, seconds: 20 })
  await what.act(page.keyboard.press('Control+k'))
  await what.act(page.getByRole('combobox', { name: /Search pages/ }).fill(device.name))
  await page.getByRole('option', { name: new RegExp(device.name) }).waitFor()
  await what.act(page.keyboard.press('Enter'))
  await page.getByRole('heading', { level: 1, name: device.name }).waitFor()
  const attempts = page.getByRole('region', { name: 'What happened to it' })
  await attempts.getByText('Confirmed good').waitFor()
  await what.done()
})

test('a viewer sees, and is told what acting takes', async () => {
  const viewer = await signedIn(browser, demo.base, await tokenOf(demo, 'vera', 'viewer'))
  const { page, complaints } = viewer
  await page.goto(`${demo.base}${demo.path}/rollouts/${demo.rollout}`)
  const pause = page.getByRole('group', { name: 'Actions' }).getByRole('button', { name: 'Resume…' })
  await pause.waitFor()
  assert.equal(await pause.getAttribute('aria-disabled'), 'true')
  assert.match((await pause.getAttribute('title')) ?? '', /needs the role operator/)
  await pause.click({ force: true })
  assert.equal(await page.getByRole('dialog').count(), 0)
  await page.goto(`${demo.base}${demo.path}/audit`)
  await page.getByText('This needs the role auditor').waitFor()
  quiet(complaints)
  await viewer.context.close()
})

test('that a tenant was not checked yet is no error', async () => {
  const { context, page, complaints } = await signedIn(browser, demo.base, demo.token)
  await page.route(/\/readiness\/history\?/, (route) => route.fulfill({ status: 200, contentType: 'application/json', body: '{"items":[]}' }))
  await page.goto(`${demo.base}${demo.path}/readiness`)
  await page.getByText('The checks were not run yet').waitFor()
  await page.goto(`${demo.base}${demo.path}`)
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  quiet(complaints)
  await context.close()
})

test('task: pause everything now, and two tabs agree', async () => {
  const { context, page, complaints } = ana
  const other = await context.newPage()
  await other.goto(`${demo.base}${demo.path}/rollouts/${demo.rollout}`)
  await other.getByRole('region', { name: 'Why is it not further?' }).locator('.summary').waitFor()
  await page.bringToFront()
  await page.goto(demo.base)
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  const pausing = await task(page, 'pause everything now', { actions: 2, seconds: 10 })
  await pausing.act(page.keyboard.press('p'))
  const dialog = page.getByRole('dialog', { name: 'Pause' })
  await dialog.getByLabel(/Reason/).fill('night shift saw smoke')
  await pausing.act(page.keyboard.press('Enter'))
  await page.getByText(/Everything is paused by/).waitFor()
  await pausing.done()
  await other.bringToFront()
  const banner = other.getByRole('region', { name: 'Pause' }).filter({ hasText: 'night shift saw smoke' })
  await banner.waitFor()
  await banner.getByText(/Decided/).waitFor()
  await banner.getByText(/Graph accepted/).waitFor()
  await other.close()
  await page.bringToFront()
  await page.getByRole('button', { name: 'Resume…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click()
  await page.getByText('The pause of demo is lifted.').waitFor()
  await page.getByText(/Everything is paused by/).waitFor({ state: 'detached' })
  quiet(complaints)
})

test('by keyboard alone: every page, and pause from every page', async () => {
  const { page, complaints } = ana
  await page.goto(`${demo.base}${demo.path}`)
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  const pages = [
    ['r', 'Rollouts'], ['d', 'Devices'], ['a', 'Approvals'], ['l', 'Alerts'], ['h', 'Service health'], ['i', 'Reports'], ['u', 'Updates'], ['e', 'Releases'], ['s', 'Ring sets'],
    ['c', 'Calendar'], ['p', 'Policies and signals'], ['y', 'Readiness and enrollment'], ['t', 'Audit'], ['x', 'Access'], ['n', 'Connection'], ['o', 'Overview'],
  ]
  const dialog = page.getByRole('dialog', { name: 'Pause' })
  for (const [key, name] of pages) {
    await page.keyboard.press('g')
    await page.keyboard.press(key)
    await page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
    await page.keyboard.press('p')
    // The reason has the focus, so that it can be typed at once.
    await dialog.getByLabel(/Reason/).and(page.locator(':focus')).waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  }
  // Down the rows and into one.
  await page.keyboard.press('g')
  await page.keyboard.press('d')
  await page.getByRole('table', { name: 'Devices' }).getByRole('rowheader').nth(1).waitFor()
  const second = await page.getByRole('table', { name: 'Devices' }).getByRole('rowheader').nth(1).innerText()
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: second }).waitFor()
  quiet(complaints)
})

test('where no tenant is on screen, pausing asks for it', async () => {
  const { context, page } = await signedIn(browser, demo.base, demo.token)
  const { items } = await demo.api('GET', '/tenants')
  const other = { ...items[0], id: '00000000-0000-7000-8000-000000000001', name: 'another' }
  await page.route(/\/api\/v1\/tenants(\?|$)/, (route) => route.fulfill({ status: 200, contentType: 'application/json', body: JSON.stringify({ items: [...items, other] }) }))
  await page.goto(demo.base)
  await page.getByRole('heading', { level: 1, name: 'All tenants' }).waitFor()
  await page.keyboard.press('p')
  await page.getByRole('dialog', { name: 'Pause: which tenant?' }).getByRole('button', { name: `${items[0].name}…` }).click()
  const dialog = page.getByRole('dialog', { name: 'Pause' })
  await dialog.getByText(`Everything of ${items[0].name}`).waitFor()
  await dialog.getByLabel(/Reason/).fill('from outside')
  await page.keyboard.press('Enter')
  const pauses = async () => (await demo.api('GET', `/tenants/${demo.tenant}/pauses`)).items.filter((one) => one.reason === 'from outside')
  assert.equal((await waitFor(async () => ((await pauses()).length > 0 ? await pauses() : undefined))).length, 1)
  await demo.api('POST', `/tenants/${demo.tenant}/resume`, {})
  await context.close()
})

test('a rollback says what it will do, and asks for its name', async () => {
  const { page } = ana
  await page.goto(`${demo.base}${demo.path}/rollouts/${demo.rollout}`)
  await page.getByRole('button', { name: 'Roll back…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Roll back demo' })
  await dialog.getByText(/cannot be undone on/).waitFor()
  const button = dialog.getByRole('button', { name: 'Roll back', exact: true })
  await dialog.getByLabel('Reason').fill('a try')
  assert.equal(await button.isDisabled(), true)
  await dialog.getByLabel(/to go on/).fill('demo')
  assert.equal(await button.isDisabled(), false)
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
})

test('the list of devices is paged and filtered by the server, and the address holds it', async () => {
  const { page } = ana
  await page.goto(`${demo.base}${demo.path}/devices`)
  const first = await page.getByRole('table', { name: 'Devices' }).getByRole('rowheader').first().textContent()
  await page.getByRole('button', { name: 'Next' }).click()
  await waitFor(async () => (await page.getByRole('table', { name: 'Devices' }).getByRole('rowheader').first().textContent()) !== first)
  await page.getByRole('button', { name: 'Before' }).click()
  await waitFor(async () => (await page.getByRole('table', { name: 'Devices' }).getByRole('rowheader').first().textContent()) === first)
  await page.keyboard.press('/')
  await page.keyboard.type('model == "Contoso Latitude 7440"')
  await page.keyboard.press('Enter')
  await waitFor(async () => new URL(page.url()).searchParams.has('filter'))
  await page.reload()
  const models = page.getByRole('table', { name: 'Devices' }).locator('tbody td:nth-child(2)')
  await models.first().waitFor()
  assert.deepEqual([...new Set(await models.allTextContents())], ['Contoso Latitude 7440'])
  await page.getByLabel('Name, or condition').fill('model ==')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').first().waitFor()
  ana.complaints.length = 0
})

test('a lost connection is said, and mends itself', async () => {
  const cable = await door(demo.base)
  const away = await signedIn(browser, cable.base, demo.token)
  const { page } = away
  await page.goto(`${cable.base}${demo.path}/rollouts/${demo.rollout}`)
  await page.getByRole('region', { name: 'Why is it not further?' }).locator('.summary').waitFor()
  cable.shut()
  await page.getByText('Not connected.').waitFor()
  // What was read stays on screen.
  await page.getByRole('heading', { level: 1, name: 'demo' }).waitFor()
  cable.open()
  await page.getByText('Not connected.').waitFor({ state: 'detached' })
  // And it is live again: what happens now shows without a reload.
  const ring = `/tenants/${demo.tenant}/rollouts/${demo.rollout}/rings/0`
  const pause = page.getByRole('region', { name: 'Pause' }).filter({ hasText: 'after the cable' })
  await demo.api('POST', `${ring}/pause`, { reason: 'after the cable' })
  await pause.waitFor()
  await demo.api('POST', `${ring}/resume`, {})
  await pause.waitFor({ state: 'detached' })
  await away.context.close()
  cable.end()
})

test('task: approve with evidence', async () => {
  // A ring set that asks one other person before its second ring opens, and a release over it. The paused one ends first, so
  // that neither takes the place of the other.
  const tenant = `/tenants/${demo.tenant}`
  await demo.api('POST', `${tenant}/rollouts/${demo.rollout}/cancel`, { reason: 'makes room' })
  await waitFor(async () => (await demo.api('GET', `${tenant}/rollouts/${demo.rollout}`)).phase.name === 'cancelled')
  const [set] = (await demo.api('GET', `${tenant}/ring-sets`)).items
  const rings = set.rings.map((ring, at) => (at === 0 ? { ...ring, approvals: { needed: 1, approvers: [] } } : ring))
  await demo.api('PUT', `${tenant}/ring-sets/${set.id}`, { name: set.name, rings, rules: set.rules })
  const updates = (await demo.api('GET', `${tenant}/updates?kind=quality&superseded=false`)).items
  const plan = await demo.api('POST', `${tenant}/plans`, { update_id: updates[0].id, release_name: 'next month', ring_set_id: set.id })
  const rollout = await demo.api('POST', `${tenant}/plans/${plan.id}/start`, { hash: plan.hash, accept_changes: true })
  // Everybody in the first ring has an outcome, so the evidence that is signed does not move any more; and only the
  // signature is missing.
  await waitFor(async () => {
    const { rings } = await demo.api('GET', `${tenant}/rollouts/${rollout.id}`)
    const { gates } = await demo.api('GET', `${tenant}/rollouts/${rollout.id}/explain`)
    const asks = gates.find((gate) => gate.ring === 0)?.conditions.some((one) => one.name === 'approvals' && one.verdict === 'wait')
    return asks && rings[0].in_flight === 0 && (rings[0].states.assigned ?? 0) === 0
  }, PATIENCE * 2)
  const bert = await signedIn(browser, demo.base, await tokenOf(demo, 'bert', 'approver'))
  const { page, complaints } = bert
  await page.getByText(/needs 1 more approval/).waitFor()
  const approving = await task(page, 'approve with evidence', { actions: 3, seconds: 45 })
  await approving.act(page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Approvals' }).click())
  await page.getByText('Evidence signed').waitFor()
  // It is there before it is its turn, and says so; a click would do nothing.
  const approve = page.locator('button[aria-disabled="false"]', { hasText: 'Approve…' })
  const dialog = page.getByRole('dialog', { name: /^Approve / })
  await approve.waitFor()
  await approving.act(approve.click())
  await dialog.getByLabel('Reason').fill('looked at the numbers')
  await dialog.locator('button[type=submit]:enabled').waitFor()
  await approving.act(page.keyboard.press('Enter'))
  // The answer: the dialog goes, or says why not.
  const refused = dialog.getByRole('alert')
  const gone = dialog.waitFor({ state: 'detached' }).then(() => 'given')
  const answer = await Promise.race([gone, refused.waitFor().then(() => 'refused', () => gone)])
  assert.equal(answer, 'given', answer === 'refused' ? await refused.innerText() : '')
  await approving.done()
  const given = (await demo.api('GET', `${tenant}/rollouts/${rollout.id}/approvals`)).items
  assert.deepEqual(given.map((one) => [one.by, one.comment]), [['bert', 'looked at the numbers']])
  quiet(complaints)
  await bert.context.close()
})
