import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { get, send, type Schemas } from '../api/client'
import { list, one } from '../api/queries'
import { cli, curl } from '../lib/commands'
import { count, words } from '../lib/format'
import { verdictLook } from '../lib/states'
import { Act } from '../ui/act'
import { Empty, Fact, Failed, Loaded, Panel, State, Table, Time } from '../ui/basics'
import type { Ask } from '../ui/dialog'
import { Opens } from '../ui/opens'
import { Page } from '../ui/page'
import { Preview, RuleForm } from './policies/ruleform'
import { SignalForm } from './policies/signalform'

/** What will happen by itself, and whether it can be measured. */
export function Policies() {
  const { tenant } = useParams({ from: '/t/$tenant/policies' })
  return (
    <Page title="Policies and signals" lead="What is approved by itself, how much may be in flight, and what other systems say.">
      <Rules tenant={tenant} />
      <Signals tenant={tenant} />
      <Holds tenant={tenant} />
      <div className="columns">
        <Budget tenant={tenant} />
        <Strategies tenant={tenant} />
      </div>
    </Page>
  )
}

function Rules({ tenant }: { tenant: string }) {
  const query = useQuery(list(tenant, 'rules'))
  const [shown, setShown] = useState<string>()
  return (
    <Panel title="Rules that approve updates" aside={<Opens ability="policy" label="New rule…">{(close) => <RuleForm tenant={tenant} onClose={close} />}</Opens>}>
      <Loaded query={query}>
        {(rules) =>
          rules.length === 0 ? (
            <Empty title="No rule" cli="concentric rule create --help">
              <p>Every release is made by a person. A rule makes one of each new update of its kind, some days after it came out.</p>
            </Empty>
          ) : (
            <Table caption="Rules" head={['Rule', 'Approves', '#After', 'When it goes wrong', 'By', 'Action']}>
              {rules.map((rule) => (
                <tr key={rule.id}>
                  <th scope="row">
                    {rule.name}
                    {rule.error ? <p className="text-bad small-text">{rule.error}</p> : null}
                  </th>
                  <td>{[words(rule.kind), rule.classification, rule.cadence, rule.channel, rule.min_severity].filter(Boolean).join(', ')}</td>
                  <td className="n">{rule.delay_days} d</td>
                  <td>{rule.on_gate_failure === 'roll_back' ? 'rolls back' : 'pauses'}</td>
                  <td>{rule.created_by}</td>
                  <td>
                    <div className="buttons">
                      <button type="button" className="small" aria-expanded={shown === rule.id} onClick={() => setShown(shown === rule.id ? undefined : rule.id)}>
                        Preview<span className="sr"> {rule.name}</span>
                      </button>
                      <Opens
                        ability="policy"
                        tone="small"
                        label={
                          <>
                            Edit…<span className="sr"> {rule.name}</span>
                          </>
                        }
                      >
                        {(close) => <RuleForm tenant={tenant} rule={rule.id} onClose={close} />}
                      </Opens>
                      <Act ability="policy" tone="small danger" ask={() => askDelete(tenant, rule)}>
                        Delete…<span className="sr"> {rule.name}</span>
                      </Act>
                    </div>
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
      {shown ? <RulePreview tenant={tenant} rule={shown} /> : null}
    </Panel>
  )
}

function askDelete(tenant: string, rule: Schemas['Rule']): Ask {
  return {
    title: `Delete ${rule.name}`,
    explain: <p>Nothing is approved by it any more. What it approved goes on.</p>,
    verb: 'Delete',
    tone: 'danger',
    reason: 'none',
    submit: () => send('delete', '/api/v1/tenants/{tenant}/rules/{rule}', { path: { tenant, rule: rule.id }, whatever: true }),
    done: `${rule.name} is deleted.`,
    cli: () => cli('rule', 'delete', rule.name, '--yes'),
    curl: () => curl('DELETE', `/api/v1/tenants/${tenant}/rules/${rule.id}`),
  }
}

function RulePreview({ tenant, rule }: { tenant: string; rule: string }) {
  const query = useQuery({ queryKey: ['t', tenant, 'rules', rule, 'preview'], queryFn: () => get('/api/v1/tenants/{tenant}/rules/{rule}/preview', { path: { tenant, rule } }) })
  return (
    <Loaded query={query}>
      {(preview) => <Preview preview={preview} />}
    </Loaded>
  )
}

function Signals({ tenant }: { tenant: string }) {
  const query = useQuery(list(tenant, 'signals'))
  return (
    <Panel title="Custom signals" aside={<Opens ability="policy" label="New signal…">{(close) => <SignalForm tenant={tenant} onClose={close} />}</Opens>}>
      <Loaded query={query}>
        {(signals) =>
          signals.length === 0 ? (
            <Empty title="No signal" cli="concentric signal apply --help">
              <p>Prometheus, a webhook or a Log Analytics workspace can hold a ring, or stop it; never open one.</p>
            </Empty>
          ) : (
            <Table caption="Signals" head={['Signal', 'Source', '#Every', 'Without data', 'Owner', 'Action']}>
              {signals.map((signal) => (
                <tr key={signal.id}>
                  <th scope="row">{signal.name}</th>
                  <td>
                    {words(signal.source.kind)}
                    <div className="faint small-text wrap">{'url' in signal.source ? signal.source.url : signal.source.workspace_id}</div>
                  </td>
                  <td className="n">{signal.interval_minutes} min</td>
                  <td>{words(signal.no_data)}</td>
                  <td>
                    {signal.owner}
                    {signal.runbook ? (
                      <div>
                        <a href={signal.runbook} target="_blank" rel="noreferrer">
                          Runbook
                        </a>
                      </div>
                    ) : null}
                  </td>
                  <td>
                    <div className="buttons">
                      <Test tenant={tenant} signal={signal} />
                      <Opens
                        ability="policy"
                        tone="small"
                        label={
                          <>
                            Edit…<span className="sr"> {signal.name}</span>
                          </>
                        }
                      >
                        {(close) => <SignalForm tenant={tenant} signal={signal.id} onClose={close} />}
                      </Opens>
                      <Act ability="policy" tone="small danger" ask={() => askDeleteSignal(tenant, signal)}>
                        Delete…<span className="sr"> {signal.name}</span>
                      </Act>
                    </div>
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

function askDeleteSignal(tenant: string, signal: Schemas['Signal']): Ask {
  const path = { tenant, signal: signal.id }
  return {
    title: `Delete ${signal.name}`,
    explain: <p>Gates ask for less afterwards: rollouts that it holds go on without it.</p>,
    verb: 'Delete',
    tone: 'danger',
    reason: 'required',
    submit: (reason) => send('delete', '/api/v1/tenants/{tenant}/signals/{signal}', { path, query: { reason }, whatever: true }),
    done: `${signal.name} is deleted.`,
    cli: (reason) => cli('signal', 'delete', signal.name, '--reason', reason || '…', '--yes'),
    curl: (reason) => curl('DELETE', `/api/v1/tenants/${tenant}/signals/${signal.id}?reason=${encodeURIComponent(reason)}`),
  }
}

/** Asks the source once; nothing is kept of it. */
function Test({ tenant, signal }: { tenant: string; signal: Schemas['Signal'] }) {
  const [result, setResult] = useState<Schemas['SignalTest']>()
  const [error, setError] = useState<Error>()
  const [busy, setBusy] = useState(false)
  const run = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      setResult(await send('post', '/api/v1/tenants/{tenant}/signals/{signal}/test', { path: { tenant, signal: signal.id }, body: {} }))
    } catch (cause) {
      setError(cause as Error)
    }
    setBusy(false)
  }
  return (
    <>
      <button type="button" className="small" disabled={busy} onClick={() => void run()}>
        {busy ? 'Asking…' : 'Test'}
        <span className="sr"> {signal.name}</span>
      </button>
      <div role="status">
        {result ? (
          <>
            <State look={verdictLook(result.answer.verdict)} />
            <p className="small-text">{result.reading.reason || result.answer.why}</p>
          </>
        ) : null}
      </div>
      {error ? <Failed error={error} /> : null}
    </>
  )
}

function Holds({ tenant }: { tenant: string }) {
  const query = useQuery(list(tenant, 'holds'))
  return (
    <Panel title="Holds on cohorts">
      <Loaded query={query}>
        {(holds) =>
          holds.length === 0 ? (
            <Empty title="No cohort is held" cli="concentric hold create --help">
              <p>Devices that have something in common, of now and to come, can be held by a condition.</p>
            </Empty>
          ) : (
            <Table caption="Holds" head={['Condition', '#Devices', 'Reason', 'Owner', 'Since', 'Until', 'Action']}>
              {holds.map((hold) => (
                <tr key={hold.id}>
                  <th scope="row">
                    <code>{hold.filter}</code>
                  </th>
                  <td className="n">
                    {count(hold.devices)}
                    {hold.complete ? '' : ' so far'}
                  </td>
                  <td>{hold.reason}</td>
                  <td>{hold.owner}</td>
                  <td>
                    <Time at={hold.since} />
                  </td>
                  <td>{hold.expires_at ? <Time at={hold.expires_at} /> : 'somebody ends it'}</td>
                  <td>
                    <Act
                      ability="operate"
                      tone="small"
                      ask={() => ({
                        title: 'End the hold',
                        explain: <p>{count(hold.devices)} devices go on: {hold.reason}</p>,
                        verb: 'End it',
                        reason: 'required',
                        submit: (reason) => send('post', '/api/v1/tenants/{tenant}/holds/{hold}/end', { path: { tenant, hold: hold.id }, body: { reason } }),
                        done: 'The hold is over.',
                        cli: (reason) => cli('hold', 'end', hold.id, '--reason', reason || '…'),
                        curl: (reason) => curl('POST', `/api/v1/tenants/${tenant}/holds/${hold.id}/end`, { reason }),
                      })}
                    >
                      End…<span className="sr"> the hold: {hold.reason}</span>
                    </Act>
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

function Budget({ tenant }: { tenant: string }) {
  const query = useQuery(one(tenant, 'budget'))
  return (
    <Panel title="Budget">
      <Loaded query={query}>
        {(budget) => (
          <dl className="facts">
            <Fact name="In flight at most, over all rollouts">{budget.devices == null ? 'no limit' : count(budget.devices)}</Fact>
            <Fact name="In flight now">{count(budget.in_flight)}</Fact>
            <Fact name="Rollouts that wait for room">{count(budget.waiting_rollouts)}</Fact>
          </dl>
        )}
      </Loaded>
    </Panel>
  )
}

function Strategies({ tenant }: { tenant: string }) {
  const query = useQuery(one(tenant, 'strategies'))
  return (
    <Panel title="How each kind is delivered">
      <Loaded query={query}>
        {({ items }) => (
          <Table caption="Strategies" head={['Kind', 'By', 'Chosen']}>
            {items.map((kind) => (
              <tr key={kind.kind}>
                <th scope="row">{words(kind.kind)}</th>
                <td>
                  {kind.strategy === 'intune' ? 'Intune' : 'Deployment service'}
                  {kind.impossible ? <p className="text-bad small-text">{kind.impossible}</p> : null}
                </td>
                <td>{kind.chosen ? 'by a person' : <span className="faint">usual</span>}</td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
    </Panel>
  )
}
