import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { send, type Schemas } from '../api/client'
import { assessment, list, one } from '../api/queries'
import { cli, curl } from '../lib/commands'
import { count, words } from '../lib/format'
import { findingLook, type Look } from '../lib/states'
import { Act } from '../ui/act'
import { Empty, Loaded, Panel, State, Table, Time } from '../ui/basics'
import type { Ask } from '../ui/dialog'
import { Icon } from '../ui/icon'
import { Page } from '../ui/page'

/** Is the tenant fit to be served, and what did Concentric make in it? Guided, and to be run again. */
export function Readiness() {
  const { tenant } = useParams({ from: '/t/$tenant/readiness' })
  const query = useQuery(assessment(tenant))
  const enrollment = useQuery(one(tenant, 'enrollment'))
  const registration = useQuery(one(tenant, 'registration')).data
  const steps: [string, Look][] = [
    ['1. Checks', query.data ? findingLook(query.data.level) : { word: 'Not run yet', icon: 'clock', tone: 'quiet' }],
    ['2. Enrollment', enrollment.data ? enrollmentLook(enrollment.data.state) : { word: '…', icon: 'clock', tone: 'quiet' }],
    ['3. Devices', registration ? { word: `${count(registration.standings.find((one) => one.name === 'ready')?.devices ?? 0)} ready`, icon: 'check', tone: 'good' } : { word: '…', icon: 'clock', tone: 'quiet' }],
  ]
  return (
    <Page title="Readiness and enrollment" lead="Three steps, each of which can be taken again at any time." aside={<Act ability="operate" ask={() => askRun(tenant)} tone="primary">Run the checks…</Act>}>
      <ol className="strip" aria-label="Steps">
        {steps.map(([name, look]) => (
          <li key={name} className={look.tone}>
            <div className="strip-head">
              <strong>{name}</strong>
              <State look={look} />
            </div>
          </li>
        ))}
      </ol>
      <Panel
        title="Checks"
        aside={
          query.data ? (
            <span className="row">
              Run <Time at={query.data.at} />
            </span>
          ) : null
        }
      >
        <Loaded query={query}>
          {(newest) =>
            newest ? (
              <Findings assessment={newest} />
            ) : (
              <Empty title="The checks were not run yet" cli="concentric tenant assess">
                <p>They run once a day by themselves, and read only.</p>
              </Empty>
            )
          }
        </Loaded>
      </Panel>
      <Panel title="Enrollment" aside={enrollment.data ? <State look={enrollmentLook(enrollment.data.state)} /> : null}>
        <Loaded query={enrollment}>{(state) => <Enrolled tenant={tenant} enrollment={state} />}</Loaded>
      </Panel>
    </Page>
  )
}

function enrollmentLook(state: Schemas['EnrollmentState']): Look {
  switch (state) {
    case 'enrolled':
      return { word: 'Enrolled', icon: 'check', tone: 'good' }
    case 'enrolling':
      return { word: 'Enrolling', icon: 'arrow', tone: 'info' }
    case 'unenrolling':
      return { word: 'Being taken back', icon: 'undo', tone: 'warn' }
    case 'not_enrolled':
      return { word: 'Not enrolled', icon: 'dash', tone: 'quiet' }
    default:
      return { word: words(state), icon: 'question', tone: 'quiet' }
  }
}

function askRun(tenant: string): Ask {
  return {
    title: 'Run the checks',
    explain: <p>Every check reads the tenant once; nothing is changed. It takes a few seconds.</p>,
    verb: 'Run',
    reason: 'none',
    submit: () => send('post', '/api/v1/tenants/{tenant}/readiness', { path: { tenant }, body: {} as never }),
    done: 'The checks are asked for.',
    cli: () => cli('tenant', 'assess'),
    curl: () => curl('POST', `/api/v1/tenants/${tenant}/readiness`, {}),
  }
}

const WORST: Schemas['Level'][] = ['not_ready', 'error', 'advisory', 'ready']

function Findings({ assessment }: { assessment: Schemas['Assessment'] }) {
  const rows = assessment.findings.toSorted((a, b) => WORST.indexOf(a.level) - WORST.indexOf(b.level))
  const failing = rows.filter((finding) => finding.level !== 'ready')
  const rest = rows.filter((finding) => finding.level === 'ready')
  return (
    <>
      <p className="summary">
        {failing.length === 0 ? `All ${count(rows.length)} checks are fine.` : `${count(failing.length)} of ${count(rows.length)} checks want something done.`}
        {assessment.blocks_enrollment ? ' Enrollment is blocked until then.' : ''}
      </p>
      {assessment.consent_link ? (
        <p>
          Permissions are missing:{' '}
          <a href={assessment.consent_link} target="_blank" rel="noreferrer">
            grant them in Entra
          </a>
          .
        </p>
      ) : null}
      <List findings={failing} />
      {rest.length > 0 ? (
        <details className="gate" open={failing.length === 0}>
          <summary>
            {count(rest.length)} <State look={findingLook('ready')} />
          </summary>
          <List findings={rest} />
        </details>
      ) : null}
    </>
  )
}

function List({ findings }: { findings: readonly Schemas['Finding'][] }) {
  return (
    <ul className="conditions">
      {findings.map((finding) => {
        const look = findingLook(finding.level)
        return (
          <li key={finding.check} className={look.tone}>
            <Icon name={look.icon} />
            <div>
              <p>
                <strong>{finding.title}</strong> <span className="sr">{look.word}:</span>
              </p>
              <p className="condition-text">{finding.summary}</p>
              {finding.remedy ? (
                <p>
                  <strong>Do:</strong> {finding.remedy}
                </p>
              ) : null}
              {finding.missing_permission ? (
                <p className="condition-text">
                  Missing permission: <code>{finding.missing_permission}</code>
                </p>
              ) : null}
            </div>
            <span className="faint small-text">{look.word}</span>
          </li>
        )
      })}
    </ul>
  )
}

function Enrolled({ tenant, enrollment }: { tenant: string; enrollment: Schemas['Enrollment'] }) {
  const sets = useQuery(list(tenant, 'ring-sets')).data ?? []
  const drift = enrollment.objects.filter((object) => object.drift.length > 0)
  const first = sets[0]
  return (
    <>
      {enrollment.error ? <p className="notice bad">{enrollment.error}</p> : null}
      {enrollment.state === 'not_enrolled' ? (
        <p>Concentric made nothing in the tenant yet. Enrolling makes a group and an update ring for each ring of a set, and touches nothing else.</p>
      ) : (
        <p>
          {count(enrollment.objects.length)} objects in the tenant; compared <Time at={enrollment.checked_at} />
          {enrollment.members_pending > 0 ? `; ${count(enrollment.members_pending)} members still to be told` : ''}.
        </p>
      )}
      {enrollment.plan && enrollment.plan.steps.length > 0 ? (
        <Table caption="Steps that are left" head={['Step', 'Change', 'What it does']}>
          {enrollment.plan.steps.map((step) => (
            <tr key={step.key}>
              <th scope="row">
                <code>{step.key}</code>
              </th>
              <td>{words(step.change)}</td>
              <td>{step.summary}</td>
            </tr>
          ))}
        </Table>
      ) : null}
      {drift.length > 0 ? (
        <Table caption="What others changed" head={['Object', 'What differs']}>
          {drift.map((object) => (
            <tr key={object.key}>
              <th scope="row">{object.name}</th>
              <td>
                {object.drift.map((one) => (
                  <div key={one.summary}>{one.summary}</div>
                ))}
              </td>
            </tr>
          ))}
        </Table>
      ) : null}
      <div className="buttons" data-actions>
        {first ? (
          <>
            <Act ability="administer" ask={() => askEnroll(tenant, first, false)}>
              Plan the enrollment…
            </Act>
            <Act ability="administer" ask={() => askEnroll(tenant, first, true)} tone="primary">
              {enrollment.state === 'enrolled' ? 'Enroll again…' : 'Enroll…'}
            </Act>
          </>
        ) : null}
        {drift.length > 0 ? (
          <Act
            ability="administer"
            ask={() => ({
              title: 'Restore what others changed',
              explain: <p>{count(drift.length)} objects become again what Concentric made them.</p>,
              verb: 'Restore',
              reason: 'none',
              submit: () => send('post', '/api/v1/tenants/{tenant}/enrollment/restore', { path: { tenant }, body: { keys: null } }),
              done: 'They are being restored.',
              cli: () => cli('tenant', 'drift', '--restore', '--yes'),
            })}
          >
            Restore…
          </Act>
        ) : null}
      </div>
    </>
  )
}

function askEnroll(tenant: string, set: Schemas['RingSet'], apply: boolean): Ask {
  const body: Schemas['EnrollRequest'] = { settings: { ring_set_id: set.id }, apply }
  return {
    title: apply ? `Enroll with ${set.name}` : `Plan the enrollment with ${set.name}`,
    explain: apply ? <p>Makes a group and an update ring for each of {count(set.rings.length)} rings. What others made is left alone.</p> : <p>Only shows the steps; nothing is changed.</p>,
    verb: apply ? 'Enroll' : 'Plan',
    reason: 'none',
    submit: () => send('put', '/api/v1/tenants/{tenant}/enrollment', { path: { tenant }, body }),
    done: apply ? 'The tenant is being enrolled.' : 'The plan is being worked out.',
    cli: () => cli('tenant', 'enroll', '--ring-set', set.name, apply ? '--yes' : '--plan-only'),
    curl: () => curl('PUT', `/api/v1/tenants/${tenant}/enrollment`, body),
  }
}
