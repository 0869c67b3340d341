// Service health, reports and alerts: numbers lead to the rows they count, files hold all of them, and alerts are seen to.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
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

const rows = (page) => page.locator('main table tbody tr')

test('a number of the health page leads to the devices it counts', async () => {
  const { page, complaints } = ana
  const [set] = (await demo.api('GET', `/tenants/${demo.tenant}/health`)).ring_sets
  // Devices move from one status to another meanwhile, as days pass in seconds: once, both are of one moment.
  await waitFor(async () => {
    await page.goto(`${demo.base}${demo.path}/health`)
    await page.getByRole('heading', { level: 1, name: 'Service health' }).waitFor()
    const ring = page.getByRole('table', { name: `Rings of ${set.name}` }).getByRole('row').filter({ has: page.getByRole('rowheader', { name: /^Test/ }) })
    // Columns: bar, devices, then the statuses.
    const link = ring.locator('td:nth-child(n+4) a').first()
    await link.waitFor()
    const said = Number((await link.textContent()).replaceAll(',', ''))
    await link.click()
    await page.getByRole('heading', { level: 1, name: 'Quality status' }).waitFor()
    await page.getByRole('heading', { level: 2, name: 'Rows' }).waitFor()
    assert.match(new URL(page.url()).searchParams.get('filter') ?? '', /^ring_set=.+ and ring=Test and status=\w+$/)
    await rows(page).first().waitFor()
    return said > 0 && (await rows(page).count()) === said
  })
  quiet(complaints)
})

test('the health page says which objectives are met, who is not measured, and how fresh it is', async () => {
  const { page, complaints } = ana
  await page.goto(`${demo.base}${demo.path}/health`)
  for (const name of ['Quality updates', 'Windows version', 'Microsoft 365 Apps']) {
    await page.getByRole('region', { name }).getByText(/Met|Missed|Nobody to measure/).waitFor()
  }
  const health = await demo.api('GET', `/tenants/${demo.tenant}/health`)
  assert.ok(health.sources.length > 0)
  const sources = page.getByRole('table', { name: 'Sources' }).locator('tbody tr')
  await sources.first().waitFor()
  assert.equal(await sources.count(), health.sources.length)
  await page.getByText(/Not measured: /).waitFor()
  quiet(complaints)
})

test('a report is filtered, shown by other columns and written to files; the address holds it', async () => {
  const { page, complaints } = ana
  await page.goto(`${demo.base}${demo.path}/reports`)
  const reports = page.getByRole('table', { name: 'All reports' }).locator('tbody tr')
  await reports.first().waitFor()
  assert.equal(await reports.count(), (await demo.api('GET', `/tenants/${demo.tenant}/reports`)).items.length)
  await page.getByRole('link', { name: 'Quality status', exact: true }).click()
  await rows(page).first().waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type('ring=Test')
  await page.keyboard.press('Enter')
  await waitFor(async () => new URL(page.url()).searchParams.get('filter') === 'ring=Test')
  await page.getByText(/^Columns \(/).click()
  await page.getByRole('checkbox', { name: /^serial / }).check()
  await page.getByRole('columnheader', { name: 'Serial' }).waitFor()
  await page.reload()
  await page.getByRole('columnheader', { name: 'Serial' }).waitFor()
  // Who is in the ring does not change: nothing is placed anew.
  const shown = await rows(page).count()
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: /^CSV/ }).click()])
  const lines = readFileSync(await file.path(), 'utf8').trim().split('\n')
  assert.equal(lines.length - 1, shown, 'the file has the rows of the filter, under one line of names')
  assert.match(lines[0], /^device_id,name,serial,/)
  for (const format of ['JSON', 'XLSX']) {
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: new RegExp(`^${format}`) }).click()])
    const bytes = readFileSync(await file.path())
    if (format === 'JSON') assert.equal(JSON.parse(bytes.toString('utf8')).items.length, shown)
    else assert.equal(bytes.subarray(0, 2).toString(), 'PK', 'a workbook is a zip file')
  }
  quiet(complaints)
  await page.getByLabel('Conditions on columns').fill('no such thing')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText(/is no condition/).first().waitFor()
  ana.complaints.length = 0
})

test('a report is sorted by a column, and paged by the service', async () => {
  const { page, complaints } = ana
  await page.goto(`${demo.base}${demo.path}/reports/compliance`)
  await page.getByRole('button', { name: /^Percent/ }).click()
  await waitFor(async () => new URL(page.url()).searchParams.get('order') === 'percent')
  await page.getByRole('button', { name: /^Percent ?, sorted, rising/ }).click()
  await waitFor(async () => new URL(page.url()).searchParams.get('order') === 'percent desc')
  const column = await page.getByRole('columnheader').allTextContents().then((all) => all.findIndex((text) => text.startsWith('Percent')))
  await waitFor(async () => {
    const shares = (await page.locator(`main tbody tr > :nth-child(${column + 1})`).allTextContents()).map((text) => Number.parseFloat(text)).filter((share) => !Number.isNaN(share))
    return shares.length > 2 && shares.every((share, at) => at === 0 || share <= shares[at - 1])
  })
  await page.goto(`${demo.base}${demo.path}/reports/quality-status`)
  const first = () => rows(page).first().innerText()
  await rows(page).first().waitFor()
  const name = await rows(page).first().getByRole('link').first().innerText()
  await page.getByRole('button', { name: 'Next' }).click()
  await waitFor(async () => !(await first()).includes(name))
  await page.getByRole('button', { name: 'Before' }).click()
  await waitFor(async () => (await first()).includes(name))
  quiet(complaints)
})

test('the fleet is drawn day by day, in words and as a table too', async () => {
  const { page, complaints } = ana
  await waitFor(async () => (await demo.api('GET', `/tenants/${demo.tenant}/reports/trending?page_size=1`)).items.length > 0)
  await page.goto(`${demo.base}${demo.path}/reports`)
  await page.getByRole('img', { name: /^The fleet, \d{4}-\d\d-\d\d: / }).waitFor()
  const set = (await demo.api('GET', `/tenants/${demo.tenant}/ring-sets`)).items[0]
  await page.getByLabel('Ring set of the chart').selectOption(set.name)
  await page.getByLabel('Ring of the chart').selectOption('Fast')
  await page.getByRole('img', { name: /^Fast, \d{4}-\d\d-\d\d: / }).waitFor()
  await page.reload()
  await page.getByRole('img', { name: /^Fast, \d{4}-\d\d-\d\d: / }).waitFor()
  await page.getByText('As a table').click()
  assert.match(await page.getByRole('table', { name: 'Fast, day by day' }).innerText(), /\d{4}-\d\d-\d\d/)
  quiet(complaints)
})

test('an alert is found where it needs somebody, is muted, escalated and acknowledged', async () => {
  const { page, complaints } = ana
  // More than a third of the simulated devices run a Windows version that is out of service, so this one is always there.
  const find = async () => (await demo.api('GET', `/tenants/${demo.tenant}/alerts?kind=objective_missed`)).items.find((one) => one.subject === 'feature')
  const { id } = await waitFor(find)
  const read = () => demo.api('GET', `/tenants/${demo.tenant}/alerts/${id}`)
  await page.goto(demo.base)
  await page.getByRole('region', { name: 'Needs you' }).getByRole('link', { name: /on a Windows version in service/ }).click()
  await page.getByRole('heading', { level: 1, name: 'Objective missed' }).waitFor()
  await page.getByText('What to do').waitFor()

  await page.getByRole('button', { name: /^Escalate/ }).click()
  const dialog = page.getByRole('dialog')
  assert.equal(await dialog.getByRole('button', { name: 'Escalate' }).isDisabled(), true, 'not without a reason')
  await dialog.getByLabel('Reason').fill('the auditors come')
  await page.keyboard.press('Enter')
  await page.locator('.page-head .state').filter({ hasText: 'Critical' }).waitFor()
  assert.equal((await read()).severity, 'critical')

  await page.getByRole('button', { name: /^Mute/ }).click()
  await dialog.getByRole('radio', { name: /For 7 days/ }).check()
  await dialog.getByRole('button', { name: 'Mute', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  assert.ok((await read()).muted_until)

  await page.getByRole('button', { name: /^Acknowledge/ }).click()
  await dialog.getByLabel(/Reason/).fill('ticket 4711')
  await page.keyboard.press('Enter')
  await page.getByText('ticket 4711').waitFor()
  const alert = await read()
  assert.deepEqual([alert.acknowledged_by, alert.note, alert.escalated_by], ['first', 'ticket 4711', 'first'])
  // Somebody sees to it: it needs nobody else.
  await page.goto(demo.base)
  await page.getByRole('region', { name: 'Needs you' }).waitFor()
  await waitFor(async () => (await page.getByRole('region', { name: 'Needs you' }).getByRole('link', { name: /on a Windows version in service/ }).count()) === 0)
  await page.goto(`${demo.base}${demo.path}/alerts?kind=objective_missed&severity=critical`)
  await rows(page).filter({ hasText: 'Windows version in service' }).waitFor()
  quiet(complaints)
})

test('who may only look is told what an alert takes', async () => {
  const { context, page, complaints } = await signedIn(browser, demo.base, await tokenOf(demo, 'vera', 'viewer'))
  await waitFor(async () => (await demo.api('GET', `/tenants/${demo.tenant}/alerts`)).items.length > 0)
  await page.goto(`${demo.base}${demo.path}/alerts`)
  const escalate = page.getByRole('button', { name: /^Escalate/ }).first()
  await escalate.waitFor()
  assert.equal(await escalate.getAttribute('aria-disabled'), 'true')
  assert.match((await escalate.getAttribute('title')) ?? '', /needs the role operator/)
  quiet(complaints)
  await context.close()
})
