import { useQueries, useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { send, type Schemas } from '../api/client'
import { explanation, rollouts, rolloutPart, session } from '../api/queries'
import { cli, curl } from '../lib/commands'
import { count, percent } from '../lib/format'
import { conditionWords, isOver, verdictLook } from '../lib/states'
import { Act } from '../ui/act'
import { Empty, Loaded, Panel, State, Table, Time } from '../ui/basics'
import type { Ask } from '../ui/dialog'
import { Page } from '../ui/page'

/** What do I sign? Each ring that asks for people, with the evidence they sign. */
export function Approvals() {
  const { tenant } = useParams({ from: '/t/$tenant/approvals' })
  const query = useQuery(rollouts(tenant))
  const running = (query.data ?? []).filter((rollout) => !isOver(rollout.phase.name))
  const asked = useQueries({ queries: running.map((rollout) => rolloutPart(tenant, rollout.id, 'approvals')) })
  const rows = running.flatMap((rollout, at) => (asked[at]?.data?.rings ?? []).map((ring) => ({ rollout, ring, approvals: asked[at]?.data })))
  const open = rows.filter(({ rollout, ring }) => !ring.met && ring.ring === rollout.phase.ring)
  return (
    <Page title="Approvals" lead={open.length === 0 ? 'Nothing waits for a signature.' : `${count(open.length)} to sign`}>
      <Loaded query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty title="No rollout under way asks for approvals">
              <p>
                A ring may ask for people before the next one opens: <Link to="/t/$tenant/ring-sets" params={{ tenant }}>Ring sets</Link>.
              </p>
            </Empty>
          ) : (
            rows.map(({ rollout, ring, approvals }) =>
              approvals ? <Request key={`${rollout.id}-${ring.ring}`} tenant={tenant} rollout={rollout} asks={ring} approvals={approvals} isOpen={open.some((one) => one.rollout.id === rollout.id && one.ring === ring)} /> : null,
            )
          )
        }
      </Loaded>
    </Page>
  )
}

function Request({ tenant, rollout, asks, approvals, isOpen }: { tenant: string; rollout: Schemas['Rollout']; asks: Schemas['RingApprovals']; approvals: Schemas['Approvals']; isOpen: boolean }) {
  const me = useQuery(session).data?.name
  const ring = rollout.rings[asks.ring]
  const gate = useQuery({ ...explanation(tenant, rollout.id), enabled: isOpen }).data?.gates.find((one) => one.ring === asks.ring)
  if (!ring) return null
  const next = rollout.rings[asks.ring + 1]
  const given = approvals.items.filter((one) => one.ring === asks.ring)
  const mine = given.some((one) => one.by === me && !one.ignored && !one.withdrawn_at)
  const blocked = approvals.author === me ? 'You made this rollout; somebody else has to approve it.' : mine ? 'You approved it already.' : !isOpen ? 'It is not its turn, or enough people agreed.' : undefined
  return (
    <Panel
      title={
        <>
          <Link to="/t/$tenant/rollouts/$rollout" params={{ tenant, rollout: rollout.id }}>
            {rollout.release_name}
          </Link>
          : {asks.name} to {next?.name ?? 'the end'}
        </>
      }
      aside={<State look={asks.met ? { word: 'Enough agree', icon: 'check', tone: 'good' } : isOpen ? { word: `${asks.counted.length} of ${asks.needed}`, icon: 'clock', tone: 'info' } : { word: 'Not its turn', icon: 'dash', tone: 'quiet' }} />}
    >
      <dl className="facts">
        <div>
          <dt>Confirmed good</dt>
          <dd>
            {count(ring.confirmed)} of {count(ring.eligible)} ({percent(ring.confirmed, ring.eligible)})
          </dd>
        </div>
        <div>
          <dt>Failed, lost</dt>
          <dd>
            {count(ring.failed)}, {count(ring.lost)}
          </dd>
        </div>
        <div>
          <dt>{next ? `${next.name} would be offered to` : 'Next'}</dt>
          <dd>{next ? `${count(next.eligible)} devices` : 'nothing'}</dd>
        </div>
        <div>
          <dt>Plan by</dt>
          <dd>{approvals.author}</dd>
        </div>
        <div>
          <dt>Evidence signed</dt>
          <dd>
            <code>{ring.evidence.slice(0, 24)}</code>
          </dd>
        </div>
      </dl>
      {gate ? (
        <ul className="chips" aria-label="Conditions of the gate">
          {gate.conditions.map((condition) => (
            <li key={condition.name} title={condition.text}>
              <State look={{ ...verdictLook(condition.verdict), word: `${conditionWords(condition.name, condition.verdict)}: ${verdictLook(condition.verdict).word.toLowerCase()}` }} />
            </li>
          ))}
        </ul>
      ) : null}
      <div className="buttons" data-actions>
        <Act ability="approve" ringSet={rollout.ring_set_id} ask={() => askApprove(tenant, rollout, ring, approvals)} blocked={blocked} tone="primary">
          Approve…
        </Act>
        <Link to="/t/$tenant/rollouts/$rollout/rings/$ring" params={{ tenant, rollout: rollout.id, ring: String(ring.ring) }} className="button">
          Look at the ring
        </Link>
      </div>
      {given.length > 0 ? (
        <Table caption="Given so far" head={['By', 'When', 'Comment', 'Counts']}>
          {given.map((one) => (
            <tr key={one.id}>
              <th scope="row">{one.by}</th>
              <td>
                <Time at={one.at} />
              </td>
              <td>{one.comment}</td>
              <td>
                {one.ignored ?? (
                  <>
                    yes, until <Time at={one.expires_at} />
                  </>
                )}
              </td>
            </tr>
          ))}
        </Table>
      ) : null}
    </Panel>
  )
}

function askApprove(tenant: string, rollout: Schemas['Rollout'], ring: Schemas['RolloutRing'], approvals: Schemas['Approvals']): Ask {
  const body = (comment: string): Schemas['CreateApproval'] => ({ ring: ring.ring, plan_id: approvals.plan_id, evidence: ring.evidence, comment })
  return {
    title: `Approve ${ring.name} of ${rollout.release_name}`,
    explain: (
      <p>
        You agree that the next ring opens, on this evidence: {count(ring.confirmed)} of {count(ring.eligible)} confirmed good, {count(ring.failed)} failed, {count(ring.lost)} lost. If more fail meanwhile, this is refused.
      </p>
    ),
    verb: 'Approve',
    reason: 'required',
    submit: (comment) => send('post', '/api/v1/tenants/{tenant}/rollouts/{rollout}/approvals', { path: { tenant, rollout: rollout.id }, body: body(comment) }),
    done: 'Approved.',
    cli: (comment) => cli('rollout', 'approve', rollout.id, '--ring', ring.name, '--comment', comment || '…'),
    curl: (comment) => curl('POST', `/api/v1/tenants/${tenant}/rollouts/${rollout.id}/approvals`, body(comment)),
  }
}
