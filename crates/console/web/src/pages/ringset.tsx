import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { get, send, type Schemas } from '../api/client'
import { changed, proof as proofQuery } from '../api/queries'
import { cli } from '../lib/commands'
import { count } from '../lib/format'
import { useMay } from '../lib/session'
import { Command, Failed, Loaded, Panel, State, Table, Time } from '../ui/basics'
import { FileRequest } from '../ui/filerequest'
import { Page } from '../ui/page'
import { useSay } from '../ui/toast'
import { Designer, USUAL } from './ringset/designer'

const SET = '/api/v1/tenants/{tenant}/ring-sets/{ring_set}'

/** One ring set: what it can prove, and its designer with a preview of who would move. */
export function RingSetPage() {
  const { tenant, ringSet } = useParams({ from: '/t/$tenant/ring-sets/$ringSet' })
  const isNew = ringSet === 'new'
  const query = useQuery({
    queryKey: ['t', tenant, 'ring-sets', ringSet],
    queryFn: () => get(SET, { path: { tenant, ring_set: ringSet } }),
    enabled: !isNew,
    // Somebody may be editing: what changed meanwhile is found by If-Match.
    staleTime: Infinity,
  })
  if (isNew) {
    return (
      <Page title="New ring set" lead="The usual five rings, to be changed as you like. Nothing is saved before the preview was looked at.">
        <Editor tenant={tenant} start={USUAL} ringSet={undefined} />
      </Page>
    )
  }
  return (
    <Loaded query={query} rows={8} title="Ring set">
      {(set) => (
        <Page
          title={set.name}
          lead={
            <p className="row">
              <span>{count(set.members.reduce((sum, one) => sum + one, 0))} devices</span>
              <span>
                Placed <Time at={set.placed_at} />
              </span>
            </p>
          }
          aside={
            <div className="buttons" data-actions role="group" aria-label="Actions">
              <FileRequest about={{ kind: 'ring_set', id: set.id }} name={set.name} category="updates" />
            </div>
          }
        >
          <Panel title="Rings">
            <Table caption="Rings" head={['Ring', '#Devices', '#Share', '#Opens after', '#Deadline + grace', 'Gate', 'Approvals', 'Calendar']}>
              {set.rings.map((ring, at) => (
                <tr key={ring.name}>
                  <th scope="row">{ring.name}</th>
                  <td className="n">
                    <Link to="/t/$tenant/devices" params={{ tenant }} search={{ ring_set: set.id, ring: at }}>
                      {count(set.members[at] ?? 0)}
                    </Link>
                  </td>
                  <td className="n">{ring.percent} %</td>
                  <td className="n">{ring.deferral_days} d</td>
                  <td className="n">
                    {ring.deadline_days} d + {ring.grace_days} d
                  </td>
                  <td className="small-text">{gateWords(ring.gate)}</td>
                  <td>{ring.approvals ? `${ring.approvals.needed} of ${ring.approvals.approvers?.length ? ring.approvals.approvers.join(', ') : 'anybody who may approve'}` : <span className="faint">none</span>}</td>
                  <td>
                    {ring.calendar ? (
                      <Link to="/t/$tenant/calendar" params={{ tenant }}>
                        {ring.calendar.time_zone}
                      </Link>
                    ) : (
                      <span className="faint">any time</span>
                    )}
                  </td>
                </tr>
              ))}
            </Table>
          </Panel>
          <Proof tenant={tenant} ringSet={set.id} />
          <Editor tenant={tenant} start={{ name: set.name, rings: set.rings, ...(set.rules ? { rules: set.rules } : {}) }} ringSet={set.id} />
        </Page>
      )}
    </Loaded>
  )
}

function gateWords(gate: Schemas['Ring']['gate']): string {
  if (!gate) return 'the usual'
  return `${gate.min_judged_percent} % judged, ${gate.bake_hours} h watched, at most ${gate.max_failed_percent} % failed`
}

/** What each ring can prove about a release whose rollout would start now. */
function Proof({ tenant, ringSet }: { tenant: string; ringSet: string }) {
  const query = useQuery(proofQuery(tenant, ringSet))
  return (
    <Panel title="What its rings can prove">
      <Loaded query={query}>
        {(proof) => (
          <>
            <p>
              Healthy is up to {proof.healthy_failed_percent.toFixed(1)} % failed installs.{' '}
              {proof.doubled_after == null ? 'No number of devices here shows a doubled rate.' : `A doubled rate is stopped within ${count(proof.doubled_after)} devices, 19 times in 20.`}
            </p>
            <Table caption="What each ring can prove" head={['Ring', '#Devices', '#With rings before', 'Stops a release that fails on', 'Success shown by', 'Notes']}>
              {proof.rings.map((ring) => (
                <tr key={ring.ring}>
                  <th scope="row">{ring.name}</th>
                  <td className="n">{count(ring.devices)}</td>
                  <td className="n">{count(ring.pooled)}</td>
                  <td>{ring.smallest_percent == null ? 'nothing can be shown' : `${ring.smallest_percent.toFixed(1)} % or more`}</td>
                  <td>{ring.success_by}</td>
                  <td className="small-text">
                    {ring.refused ? <State look={{ word: 'Could never pass', icon: 'cross', tone: 'bad' }} /> : null}
                    {ring.notes.map((note) => (
                      <p key={note}>{note}</p>
                    ))}
                  </td>
                </tr>
              ))}
            </Table>
          </>
        )}
      </Loaded>
    </Panel>
  )
}

function Editor({ tenant, start, ringSet }: { tenant: string; start: Schemas['CreateRingSet']; ringSet: string | undefined }) {
  const [draft, setDraft] = useState(start)
  const [preview, setPreview] = useState<Schemas['RingSetPreview']>()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error>()
  const navigate = useNavigate()
  const client = useQueryClient()
  const { say } = useSay()
  const { allowed, why } = useMay('policy', ringSet)
  const path = { tenant, ring_set: ringSet ?? '' }
  const run = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      await work()
    } catch (cause) {
      setError(cause as Error)
    }
    setBusy(false)
  }
  const show = (): Promise<void> =>
    run(async () => {
      setPreview(ringSet === undefined ? await send('post', '/api/v1/tenants/{tenant}/ring-sets/preview', { path: { tenant }, body: draft }) : await send('post', `${SET}/preview`, { path, body: draft }))
    })
  const save = (): Promise<void> =>
    run(async () => {
      // Under the id of the preview, devices are placed just as it said.
      const saved =
        ringSet === undefined
          ? await send('post', '/api/v1/tenants/{tenant}/ring-sets', { path: { tenant }, body: { ...draft, id: preview?.ring_set_id ?? null } })
          : await send('put', SET, { path, body: draft })
      say(`${saved.name} is saved.`)
      await changed(client, tenant)
      setPreview(undefined)
      void navigate({ to: '/t/$tenant/ring-sets/$ringSet', params: { tenant, ringSet: saved.id } })
    })
  return (
    <Panel title={ringSet === undefined ? 'Designer' : 'Change it'}>
      <Designer
        draft={draft}
        onChange={(next) => {
          setDraft(next)
          setPreview(undefined)
        }}
      />
      {error ? <Failed error={error} /> : null}
      <div className="buttons">
        <button type="button" className={preview ? '' : 'primary'} disabled={busy} onClick={() => void show()}>
          {busy && !preview ? 'Working it out…' : 'Preview who moves'}
        </button>
        {preview ? (
          <button type="button" className="primary" disabled={busy || !allowed} title={why || undefined} onClick={() => void save()}>
            {busy ? 'Saving…' : 'Save'}
          </button>
        ) : null}
        {allowed ? null : <span className="faint">{why}</span>}
      </div>
      {preview ? <Preview preview={preview} /> : null}
      {ringSet ? <Command label="The same from a file" text={cli('apply', '-f', 'rings.yaml')} /> : null}
    </Panel>
  )
}

function Preview({ preview }: { preview: Schemas['RingSetPreview'] }) {
  const moved = preview.moves.reduce((sum, move) => sum + move.devices, 0)
  return (
    <section aria-label="Preview" className="page">
      <p className="summary">{moved === 0 ? 'Nobody moves.' : `${count(moved)} devices are placed or move.`}</p>
      <Table caption="Rings before and after" head={['Ring', '#Before', '#After', 'Covers']}>
        {preview.rings.map((ring) => (
          <tr key={ring.name}>
            <th scope="row">{ring.name}</th>
            <td className="n">{count(ring.members_before)}</td>
            <td className="n">{count(ring.members_after)}</td>
            <td>{ring.covered ? `${ring.covered.covered} of ${ring.covered.strata} kinds of devices` : <span className="faint">nothing asked for</span>}</td>
          </tr>
        ))}
      </Table>
      {preview.moves.length > 0 ? (
        <Table caption="Who moves" head={['From', 'To', 'Why', '#Devices', 'For example']}>
          {preview.moves.map((move, at) => (
            <tr key={at}>
              <td>{move.from ?? 'no ring'}</td>
              <td>{move.to ?? 'no ring'}</td>
              <td>{move.why}</td>
              <td className="n">{count(move.devices)}</td>
              <td className="small-text">{move.examples.slice(0, 3).map((one) => one.name).join(', ')}</td>
            </tr>
          ))}
        </Table>
      ) : null}
      {preview.notes.map((note) => (
        <p key={note} className="notice warn">
          {note}
        </p>
      ))}
    </section>
  )
}
