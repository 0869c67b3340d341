import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { send, type Schemas } from '../../api/client'
import { letterPage, whole } from '../../api/queries'
import { cli, curl } from '../../lib/commands'
import { scheduleLook, whenWords } from '../../lib/schedules'
import { letterLook } from '../../lib/told'
import { Act } from '../../ui/act'
import { Empty, Loaded, Panel, State, Table, Time } from '../../ui/basics'
import type { Ask } from '../../ui/dialog'
import { Opens } from '../../ui/opens'
import { ScheduleForm } from './scheduleform'

type Schedule = Schemas['ReportSchedule']
const S = '/api/v1/tenants/{tenant}/report-schedules/{report_schedule}'

/** Reports that are sent again and again, and what was sent of late. */
export function Schedules({ tenant }: { tenant: string }) {
  const query = useQuery(whole(tenant, 'report-schedules'))
  const views = useQuery(whole(tenant, 'report-views')).data
  return (
    <Panel
      title="Scheduled reports"
      aside={
        <Opens label="New schedule…" ability="administer" tone="" blocked={views?.length === 0 ? 'A schedule sends a saved view. Save one first.' : undefined}>
          {(close) => <ScheduleForm tenant={tenant} onClose={close} />}
        </Opens>
      }
    >
      <Loaded query={query}>
        {(schedules) =>
          schedules.length === 0 ? (
            <Empty title="No report is scheduled" cli="concentric report schedule create --help">
              <p>A saved view can be sent by e-mail on some days, at a local time.</p>
            </Empty>
          ) : (
            <>
              <Table caption="Scheduled reports" head={['Schedule', 'When', 'Next', 'Last sent', 'Action']}>
                {schedules.map((schedule) => (
                  <tr key={schedule.id}>
                    <th scope="row" className="why-cell">
                      {schedule.name}
                      <div className="faint small-text wrap">
                        {schedule.view}, as {schedule.format.toUpperCase()} to {schedule.to.join(', ')}
                      </div>
                    </th>
                    <td>{whenWords(schedule)}</td>
                    <td>
                      <State look={scheduleLook(schedule)} quiet />
                      {schedule.error ? <p className="text-bad small-text">{schedule.error}</p> : null}
                    </td>
                    <td>
                      <Time at={schedule.last_at} />
                    </td>
                    <td>
                      <ScheduleActions tenant={tenant} schedule={schedule} />
                    </td>
                  </tr>
                ))}
              </Table>
              <Sent tenant={tenant} />
            </>
          )
        }
      </Loaded>
    </Panel>
  )
}

function ScheduleActions({ tenant, schedule }: { tenant: string; schedule: Schedule }) {
  const of = <span className="sr"> {schedule.name}</span>
  return (
    <div className="buttons">
      <Act ability="operate" tone="small" ask={() => askRun(tenant, schedule)}>
        Send now…{of}
      </Act>
      <Opens ability="administer" tone="small" label={<>Edit…{of}</>}>
        {(close) => <ScheduleForm tenant={tenant} schedule={schedule.id} onClose={close} />}
      </Opens>
      <Act ability="administer" tone="small danger" ask={() => askDelete(tenant, schedule)}>
        Delete…{of}
      </Act>
    </div>
  )
}

function askRun(tenant: string, schedule: Schedule): Ask {
  return {
    title: `Send ${schedule.name} now`,
    explain: <p>Besides its other moments, to {schedule.to.join(', ')}.</p>,
    verb: 'Send it',
    reason: 'required',
    submit: (reason) => send('post', `${S}/run`, { path: { tenant, report_schedule: schedule.id }, body: { reason } }),
    done: `${schedule.name} is being written.`,
    cli: (reason) => cli('report', 'schedule', 'run', schedule.name, '--reason', reason || '…'),
    curl: (reason) => curl('POST', `/api/v1/tenants/${tenant}/report-schedules/${schedule.id}/run`, { reason }),
  }
}

function askDelete(tenant: string, schedule: Schedule): Ask {
  return {
    title: `Delete ${schedule.name}`,
    explain: <p>The report is sent no more. Its view stays, and so do letters that were written.</p>,
    verb: 'Delete',
    tone: 'danger',
    reason: 'required',
    submit: (reason) => send('delete', S, { path: { tenant, report_schedule: schedule.id }, query: { reason }, whatever: true }),
    done: `${schedule.name} is sent no more.`,
    cli: (reason) => cli('report', 'schedule', 'delete', schedule.name, '--reason', reason || '…', '--yes'),
    curl: (reason) => curl('DELETE', `/api/v1/tenants/${tenant}/report-schedules/${schedule.id}?reason=${encodeURIComponent(reason)}`),
  }
}

/** The newest letters with reports. */
function Sent({ tenant }: { tenant: string }) {
  const query = useQuery(letterPage(tenant, { kind: 'report' }, 5))
  return (
    <Loaded query={query} rows={2}>
      {(page) =>
        page.items.length === 0 ? (
          <p className="faint">No report was sent in the last 30 days.</p>
        ) : (
          <>
            <h3>Sent of late</h3>
            <ul className="plain-list">
              {page.items.map((letter) => (
                <li key={letter.id} className="row">
                  <State look={letterLook(letter)} quiet />
                  <Link to="/t/$tenant/notifications/$letter" params={{ tenant, letter: letter.id }}>
                    {letter.subject}
                  </Link>
                  <span className="faint">
                    to {letter.address}, <Time at={letter.written_at} />
                  </span>
                </li>
              ))}
            </ul>
            <p>
              <Link to="/t/$tenant/notifications" params={{ tenant }} search={{ kind: 'report' }}>
                All letters with reports
              </Link>
            </p>
          </>
        )
      }
    </Loaded>
  )
}
