import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { Schemas } from '../../api/client'
import { events as eventsQuery } from '../../api/queries'
import { absolute, moment } from '../../lib/format'
import type { Icon as IconName, Tone } from '../../lib/states'
import { Loaded, Panel } from '../../ui/basics'
import { Icon } from '../../ui/icon'

const LOOKS: Record<string, [IconName, Tone]> = {
  created: ['dash', 'quiet'],
  requested: ['question', 'hold'],
  ring_opened: ['arrow', 'info'],
  wave_offered: ['arrow', 'quiet'],
  soak_started: ['clock', 'info'],
  paused: ['pause', 'bad'],
  resumed: ['play', 'good'],
  evidence_moved: ['warning', 'warn'],
  segment_held: ['pause', 'hold'],
  rollback_started: ['undo', 'warn'],
  removal_wave: ['undo', 'quiet'],
  rolled_back: ['undo', 'warn'],
  completed: ['check', 'good'],
  accepted: ['check', 'quiet'],
  cancelled: ['dash', 'quiet'],
}
const NOISE = new Set(['wave_offered', 'accepted', 'removal_wave'])
const STEP = 25

/** Everything that was decided and asked for, newest first. Nothing ever disappears from it. */
export function Timeline({ tenant, rollout }: { tenant: string; rollout: Schemas['Rollout'] }) {
  const { kinds } = useSearch({ strict: false }) as { kinds?: string }
  const query = useQuery(eventsQuery(tenant, rollout.id))
  const navigate = useNavigate()
  const [shown, setShown] = useState(STEP)
  const choose = (value: string): void => void navigate({ to: '.', search: (before: object) => ({ ...before, kinds: value === 'all' ? undefined : value }), replace: true } as never)
  return (
    <Panel
      title="Timeline"
      aside={
        <select aria-label="Which entries" value={kinds ?? 'all'} onChange={(event) => choose(event.target.value)}>
          <option value="all">Everything</option>
          <option value="decisions">Without waves and acknowledgements</option>
          <option value="people">What people asked for</option>
        </select>
      }
    >
      <Loaded query={query}>
        {(all) => {
          const rows = all
            .filter((event) => (kinds === 'decisions' ? !NOISE.has(event.kind) : kinds === 'people' ? event.actor !== 'concentric' : true))
            .toReversed()
          return (
            <>
              <ol className="timeline">
                {rows.slice(0, shown).map((event) => {
                  const [icon, tone] = LOOKS[event.kind] ?? ['dash', 'quiet']
                  const evidence = typeof event.body === 'object' && event.body !== null && 'evidence' in event.body
                  return (
                    <li key={event.seq} className={tone}>
                      <Icon name={icon} />
                      <time dateTime={event.at} title={absolute(event.at)}>
                        {moment(event.at)}
                      </time>
                      <span className="what">{event.text}</span>
                      <span className="who faint">{event.actor === 'concentric' ? 'the service' : event.actor}</span>
                      {evidence ? (
                        <Link to="." search={((before: object) => ({ ...before, at: event.at })) as never} hash="why" className="small-text">
                          Why
                          <span className="sr"> was that: {event.text}</span>
                        </Link>
                      ) : (
                        <span />
                      )}
                    </li>
                  )
                })}
              </ol>
              {rows.length > shown ? (
                <button type="button" onClick={() => setShown(shown + STEP * 5)}>
                  Show older entries
                </button>
              ) : null}
            </>
          )
        }}
      </Loaded>
    </Panel>
  )
}
