import type { Schemas } from '../../api/client'
import { count, moment, percent } from '../../lib/format'
import { phaseLook } from '../../lib/states'
import { Time } from '../../ui/basics'
import { Icon } from '../../ui/icon'

type PauseState = Schemas['PauseState']

/** What holds a rollout, each pause with its three clocks: decided, accepted by Graph, told to devices. */
export function Pauses({ pauses, phase, rollout }: { pauses: readonly PauseState[]; phase: Schemas['Phase']; rollout: Schemas['Rollout'] }) {
  if (pauses.length === 0) return null
  return (
    <div className="pauses">
      {pauses.map((pause, at) => {
        const byService = pause.by === 'concentric'
        return (
          <section key={at} className={`banner ${byService ? 'bad' : 'hold'}`} aria-label="Pause">
            <Icon name={byService ? 'warning' : 'pause'} />
            <div>
              <p>
                <strong>
                  {scopeWord(pause, rollout)} paused by {byService ? 'the service' : pause.by}
                </strong>
                {pause.reason ? `: ${pause.reason}` : byService && phase.cause ? `: ${phase.cause}` : ''}
                {pause.take_back ? ' Open offers are taken back.' : ''}
              </p>
              <Clocks pause={pause} />
            </div>
          </section>
        )
      })}
      {phase.paused_by === 'both' ? <p className="faint">{phaseLook(phase).word}: the service never clears a person's pause, nor a person the service's cause.</p> : null}
    </div>
  )
}

function scopeWord(pause: PauseState, rollout: Schemas['Rollout']): string {
  switch (pause.scope) {
    case 'tenant':
      return 'Everything of the tenant is'
    case 'release':
      return 'The release is'
    case 'ring':
      return `${rollout.rings[pause.ring ?? 0]?.name ?? 'A ring'} is`
    default:
      return 'This rollout is'
  }
}

function Clocks({ pause }: { pause: PauseState }) {
  const told = pause.devices
  return (
    <ol className="clocks">
      <li className="done">
        <Icon name="check" />
        <span>
          Decided <time dateTime={pause.decided_at}>{moment(pause.decided_at)}</time>
        </span>
        <span className="faint">no new offer since</span>
      </li>
      <li className={pause.accepted_at ? 'done' : 'open'}>
        <Icon name={pause.accepted_at ? 'check' : 'clock'} />
        <span>{pause.accepted_at ? <>Graph accepted <time dateTime={pause.accepted_at}>{moment(pause.accepted_at)}</time></> : 'Graph has not accepted it yet'}</span>
        <span className="faint">{pause.accepted_at ? '' : 'tried until it has'}</span>
      </li>
      <li className={told && told.not_yet === 0 && pause.accepted_at ? 'done' : 'open'}>
        <Icon name={told && told.not_yet === 0 && pause.accepted_at ? 'check' : 'clock'} />
        <span>
          Devices told{' '}
          {pause.devices_told_by ? (
            <>
              by <Time at={pause.devices_told_by} />
            </>
          ) : (
            'within 8 hours after that'
          )}
        </span>
        {told ? (
          <span className="faint">
            {told.in_flight === 0 ? 'none in flight' : `${count(told.checked_in)} of ${count(told.in_flight)} in flight checked in since (${percent(told.checked_in, told.in_flight)})`}
          </span>
        ) : null}
      </li>
    </ol>
  )
}
