/* What a person can do to a support request, in the words of `concentric support`. */
import { useState } from 'react'
import { send, type Schemas } from '../api/client'
import { Area, Select, Text } from '../ui/fields'
import type { Ask } from '../ui/dialog'
import { cli, curl } from './commands'
import { moment } from './format'
import { SUPPORT_SEVERITIES, type SupportSeverity, type SupportStep } from './support'

type Request = Schemas['SupportRequest']
const S = '/api/v1/tenants/{tenant}/support-requests/{support_request}'
const at = (tenant: string, request: Request, verb: string): string => `/api/v1/tenants/${tenant}/support-requests/${request.id}/${verb}`

interface StepWords {
  button: string
  title: string
  explain: string
  verb: string
  tone?: Ask['tone']
  done: string
}

const STEPS: Record<SupportStep, StepWords> = {
  in_progress: { button: 'Take up…', title: 'Take up the request', explain: 'Somebody works on it from now on.', verb: 'Take it up', done: 'The request is taken up.' },
  waiting: { button: 'Ask the requester…', title: 'Wait for the requester', explain: 'It waits for who filed it. Their next comment ends that.', verb: 'Wait for them', tone: 'hold', done: 'It waits for the requester.' },
  mitigated: { button: 'Mitigate…', title: 'The harm has ended', explain: 'It takes comments for 24 hours more, and may be reopened as long. After that another has to be filed that follows it.', verb: 'Mitigate', done: 'The request is mitigated.' },
  resolved: { button: 'Resolve…', title: 'Resolve the request', explain: 'It is over, for good: it takes no comment any more, and cannot be reopened.', verb: 'Resolve', tone: 'danger', done: 'The request is resolved.' },
}

export const stepButton = (step: SupportStep, request: Request): string => (step === 'in_progress' && request.status === 'waiting' ? 'Go on with it…' : STEPS[step].button)

/** Into another status, with what is said about it, and into whose hands. */
export function useStepAsk(tenant: string, request: Request, step: SupportStep, me: string): Ask {
  const takes = step === 'in_progress'
  const [comment, setComment] = useState('')
  const [assignee, setAssignee] = useState(request.assignee ?? me)
  const words = STEPS[step]
  const body: Schemas['MoveSupportRequest'] = {
    status: step,
    ...(comment.trim() ? { comment: comment.trim() } : {}),
    ...(takes && assignee.trim() && assignee.trim() !== request.assignee ? { assignee: assignee.trim() } : {}),
  }
  return {
    title: words.title,
    explain: (
      <>
        <p>{request.title}</p>
        <p className="faint">{words.explain}</p>
      </>
    ),
    fields: (
      <>
        {takes ? <Text label="Who works on it" value={assignee} onChange={setAssignee} max={200} /> : null}
        <Area label={step === 'waiting' ? 'What is asked' : 'Said with it'} value={comment} onChange={setComment} max={4000} hint="Part of the conversation." />
      </>
    ),
    verb: words.verb,
    ...(words.tone ? { tone: words.tone } : {}),
    reason: 'none',
    submit: async () => {
      await send('post', `${S}/move`, { path: { tenant, support_request: request.id }, body })
      setComment('')
    },
    done: words.done,
    cli: () => cli('support', 'status', request.id, step.replaceAll('_', '-'), ...(body.assignee ? ['--assignee', body.assignee] : []), ...(body.comment ? ['--comment', body.comment] : [])),
    curl: () => curl('POST', at(tenant, request, 'move'), body),
  }
}

/** Into other hands, or to another severity. */
export function useChangeAsk(tenant: string, request: Request): Ask {
  const [severity, setSeverity] = useState<SupportSeverity>(request.severity)
  const [assignee, setAssignee] = useState(request.assignee ?? '')
  const [comment, setComment] = useState('')
  const body: Schemas['MoveSupportRequest'] = {
    ...(severity === request.severity ? {} : { severity }),
    ...(assignee.trim() && assignee.trim() !== request.assignee ? { assignee: assignee.trim() } : {}),
    ...(comment.trim() ? { comment: comment.trim() } : {}),
  }
  return {
    title: 'Change the request',
    explain: <p>{request.title}</p>,
    fields: (
      <>
        <Select label="Severity" value={severity} onChange={setSeverity} options={SUPPORT_SEVERITIES.map(([word, text]) => [word, text] as const)} />
        <Text label="Who works on it" value={assignee} onChange={setAssignee} max={200} />
        <Area label="Said with it" value={comment} onChange={setComment} max={4000} hint="Part of the conversation." />
      </>
    ),
    verb: 'Change it',
    reason: 'none',
    submit: async () => {
      if (body.severity === undefined && body.assignee === undefined) throw new Error('Choose another severity, or somebody else who works on it.')
      await send('post', `${S}/move`, { path: { tenant, support_request: request.id }, body })
      setComment('')
    },
    done: 'The request is changed.',
    cli: () => cli('support', 'status', request.id, ...(body.severity ? ['--severity', body.severity] : []), ...(body.assignee ? ['--assignee', body.assignee] : []), ...(body.comment ? ['--comment', body.comment] : [])),
    curl: () => curl('POST', at(tenant, request, 'move'), body),
  }
}

export function askReopen(tenant: string, request: Request): Ask {
  return {
    title: 'Reopen the request',
    explain: (
      <>
        <p>{request.title}</p>
        <p className="faint">
          The harm is back: it goes on as in progress. That is possible for 24 hours after it was mitigated{request.reopen_until ? `, until ${moment(request.reopen_until)}` : ''}. The reason is part of the conversation.
        </p>
      </>
    ),
    verb: 'Reopen',
    reason: 'required',
    submit: (reason) => send('post', `${S}/reopen`, { path: { tenant, support_request: request.id }, body: { reason } }),
    done: 'The request goes on.',
    cli: (reason) => cli('support', 'reopen', request.id, '--reason', reason || '…'),
    curl: (reason) => curl('POST', at(tenant, request, 'reopen'), { reason }),
  }
}

/** To a desk that does not take it by itself, or once more. */
export function useHandOnAsk(tenant: string, request: Request, desks: readonly Schemas['SupportDesk'][]): Ask {
  const [chosen, setChosen] = useState('')
  const desk = desks.find((one) => one.id === chosen) ?? desks[0]
  return {
    title: 'Hand the request on',
    explain: <p>To a desk that does not take it by itself, or once more after that was given up. The desk is told of it, and of what is said afterwards.</p>,
    fields: <Select label="Desk" value={desk?.id ?? ''} onChange={setChosen} options={desks.map((one) => [one.id, one.name] as const)} />,
    verb: 'Hand on',
    reason: 'none',
    submit: async () => {
      if (!desk) throw new Error('There is no desk.')
      await send('post', `${S}/hand-on`, { path: { tenant, support_request: request.id }, body: { desk_id: desk.id } })
    },
    done: `The request is handed on to ${desk?.name ?? 'the desk'}.`,
    cli: () => cli('support', 'hand-on', request.id, '--desk', desk?.name ?? '…'),
    curl: () => curl('POST', at(tenant, request, 'hand-on'), { desk_id: desk?.id }),
  }
}
