import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { Schemas } from '../../api/client'
import { events as eventsQuery, explanationAt, rolloutPart } from '../../api/queries'
import { cli } from '../../lib/commands'
import { evidence, moment } from '../../lib/format'
import { conditionWords, isOver, phaseLook, verdictLook } from '../../lib/states'
import { CopyButton, Loaded, Panel, State, Time } from '../../ui/basics'
import { Icon } from '../../ui/icon'

/** Why is it not advancing: what the planner says, condition by condition, and what would change it. */
export function Why({ tenant, rollout, query }: { tenant: string; rollout: Schemas['Rollout']; query: UseQueryResult<Schemas['Explanation']> }) {
  const { at } = useSearch({ strict: false }) as { at?: string }
  const past = useQuery({ ...explanationAt(tenant, rollout.id, at ?? ''), enabled: at !== undefined })
  const shown = at === undefined ? query : past
  const navigate = useNavigate()
  const now = (): void => void navigate({ to: '.', search: (before: object) => ({ ...before, at: undefined }), replace: true } as never)
  return (
    <Panel
      title={at !== undefined ? 'Why, then' : isOver(rollout.phase.name) ? 'How it ended' : 'Why is it not further?'}
      id="why"
      aside={
        <span className="row">
          {at === undefined ? null : (
            <button type="button" className="small" onClick={now}>
              Back to now
            </button>
          )}
          <CopyButton text={cli('rollout', 'explain', rollout.id, ...(at ? ['--at', at] : []))} label="Copy as CLI">
            Copy as CLI
          </CopyButton>
        </span>
      }
    >
      <Loaded query={shown}>
        {(why) => (
          <>
            {at === undefined ? null : <p className="notice hold">As decided {moment(why.at)}.</p>}
            {at === undefined && isOver(rollout.phase.name) ? <Ending tenant={tenant} rollout={rollout} /> : <p className="summary">{why.summary}</p>}
            {at === undefined && !isOver(rollout.phase.name) ? <Next rollout={rollout} why={why} /> : null}
            {[...why.gates].reverse().map((gate, place) => (
              <Gate key={gate.ring} gate={gate} open={place === 0} rings={rollout.rings} />
            ))}
            {why.known_issues?.length ? (
              <>
                <h3>Known issues of the update</h3>
                <ul className="plain-list">
                  {why.known_issues.map((issue) => (
                    <li key={issue.id}>
                      {issue.title} <span className="faint">({issue.status})</span>
                    </li>
                  ))}
                </ul>
              </>
            ) : null}
            {why.safeguards?.length ? (
              <>
                <h3>Held by Microsoft</h3>
                <ul className="plain-list">
                  {why.safeguards.map((hold) => (
                    <li key={hold.id ?? 'none'}>{hold.text}</li>
                  ))}
                </ul>
              </>
            ) : null}
            <Signals tenant={tenant} rollout={rollout} />
          </>
        )}
      </Loaded>
    </Panel>
  )
}

/** The last thing that was decided, and what had stopped it before. */
function Ending({ tenant, rollout }: { tenant: string; rollout: Schemas['Rollout'] }) {
  const known = useQuery(eventsQuery(tenant, rollout.id)).data ?? []
  const last = known.findLast((event) => event.kind === rollout.phase.name)
  const stopped = known.findLast((event) => event.kind === 'paused')
  return (
    <>
      <p className="summary">{last?.text ?? `${phaseLook(rollout.phase).word}.`}</p>
      {stopped && rollout.phase.name !== 'completed' ? <p>{stopped.text}</p> : null}
      {rollout.phase.cause ? <p>{rollout.phase.cause}</p> : null}
    </>
  )
}

/** Earliest and likely opening of the next ring, or the end. */
function Next({ rollout, why }: { rollout: Schemas['Rollout']; why: Schemas['Explanation'] }) {
  const next = why.forecast?.rings.find((ring) => ring.ring === (rollout.phase.ring ?? -1) + 1)
  const what = next ? next.opens : why.forecast?.finished
  if (!what) return null
  return (
    <dl className="facts next">
      <div>
        <dt>{next ? `${next.name} opens` : 'It is through'} at the earliest</dt>
        <dd>{what.earliest.text}</dd>
      </div>
      <div>
        <dt>Likely</dt>
        <dd>{what.likely.text}</dd>
      </div>
      {why.next_look ? (
        <div>
          <dt>Time alone may change it</dt>
          <dd>
            <Time at={why.next_look} />
          </dd>
        </div>
      ) : null}
    </dl>
  )
}

function Gate({ gate, open, rings }: { gate: Schemas['RingGate']; open: boolean; rings: readonly Schemas['RolloutRing'][] }) {
  const next = rings[gate.ring + 1]?.name ?? 'the end'
  const holding = gate.conditions.filter((condition) => condition.verdict !== 'pass')
  return (
    <details className="gate" open={open}>
      <summary>
        <span className="gate-name">
          {gate.name} <Icon name="arrow" /> {next}
        </span>
        {gate.vouched ? (
          <State look={{ word: 'Vouched for', icon: 'check', tone: 'good' }} />
        ) : holding.length === 0 ? (
          <State look={{ word: 'Passed', icon: 'check', tone: 'good' }} />
        ) : (
          <State look={verdictLook(holding.some((one) => one.verdict === 'fail') ? 'fail' : holding.some((one) => one.verdict === 'unknown') ? 'unknown' : 'wait')} />
        )}
      </summary>
      <ul className="conditions">
        {gate.conditions.map((condition) => {
          const look = verdictLook(condition.verdict)
          return (
            <li key={condition.name} className={look.tone}>
              <Icon name={look.icon} />
              <div>
                <p>
                  <strong>{conditionWords(condition.name, condition.verdict)}</strong> <span className="sr">{look.word}:</span>
                  {condition.until ? (
                    <span className="faint">
                      {' '}
                      until <Time at={condition.until} />
                    </span>
                  ) : null}
                </p>
                <p className="condition-text">{condition.text}</p>
                {condition.evidence && condition.evidence.suspects.length > 0 ? <p className="condition-text">Suspects: {condition.evidence.suspects.join(', ')}</p> : null}
              </div>
              {condition.evidence ? <span className="n">E {condition.evidence.ln_e < 0 ? '' : '= '}{evidence(condition.evidence.ln_e)}</span> : null}
            </li>
          )
        })}
      </ul>
    </details>
  )
}

function Signals({ tenant, rollout }: { tenant: string; rollout: Schemas['Rollout'] }) {
  const seen = useQuery(rolloutPart(tenant, rollout.id, 'signals')).data
  if (!seen || seen.signals.length === 0) return null
  return (
    <>
      <h3>Signals</h3>
      <ul className="conditions">
        {seen.signals.map((signal) => {
          const look = verdictLook(signal.answer.verdict)
          return (
            <li key={signal.name} className={look.tone}>
              <Icon name={look.icon} />
              <div>
                <p>
                  <strong>{signal.name}</strong> <span className="faint">owner {signal.owner}</span>
                </p>
                <p className="condition-text">
                  {signal.answer.why} {signal.last ? <>Last read <Time at={signal.last.at} />.</> : null}{' '}
                  {signal.runbook ? (
                    <a href={signal.runbook} rel="noreferrer" target="_blank">
                      Runbook
                    </a>
                  ) : null}
                </p>
              </div>
            </li>
          )
        })}
      </ul>
      <Link to="/t/$tenant/policies" params={{ tenant }}>
        All signals
      </Link>
    </>
  )
}
