import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { get, type Schemas } from '../api/client'
import { list, reportDescriptions, tenantHealth } from '../api/queries'
import { Trend, type Day } from '../charts/trend'
import { cli } from '../lib/commands'
import { CopyButton, Loaded, Panel, Table } from '../ui/basics'
import { Page } from '../ui/page'
import { ExportLinks } from './report'
import { Schedules } from './report/schedules'
import { reportTitle } from './report/title'
import { Views } from './report/views'

/** Lists of devices, days, releases and decisions; and how the fleet stood day by day. */
export function Reports() {
  const { tenant } = useParams({ from: '/t/$tenant/reports' })
  const query = useQuery(reportDescriptions(tenant))
  return (
    <Page title="Reports" lead="Every number is of now, and every device that is not up to date says why.">
      <Panel title="All reports">
        <Loaded query={query}>
          {(reports) => (
            <Table caption="All reports" head={['Report', 'Holds', '#Columns', 'Export everything']}>
              {reports.map((report) => (
                <tr key={report.name} data-row>
                  <th scope="row">
                    <Link to="/t/$tenant/reports/$report" params={{ tenant, report: report.name }}>
                      {reportTitle(report.name)}
                    </Link>
                  </th>
                  <td>{report.title}</td>
                  <td className="n">{report.columns.length}</td>
                  <td>
                    <ExportLinks tenant={tenant} report={report.name} />
                  </td>
                </tr>
              ))}
            </Table>
          )}
        </Loaded>
      </Panel>
      <Views tenant={tenant} />
      <Schedules tenant={tenant} />
      <Trends tenant={tenant} />
    </Page>
  )
}

const number = (value: unknown): number | null => (typeof value === 'number' ? value : null)

async function trend(tenant: string, set: string, ring: string): Promise<Day[]> {
  const days: Day[] = []
  let token: string | undefined
  // Two years are 730 rows.
  for (let page = 0; page < 4; page += 1) {
    const list = await get('/api/v1/tenants/{tenant}/reports/{report}', {
      path: { tenant, report: 'trending' },
      query: { filter: `ring_set=${set} and ring=${ring}`, order_by: 'day', page_size: 500, ...(token ? { page_token: token } : {}) },
    })
    for (const row of list.items as Record<string, unknown>[]) {
      days.push({ day: String(row['day']), devices: number(row['devices']) ?? 0, latest: number(row['latest_percent']), quality: number(row['quality_percent']), feature: number(row['feature_percent']) })
    }
    token = list.next_page_token ?? undefined
    if (!token) break
  }
  return days
}

/** The chart, of the tenant, a ring set or a ring; the address holds which. */
export function Trends({ tenant }: { tenant: string }) {
  const { set, ring } = useSearch({ strict: false }) as { set?: string; ring?: string }
  const navigate = useNavigate()
  const sets = useQuery(list(tenant, 'ring-sets')).data ?? []
  const chosen = sets.find((one) => one.name === set)
  const of = chosen?.rings.some((one) => one.name === ring) ? ring : undefined
  const query = useQuery({ queryKey: ['t', tenant, 'reports', 'trending', 'chart', chosen?.name, of], queryFn: () => trend(tenant, chosen?.name ?? '', of ?? ''), refetchInterval: 30_000 })
  const go = (search: { set?: string; ring?: string }): void => void navigate({ to: '.', search: (before: object) => ({ ...before, set: undefined, ring: undefined, ...search }), replace: true } as never)
  const whole = useQuery(tenantHealth(tenant)).data
  return (
    <Panel
      title="Day by day"
      aside={
        <span className="row">
          <select aria-label="Ring set of the chart" value={chosen?.name ?? ''} onChange={(event) => go(event.target.value ? { set: event.target.value } : {})}>
            <option value="">The whole tenant</option>
            {sets.map((one) => (
              <option key={one.id}>{one.name}</option>
            ))}
          </select>
          {chosen ? (
            <select aria-label="Ring of the chart" value={of ?? ''} onChange={(event) => go({ set: chosen.name, ...(event.target.value ? { ring: event.target.value } : {}) })}>
              <option value="">All its rings</option>
              {chosen.rings.map((one) => (
                <option key={one.name}>{one.name}</option>
              ))}
            </select>
          ) : null}
          <CopyButton text={cli('report', 'run', 'trending', '--filter', `ring_set=${chosen?.name ?? ''} and ring=${of ?? ''}`)} label="Copy as CLI">
            Copy as CLI
          </CopyButton>
        </span>
      }
    >
      <Loaded query={query}>{(days) => <Trend days={days} name={of ?? chosen?.name ?? 'The fleet'} />}</Loaded>
      {whole ? <Now tenant={tenant} health={whole} /> : null}
    </Panel>
  )
}

function Now({ tenant, health }: { tenant: string; health: Schemas['Health'] }) {
  return (
    <p className="small-text">
      The chart ends at midnight (UTC). <Link to="/t/$tenant/health" params={{ tenant }}>Service health</Link> has the numbers of now{health.latest_percent == null ? '' : `: ${health.latest_percent.toFixed(1)} % on the newest quality update`}.
    </p>
  )
}
