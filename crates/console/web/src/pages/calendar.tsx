import { useQueries, useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { scaleTime } from 'd3-scale'
import { useState, type FormEvent } from 'react'
import { send, type Schemas } from '../api/client'
import { list, offerTimes } from '../api/queries'
import { Chart, type Frame } from '../charts/axes'
import { now } from '../lib/clock'
import { cli, curl } from '../lib/commands'
import { moment, words } from '../lib/format'
import { useMay } from '../lib/session'
import type { Look } from '../lib/states'
import { Act } from '../ui/act'
import { Empty, Failed, Figure, Loaded, Panel, State, Table, Time } from '../ui/basics'
import type { Ask } from '../ui/dialog'
import { Page } from '../ui/page'
import { useSay } from '../ui/toast'
import { useQueryClient } from '@tanstack/react-query'
import { changed } from '../api/queries'

/** When may it move? Windows, freezes and holidays. */
export function Calendar() {
  const { tenant } = useParams({ from: '/t/$tenant/calendar' })
  const sets = useQuery(list(tenant, 'ring-sets'))
  return (
    <Page title="Calendar" lead="When rings may be offered updates.">
      <Freezes tenant={tenant} />
      <Loaded query={sets}>{(all) => all.map((set) => <Windows key={set.id} tenant={tenant} set={set} />)}</Loaded>
      <Holidays tenant={tenant} />
    </Page>
  )
}

const DAYS = 14
const DAY = 86_400_000

function Windows({ tenant, set }: { tenant: string; set: Schemas['RingSet'] }) {
  const answers = useQueries({ queries: set.rings.map((ring) => offerTimes(tenant, set.id, ring.name)) })
  const at = answers.find((answer) => answer.data)?.data?.at
  const start = at ? Date.parse(at) : now()
  const frame: Frame = { width: 900, height: 30 + set.rings.length * 30, left: 96, right: 12, top: 10, bottom: 24 }
  const x = scaleTime([start, start + DAYS * DAY], [frame.left, frame.width - frame.right])
  const held = answers.filter((answer) => answer.data?.held).length
  const sentence = `${set.name}: ${held === 0 ? 'every ring may be offered updates now' : `${held} of ${set.rings.length} rings are held now`}; the next ${DAYS} days.`
  return (
    <Panel title={`Windows of ${set.name}`}>
      <Figure
        sentence={sentence}
        table={
          <Table caption={`When rings of ${set.name} may be offered updates`} head={['Ring', 'Zone', 'Now', 'Next']}>
            {set.rings.map((ring, place) => {
              const times = answers[place]?.data
              return (
                <tr key={ring.name}>
                  <th scope="row">{ring.name}</th>
                  <td>{times?.time_zone ?? '…'}</td>
                  <td>{times?.held ? times.held.text : 'open'}</td>
                  <td>
                    {times?.periods.slice(0, 3).map((period) => (
                      <div key={period.from}>
                        {period.local_from.slice(0, 16).replace('T', ' ')} to {period.local_until ? period.local_until.slice(0, 16).replace('T', ' ') : 'no end known'}
                      </div>
                    ))}
                  </td>
                </tr>
              )
            })}
          </Table>
        }
      >
        <Chart frame={frame} label={sentence} broad>
          {x.ticks(DAYS / 2).slice(0, -1).map((tick) => (
            <g key={tick.getTime()} className="axis">
              <line className="grid" x1={x(tick)} x2={x(tick)} y1={frame.top} y2={frame.height - frame.bottom} />
              <text x={x(tick)} y={frame.height - 7} textAnchor="middle">
                {moment(tick.toISOString()).slice(0, 3)} {moment(tick.toISOString()).slice(9, 14)}
              </text>
            </g>
          ))}
          {set.rings.map((ring, place) => {
            const y = frame.top + place * 30
            return (
              <g key={ring.name}>
                <text x={frame.left - 10} y={y + 15} dy="0.32em" textAnchor="end" className="forest-name">
                  {ring.name}
                </text>
                <rect className="part-rest" x={frame.left} width={frame.width - frame.left - frame.right} y={y + 5} height="20" rx="3" />
                {(answers[place]?.data?.periods ?? []).map((period) => {
                  const from = Math.max(x(new Date(period.from)), frame.left)
                  const until = Math.min(period.until ? x(new Date(period.until)) : frame.width - frame.right, frame.width - frame.right)
                  return until <= from ? null : <rect key={period.from} className="part-confirmed" x={from} width={until - from} y={y + 5} height="20" rx="3" />
                })}
              </g>
            )
          })}
        </Chart>
      </Figure>
    </Panel>
  )
}

function freezeLook(freeze: Schemas['Freeze']): Look {
  switch (freeze.state) {
    case 'standing':
      return { word: 'Standing', icon: 'snow', tone: 'hold' }
    case 'planned':
      return { word: 'Planned', icon: 'clock', tone: 'info' }
    default:
      return { word: 'Over', icon: 'dash', tone: 'quiet' }
  }
}

function Freezes({ tenant }: { tenant: string }) {
  const query = useQuery(list(tenant, 'freezes'))
  const [open, setOpen] = useState(false)
  const { allowed, why } = useMay('pause')
  return (
    <Panel
      title="Freezes"
      aside={
        <button type="button" className="hold" disabled={!allowed} title={why || undefined} onClick={() => setOpen(!open)} aria-expanded={open}>
          New freeze
        </button>
      }
    >
      {open ? <NewFreeze tenant={tenant} onDone={() => setOpen(false)} /> : null}
      <Loaded query={query}>
        {(freezes) =>
          freezes.length === 0 ? (
            <Empty title="No freeze" cli="concentric freeze create --help">
              <p>A freeze is a stretch of time in which nothing new is offered: the end of a quarter, a fair, a move.</p>
            </Empty>
          ) : (
            <Table caption="Freezes" head={['State', 'From', 'Until', 'What', 'Reason', 'Owner', 'Action']}>
              {freezes.map((freeze) => (
                <tr key={freeze.id}>
                  <td>
                    <State look={freezeLook(freeze)} />
                  </td>
                  <td>{moment(freeze.from)}</td>
                  <td>{freeze.ended_at ? <>ended by {freeze.ended_by} <Time at={freeze.ended_at} /></> : freeze.until ? moment(freeze.until) : 'somebody ends it'}</td>
                  <td>{freeze.ring ?? words(freeze.scope)}</td>
                  <td>
                    {freeze.reason}
                    {freeze.crossings.map((crossing) => (
                      <div key={crossing.rollout_id} className="small-text">
                        <Link to="/t/$tenant/rollouts/$rollout" params={{ tenant, rollout: crossing.rollout_id }}>
                          {crossing.release_name}
                        </Link>{' '}
                        may cross it: {crossing.reason} ({crossing.by})
                      </div>
                    ))}
                  </td>
                  <td>{freeze.owner}</td>
                  <td>
                    {freeze.state === 'over' ? null : (
                      <Act ability="release" ask={() => askEnd(tenant, freeze)} tone="small">
                        End…<span className="sr"> the freeze: {freeze.reason}</span>
                      </Act>
                    )}
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

function askEnd(tenant: string, freeze: Schemas['Freeze']): Ask {
  return {
    title: 'End the freeze',
    explain: <p>{freeze.reason}. Offers go on where nothing else holds them.</p>,
    verb: 'End it',
    tone: 'danger',
    reason: 'required',
    submit: (reason) => send('post', '/api/v1/tenants/{tenant}/freezes/{freeze}/end', { path: { tenant, freeze: freeze.id }, body: { reason } }),
    done: 'The freeze is over.',
    cli: (reason) => cli('freeze', 'end', freeze.id, '--reason', reason || '…'),
    curl: (reason) => curl('POST', `/api/v1/tenants/${tenant}/freezes/${freeze.id}/end`, { reason }),
  }
}

function NewFreeze({ tenant, onDone }: { tenant: string; onDone: () => void }) {
  const sets = useQuery(list(tenant, 'ring-sets')).data ?? []
  const client = useQueryClient()
  const { say } = useSay()
  const [error, setError] = useState<Error>()
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const time = (name: string): string | null => (form.get(name) ? new Date(String(form.get(name))).toISOString() : null)
    setError(undefined)
    try {
      await send('post', '/api/v1/tenants/{tenant}/freezes', { path: { tenant }, body: { reason: String(form.get('reason')).trim(), ring_set_id: String(form.get('set')) || null, from: time('from'), until: time('until') } })
      say('The freeze stands.')
      await changed(client, tenant)
      onDone()
    } catch (cause) {
      setError(cause as Error)
    }
  }
  return (
    <form className="filters" onSubmit={(event) => void submit(event)}>
      <div className="field grow">
        <label htmlFor="reason">Reason</label>
        <input id="reason" name="reason" required maxLength={1000} autoComplete="off" />
      </div>
      <div className="field">
        <label htmlFor="set">What</label>
        <select id="set" name="set">
          <option value="">Everything</option>
          {sets.map((set) => (
            <option key={set.id} value={set.id}>
              {set.name}
            </option>
          ))}
        </select>
      </div>
      <div className="field">
        <label htmlFor="from">From (now if not given)</label>
        <input id="from" name="from" type="datetime-local" />
      </div>
      <div className="field">
        <label htmlFor="until">Until (somebody ends it if not given)</label>
        <input id="until" name="until" type="datetime-local" />
      </div>
      <button type="submit" className="primary">
        Freeze
      </button>
      {error ? <Failed error={error} /> : null}
    </form>
  )
}

function Holidays({ tenant }: { tenant: string }) {
  const query = useQuery(list(tenant, 'holidays'))
  return (
    <Panel title="Holidays">
      <Loaded query={query}>
        {(calendars) =>
          calendars.length === 0 ? (
            <Empty title="No holidays" cli="concentric holidays import --help">
              <p>Calendars of sites, from iCalendar files. Rings name the one they keep.</p>
            </Empty>
          ) : (
            <Table caption="Holidays" head={['Calendar', '#Days', 'Next', 'Imported']}>
              {calendars.map((calendar) => {
                const today = new Date(now()).toISOString().slice(0, 10)
                const next = calendar.holidays.find((one) => (one.first_day ?? one.from ?? '') >= today)
                return (
                  <tr key={calendar.id}>
                    <th scope="row">{calendar.name}</th>
                    <td className="n">{calendar.holidays.length}</td>
                    <td>{next ? `${next.name}, ${(next.first_day ?? next.from ?? '').slice(0, 10)}` : 'none'}</td>
                    <td>
                      <Time at={calendar.imported_at} />
                    </td>
                  </tr>
                )
              })}
            </Table>
          )
        }
      </Loaded>
    </Panel>
  )
}
