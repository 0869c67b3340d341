import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { FormEvent } from 'react'
import { address, type Schemas } from '../api/client'
import { reportDescriptions, reportPage } from '../api/queries'
import { cli, curl } from '../lib/commands'
import { cellText, isEmpty, isNumeric, nextOrder, shownColumns, type Cell } from '../lib/reports'
import { words } from '../lib/format'
import { statusLook } from '../lib/fleetstates'
import { CopyButton, Empty, Loaded, Panel, State, Table } from '../ui/basics'
import { Opens } from '../ui/opens'
import { Page } from '../ui/page'
import { Pager, usePages } from '../ui/pager'
import type { ReportAddress } from '../router'
import { Sentence } from './report/sentence'
import { reportTitle } from './report/title'
import { SaveView } from './report/viewform'
import { Trends } from './reports'

type Row = Record<string, Cell>

/** One report: its table, page by page from the server. The address holds filter, order and columns. */
export function ReportPage() {
  const { tenant, report: name } = useParams({ from: '/t/$tenant/reports/$report' })
  const all = useQuery(reportDescriptions(tenant))
  const report = all.data?.find((one) => one.name === name)
  return (
    <Page title={reportTitle(name)} lead={report?.title} aside={<Link to="/t/$tenant/reports" params={{ tenant }} className="button">All reports</Link>}>
      <Loaded query={all}>{() => (report ? <Whole tenant={tenant} report={report} /> : <Empty title="There is no such report" cli="concentric report list" />)}</Loaded>
    </Page>
  )
}

function Whole({ tenant, report }: { tenant: string; report: Schemas['ReportDescription'] }) {
  const search = useSearch({ from: '/t/$tenant/reports/$report' })
  const navigate = useNavigate()
  const pages = usePages(search.after)
  const query = useQuery(reportPage(tenant, report.name, { filter: search.filter, order_by: search.order, page_token: search.after }))
  const names = report.columns.map((column) => column.name)
  const columns = shownColumns(report.name, names, search.columns)
  const go = (change: ReportAddress): void => {
    if (!('after' in change)) pages.reset()
    void navigate({ to: '/t/$tenant/reports/$report', params: { tenant, report: report.name }, search: { ...search, after: undefined, ...change } })
  }
  const find = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    go({ filter: String(new FormData(event.currentTarget).get('filter') ?? '').trim() || undefined })
  }
  const flags = [...(search.filter ? ['--filter', search.filter] : []), ...(search.order ? ['--order-by', search.order] : [])]
  return (
    <div className="page">
      <Panel
        title="Filter"
        aside={
          <span className="row">
            <Opens label="Save as a view…" ability="operate" tone="small">
              {(close) => (
                <SaveView
                  tenant={tenant}
                  start={{ name: '', report: report.name, filter: search.filter ?? '', order_by: search.order ?? '', columns: columns.join(','), is_shared: false, reason: '' }}
                  onClose={close}
                />
              )}
            </Opens>
            <CopyButton text={cli('report', 'run', report.name, ...flags, '--columns', columns.join(','))} label="Copy as CLI">
              Copy as CLI
            </CopyButton>
            <CopyButton text={curl('GET', address('/api/v1/tenants/{tenant}/reports/{report}', { tenant, report: report.name }, { filter: search.filter, order_by: search.order }))} label="Copy as curl">
              Copy as curl
            </CopyButton>
          </span>
        }
      >
        <form className="filters" role="search" onSubmit={find}>
          <div className="field grow">
            <label htmlFor="filter">Conditions on columns</label>
            <input id="filter" name="filter" key={search.filter ?? ''} data-filter defaultValue={search.filter ?? ''} placeholder={PLACEHOLDER[report.name] ?? 'ring=Broad'} autoComplete="off" spellCheck={false} aria-describedby="filter-hint" />
          </div>
          <button type="submit" className="primary">
            Find
          </button>
          {search.filter ? (
            <button type="button" onClick={() => go({ filter: undefined })}>
              Everything
            </button>
          ) : null}
        </form>
        <p className="faint small-text" id="filter-hint">
          <code>=</code> <code>!=</code> <code>&lt;</code> <code>&gt;</code> and <code>~</code> (contains), joined by <code>and</code>.
        </p>
        <Columns report={report} shown={columns} onChange={(next) => go({ columns: next, after: search.after })} />
      </Panel>
      <Panel title="Rows" aside={<ExportLinks tenant={tenant} report={report.name} filter={search.filter} order={search.order} />}>
        <Sentence tenant={tenant} report={report.name} />
        <Loaded query={query} rows={10}>
          {(page) => {
            const rows = page.items as Row[]
            return (
              <>
                {rows.length > 0 ? (
                  <Table caption={reportTitle(report.name)} numbers={(at) => isNumeric(rows, columns[at] ?? '')} head={columns.map((column) => <Head key={column} column={column} order={search.order} sortable={!report.of_devices} onOrder={(order) => go({ order })} />)}>
                    {rows.map((row, at) => (
                      <tr key={at} data-row>
                        {columns.map((column) => (
                          <td key={column} className={isNumeric(rows, column) ? 'n' : WIDE.has(column) ? 'wide-cell' : WHOLE.has(column) ? 'nowrap' : undefined}>
                            <Value tenant={tenant} column={column} row={row} />
                          </td>
                        ))}
                      </tr>
                    ))}
                  </Table>
                ) : page.next_page_token ? (
                  <Empty title="None among the 10,000 devices looked at">
                    <p>There are more devices: go on to the next page, or export the rows, which looks at all of them.</p>
                  </Empty>
                ) : (
                  <Empty title={search.filter ? 'No row meets the conditions' : 'No row yet'}>{search.filter ? null : <p>{EMPTY[report.name] ?? 'It fills once devices are read.'}</p>}</Empty>
                )}
                <Pager pages={pages} after={search.after} next={page.next_page_token} go={(after) => go({ after })} />
              </>
            )
          }}
        </Loaded>
      </Panel>
      {report.name === 'trending' ? <Trends tenant={tenant} /> : null}
    </div>
  )
}

const PLACEHOLDER: Record<string, string> = {
  'quality-status': 'status=not_up_to_date and ring!=Broad',
  'feature-status': 'in_service=false',
  'ineligible-devices': 'owner=administrator and age_days>7',
  trending: 'ring= and day>2026-11-01',
  'release-history': 'phase=completed and failed>0',
  compliance: 'holds=false',
  exposure: 'exploited>0 and exposed>0',
  holds: 'age_days>30',
}

const EMPTY: Record<string, string> = {
  trending: 'The fleet is counted at midnight (UTC).',
  'release-history': 'No release has gone out yet.',
  holds: 'Nobody holds, excludes, freezes or pauses anything.',
  'ineligible-devices': 'Every device is served.',
  exposure: 'Every registered device has the updates that close known vulnerabilities.',
}

function Head({ column, order, sortable, onOrder }: { column: string; order: string | undefined; sortable: boolean; onOrder: (order: string | undefined) => void }) {
  const name = words(column)
  if (!sortable) return name
  const [of, direction] = (order ?? '').split(' ')
  const sorted = of === column ? (direction === 'desc' ? 'falling' : 'rising') : undefined
  return (
    <button type="button" className="sort" onClick={() => onOrder(nextOrder(order, column))}>
      {name}
      <span aria-hidden="true">{sorted === 'falling' ? ' ↓' : sorted === 'rising' ? ' ↑' : ''}</span>
      <span className="sr">{sorted ? `, sorted, ${sorted}` : ', sort by it'}</span>
    </button>
  )
}

/** A cell, and the way to what it names. */
function Value({ tenant, column, row }: { tenant: string; column: string; row: Row }) {
  const cell = row[column]
  if (isEmpty(cell)) return <span className="faint">{EVERY.has(column) && !('device_id' in row) ? 'all' : '–'}</span>
  const text = cellText(column, cell)
  if (column === 'status') return <State look={statusLook(String(cell))} quiet />
  if (column === 'holds' && typeof cell === 'boolean') return <State look={cell ? { word: 'Met', icon: 'check', tone: 'good' } : { word: 'Missed', icon: 'cross', tone: 'bad' }} quiet />
  const device = row['device_id']
  if (column === 'name' && typeof device === 'string') {
    return (
      <Link to="/t/$tenant/devices/$device" params={{ tenant, device }}>
        {text}
      </Link>
    )
  }
  const rollout = row['rollout_id']
  if ((column === 'release' || column === 'rollout_id') && typeof rollout === 'string') {
    return (
      <Link to="/t/$tenant/rollouts/$rollout" params={{ tenant, rollout }}>
        {column === 'release' ? text : rollout.slice(-12)}
      </Link>
    )
  }
  if (MACHINE.has(column)) return <code>{text}</code>
  return <>{text}</>
}

/** Columns of sentences, and columns that are read at a glance. */
const WIDE = new Set(['why', 'fix', 'evidence', 'excluded_why', 'reason', 'subject', 'all_reasons'])
const WHOLE = new Set(['name', 'last_check_in', 'since', 'created_at', 'changed_at', 'released_at', 'expires_at', 'client_state_at', 'day', 'build', 'serviced_to', 'status'])

/** Empty means all of them, in reports that are not of devices. */
const EVERY = new Set(['ring_set', 'ring'])
const MACHINE = new Set(['device_id', 'entra_device_id', 'id', 'error_code', 'superseded_by'])

function Columns({ report, shown, onChange }: { report: Schemas['ReportDescription']; shown: readonly string[]; onChange: (columns: string | undefined) => void }) {
  const names = report.columns.map((column) => column.name)
  const toggle = (name: string, on: boolean): void => {
    const next = names.filter((one) => (one === name ? on : shown.includes(one)))
    onChange(next.length === 0 ? undefined : next.join(','))
  }
  return (
    <details>
      <summary>
        Columns ({shown.length} of {names.length})
      </summary>
      <fieldset className="choices in-columns">
        <legend className="sr">Columns of the table</legend>
        {report.columns.map((column) => (
          <label key={column.name}>
            <input type="checkbox" checked={shown.includes(column.name)} onChange={(event) => toggle(column.name, event.target.checked)} />
            <span>
              <code>{column.name}</code> <span className="faint small-text">{column.meaning}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <div className="buttons">
        <button type="button" className="small" onClick={() => onChange(names.join(','))}>
          All columns
        </button>
        <button type="button" className="small" onClick={() => onChange(undefined)}>
          The usual ones
        </button>
      </div>
    </details>
  )
}

/** Whole reports as files: the browser streams them to disk. */
export function ExportLinks({ tenant, report, filter, order }: { tenant: string; report: string; filter?: string | undefined; order?: string | undefined }) {
  return (
    <span className="row">
      {(['csv', 'json', 'xlsx'] as const).map((format) => (
        <a key={format} className="button small" href={address('/api/v1/tenants/{tenant}/reports/{report}/export', { tenant, report }, { format, filter, order_by: order })} download>
          {format.toUpperCase()}
          <span className="sr"> of {reportTitle(report)}</span>
        </a>
      ))}
    </span>
  )
}
