import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { FormEvent } from 'react'
import { devicePage, list, rollouts } from '../api/queries'
import { cli } from '../lib/commands'
import { attemptLook, standingLook } from '../lib/states'
import { CopyButton, Empty, Loaded, Panel } from '../ui/basics'
import { DeviceTable } from '../ui/devicetable'
import { Page } from '../ui/page'
import { Pager, usePages } from '../ui/pager'
import type { DeviceAddress } from '../router'

/** All devices, page by page from the server; the address holds the filter. */
export function Devices() {
  const { tenant } = useParams({ from: '/t/$tenant/devices' })
  const search = useSearch({ from: '/t/$tenant/devices' })
  const navigate = useNavigate()
  const pages = usePages(search.after)
  const query = useQuery(
    devicePage(tenant, {
      name_prefix: search.name,
      filter: search.filter,
      standing: search.standing,
      reason: search.reason,
      rollout_id: search.rollout,
      state: search.state,
      ring_set_id: search.rollout && search.state ? undefined : search.ring_set,
      ring: search.rollout && search.state ? undefined : search.ring,
      model: search.model,
      page_token: search.after,
    }),
  )
  const go = (change: DeviceAddress): void => {
    if (!('after' in change)) pages.reset()
    void navigate({ to: '/t/$tenant/devices', params: { tenant }, search: { ...search, after: undefined, ...change } })
  }
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = String(form.get('find') ?? '').trim()
    // A condition is a CEL expression; anything else is the beginning of a name.
    const isFilter = /[=<>!&|(]/.test(text)
    pages.reset()
    void navigate({ to: '/t/$tenant/devices', params: { tenant }, search: text === '' ? {} : isFilter ? { filter: text } : { ...search, after: undefined, filter: undefined, name: text } })
  }
  return (
    <Page title="Devices" lead="A name, or a condition: every field of a device can be asked for.">
      <Panel
        title="Filter"
        aside={
          <CopyButton text={cli('device', 'list', ...(search.filter ? ['--filter', search.filter] : []), ...(search.name ? ['--name-prefix', search.name] : []), ...(search.standing ? ['--standing', search.standing] : []))} label="Copy as CLI">
            Copy as CLI
          </CopyButton>
        }
      >
        <form className="filters" role="search" onSubmit={submit}>
          <div className="field grow">
            <label htmlFor="find">Name, or condition</label>
            <input id="find" name="find" key={search.filter ?? search.name ?? ''} data-filter defaultValue={search.filter ?? search.name ?? ''} placeholder={'LON-000 or model == "Contoso Latitude 7440" && build < 26100'} autoComplete="off" spellCheck={false} />
          </div>
          <div className="field">
            <label htmlFor="standing">Standing</label>
            <select id="standing" value={search.standing ?? ''} onChange={(event) => go({ standing: event.target.value || undefined, filter: undefined })}>
              <option value="">Any</option>
              {['ready', 'not_ready', 'prerequisite_failed', 'group_conflict', 'excluded'].map((one) => (
                <option key={one} value={one}>
                  {standingLook(one).word}
                </option>
              ))}
            </select>
          </div>
          <button type="submit" className="primary">
            Find
          </button>
        </form>
        <Chips tenant={tenant} search={search} drop={go} />
      </Panel>
      <Panel title="Found" aside={<span className="faint small-text">50 a page</span>}>
        <Loaded query={query}>
          {(page) =>
            page.items.length === 0 ? (
              <Empty title="No such device">
                <p>
                  Nothing matches. <Link to="/t/$tenant/devices" params={{ tenant }}>All devices</Link>
                </p>
              </Empty>
            ) : (
              <>
                <DeviceTable tenant={tenant} items={page.items} />
                <Pager pages={pages} after={search.after} next={page.next_page_token} go={(after) => go({ after })} />
              </>
            )
          }
        </Loaded>
      </Panel>
    </Page>
  )
}

/** What else narrows the list, each to be taken away. */
function Chips({ tenant, search, drop }: { tenant: string; search: DeviceAddress; drop: (change: DeviceAddress) => void }) {
  const sets = useQuery({ ...list(tenant, 'ring-sets'), enabled: search.ring_set !== undefined }).data
  const all = useQuery({ ...rollouts(tenant), enabled: search.rollout !== undefined }).data
  const set = sets?.find((one) => one.id === search.ring_set)
  const rollout = all?.find((one) => one.id === search.rollout)
  const chips: [string, DeviceAddress][] = []
  if (search.reason) chips.push([`Reason: ${search.reason.replaceAll('_', ' ')}`, { reason: undefined }])
  if (search.model) chips.push([`Model: ${search.model}`, { model: undefined }])
  if (search.rollout) chips.push([`In ${rollout?.release_name ?? 'a rollout'}${search.state ? `: ${attemptLook(search.state).word}` : ''}`, { rollout: undefined, state: undefined }])
  if (search.ring !== undefined && !(search.rollout && search.state)) chips.push([`Ring: ${set?.rings[search.ring]?.name ?? search.ring}`, { ring: undefined, ring_set: undefined }])
  if (chips.length === 0) return null
  return (
    <ul className="chips" aria-label="Also narrowed by">
      {chips.map(([text, change]) => (
        <li key={text} className="chip">
          {text}
          <button type="button" className="plain" aria-label={`Without ${text}`} onClick={() => drop(change)}>
            ✕
          </button>
        </li>
      ))}
    </ul>
  )
}
