import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { send, type Schemas } from '../../api/client'
import { whole } from '../../api/queries'
import { cli, curl } from '../../lib/commands'
import { viewAddress } from '../../lib/schedules'
import { Act } from '../../ui/act'
import { Empty, Loaded, Panel, Table } from '../../ui/basics'
import type { Ask } from '../../ui/dialog'
import { Opens } from '../../ui/opens'
import { ScheduleForm } from './scheduleform'
import { reportTitle } from './title'
import { ViewForm } from './viewform'

type View = Schemas['ReportView']

/** Reports as somebody wants to see them. */
export function Views({ tenant }: { tenant: string }) {
  const query = useQuery(whole(tenant, 'report-views'))
  return (
    <Panel title="Saved views">
      <Loaded query={query}>
        {(views) =>
          views.length === 0 ? (
            <Empty title="No view was saved" cli="concentric report view save --help">
              <p>A report keeps its conditions, order and columns under a name, for yourself or for everybody of the tenant: open one, and save it as a view.</p>
            </Empty>
          ) : (
            <Table caption="Saved views" head={['View', 'Conditions', 'For', 'Action']}>
              {views.map((view) => (
                <tr key={view.id} data-row>
                  <th scope="row" className="why-cell">
                    <Link to="/t/$tenant/reports/$report" params={{ tenant, report: view.report }} search={viewAddress(view)}>
                      {view.name}
                    </Link>
                    <div className="faint small-text">{reportTitle(view.report)}</div>
                  </th>
                  <td className="why-cell">{view.filter ? <code>{view.filter}</code> : <span className="faint">every row</span>}</td>
                  <td>
                    {view.is_shared ? 'everybody' : 'yourself'}
                    <div className="faint small-text">made by {view.owner}</div>
                  </td>
                  <td>
                    <ViewActions tenant={tenant} view={view} />
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
    </Panel>
  )
}

function ViewActions({ tenant, view }: { tenant: string; view: View }) {
  const of = <span className="sr"> {view.name}</span>
  return (
    <div className="buttons">
      <Opens ability="administer" tone="small" label={<>Schedule…{of}</>}>
        {(close) => <ScheduleForm tenant={tenant} view={view.id} onClose={close} />}
      </Opens>
      <Opens ability="operate" tone="small" label={<>Edit…{of}</>}>
        {(close) => <ViewForm tenant={tenant} view={view.id} onClose={close} />}
      </Opens>
      <Act ability="operate" tone="small danger" ask={() => askDelete(tenant, view)}>
        Delete…{of}
      </Act>
    </div>
  )
}

function askDelete(tenant: string, view: View): Ask {
  return {
    title: `Delete ${view.name}`,
    explain: <p>{view.is_shared ? 'Nobody of the tenant finds it any more.' : 'It is yours alone.'} The report stays. A view that a schedule sends is not deleted.</p>,
    verb: 'Delete',
    tone: 'danger',
    reason: 'required',
    submit: (reason) => send('delete', '/api/v1/tenants/{tenant}/report-views/{report_view}', { path: { tenant, report_view: view.id }, query: { reason }, whatever: true }),
    done: `${view.name} is gone.`,
    cli: (reason) => cli('report', 'view', 'delete', view.id, '--reason', reason || '…'),
    curl: (reason) => curl('DELETE', `/api/v1/tenants/${tenant}/report-views/${view.id}?reason=${encodeURIComponent(reason)}`),
  }
}
