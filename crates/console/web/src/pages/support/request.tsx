import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { address, type Schemas } from '../../api/client'
import { session, supportRequest, whole } from '../../api/queries'
import { now } from '../../lib/clock'
import { cli } from '../../lib/commands'
import { absolute, count, moment, words } from '../../lib/format'
import { useMay } from '../../lib/session'
import { answerLook, isFollowed, reopenBlocked, stepsOf, supportSeverityLook, supportStatusLook, type SupportStep } from '../../lib/support'
import { askReopen, stepButton, useChangeAsk, useHandOnAsk, useStepAsk } from '../../lib/supportacts'
import { Act } from '../../ui/act'
import { Command, CopyButton, Fact, Loaded, Panel, State, Time, useTick } from '../../ui/basics'
import { Opens } from '../../ui/opens'
import { Page } from '../../ui/page'
import { About } from './about'
import { Conversation } from './conversation'
import { FileForm } from './file'

type Detail = Schemas['SupportRequestDetail']

/** What is the matter, what was known, what was said, and what is next? */
export function SupportRequestPage() {
  const { tenant, request: id } = useParams({ from: '/t/$tenant/support/$request' })
  const query = useQuery(supportRequest(tenant, id))
  return (
    <Loaded query={query} rows={8} title="Support request">
      {(request) => (
        <Page
          title={request.title}
          lead={
            <p className="row">
              <State look={supportSeverityLook(request.severity)} />
              <State look={supportStatusLook(request.status)} quiet />
              <State look={answerLook(request)} quiet />
              <span>
                <About tenant={tenant} about={request.about} />
              </span>
              <Link to="/t/$tenant/support" params={{ tenant }}>
                All requests
              </Link>
            </p>
          }
          aside={<Actions key={`${request.id} ${request.status}`} tenant={tenant} request={request} />}
        >
          <Ended request={request} />
          <div className="columns main-side">
            <Conversation tenant={tenant} request={request} />
            <div className="page">
              <Facts tenant={tenant} request={request} />
              <Evidence tenant={tenant} request={request} />
              <Tickets tenant={tenant} request={request} />
            </div>
          </div>
        </Page>
      )}
    </Loaded>
  )
}

/** Where a request stands that goes on only by being reopened, or not at all. */
function Ended({ request }: { request: Detail }) {
  useTick()
  if (request.status === 'resolved') {
    return <p className="notice quiet">It was resolved {moment(request.status_at)}, for good. If the matter is back, file another request that follows it.</p>
  }
  if (request.status !== 'mitigated' || !request.reopen_until) return null
  return isFollowed(request, now()) ? (
    <p className="notice quiet">It was mitigated more than 24 hours ago, so it is not reopened any more. If the harm is back, file another request that follows it.</p>
  ) : (
    <p className="notice good">
      The harm has ended. It takes comments and may be reopened until{' '}
      <time dateTime={request.reopen_until} title={absolute(request.reopen_until)}>
        {moment(request.reopen_until)}
      </time>
      , 24 hours after it was mitigated; later, another request is filed that follows it.
    </p>
  )
}

function Actions({ tenant, request }: { tenant: string; request: Detail }) {
  useTick()
  const change = useChangeAsk(tenant, request)
  const isOver = request.status === 'mitigated' || request.status === 'resolved'
  return (
    <div className="buttons" data-actions role="group" aria-label="Actions">
      {isOver ? (
        <Act ability="operate" ask={() => askReopen(tenant, request)} blocked={reopenBlocked(request, now())}>
          Reopen…
        </Act>
      ) : null}
      {stepsOf(request).map((step, at) => (
        <Step key={step} tenant={tenant} request={request} step={step} tone={at === 0 && !isOver ? 'primary' : ''} />
      ))}
      {isOver ? null : (
        <Act ability="operate" ask={() => change}>
          Change…
        </Act>
      )}
      {isFollowed(request, now()) ? (
        <Opens label="File another that follows it…" ability="operate">
          {(close) => (
            <FileForm
              tenant={tenant}
              about={request.about.kind === 'tenant' ? { kind: 'tenant' } : { kind: request.about.kind, id: request.about.id }}
              name={request.about.name}
              category={request.category}
              follows={request}
              onClose={close}
            />
          )}
        </Opens>
      ) : null}
    </div>
  )
}

function Step({ tenant, request, step, tone }: { tenant: string; request: Detail; step: SupportStep; tone: string }) {
  const me = useQuery(session).data?.name ?? ''
  const ask = useStepAsk(tenant, request, step, me)
  return (
    <Act ability="operate" ask={() => ask} tone={tone}>
      {stepButton(step, request)}
    </Act>
  )
}

function Facts({ tenant, request }: { tenant: string; request: Detail }) {
  return (
    <Panel title="The request">
      <dl className="facts">
        <Fact name="About">
          <About tenant={tenant} about={request.about} />
        </Fact>
        <Fact name="Category">{words(request.category)}</Fact>
        <Fact name="Filed">
          <Time at={request.created_at} /> by {request.requester}
        </Fact>
        <Fact name="Works on it">{request.assignee ?? <span className="faint">nobody yet</span>}</Fact>
        <Fact name="First answer">{request.answered_at ? <Time at={request.answered_at} /> : `due by ${moment(request.answer_by)}`}</Fact>
        <Fact name={`${supportStatusLook(request.status).word} since`}>
          <Time at={request.status_at} />
        </Fact>
        {request.follows ? (
          <Fact name="Follows">
            <Link to="/t/$tenant/support/$request" params={{ tenant, request: request.follows }}>
              an earlier request
            </Link>
          </Fact>
        ) : null}
        <Fact name="Id">
          <code>{request.id}</code>
        </Fact>
      </dl>
    </Panel>
  )
}

/** What was known when it was filed, as a file. It holds entries of the audit trail, so not for everybody. */
function Evidence({ tenant, request }: { tenant: string; request: Detail }) {
  const { allowed, why } = useMay('operate')
  const of = (part: 'bundle' | 'export', format?: string): string => address(`/api/v1/tenants/{tenant}/support-requests/{request}/${part}`, { tenant, request: request.id }, { format })
  return (
    <Panel title="Evidence">
      <p>What was known when it was filed: {count(request.bundle_bytes)} bytes of JSON, without secrets, never changed since.</p>
      <dl className="facts">
        <Fact name="SHA-256, in the audit trail too">
          <code>{request.bundle_sha256}</code>
        </Fact>
      </dl>
      {allowed ? (
        <div className="buttons">
          <a className="button" href={of('bundle')} download>
            Download the evidence
          </a>
          <a className="button" href={of('export', 'markdown')} download>
            Export as Markdown
          </a>
          <a className="button" href={of('export', 'json')} download>
            Export as JSON
          </a>
          <CopyButton text={request.bundle_sha256} label="Copy the SHA-256">
            Copy the SHA-256
          </CopyButton>
        </div>
      ) : (
        <p className="faint">{why}</p>
      )}
      <Command label="On the command line" text={cli('support', 'bundle', request.id, '--file', 'evidence.json')} />
    </Panel>
  )
}

/** What the desks call it. */
function Tickets({ tenant, request }: { tenant: string; request: Detail }) {
  const desks = useQuery(whole(tenant, 'support-desks')).data
  const ask = useHandOnAsk(tenant, request, desks ?? [])
  const references = request.references ?? []
  return (
    <Panel
      title="At desks"
      aside={
        <Act ability="operate" tone="small" ask={() => ask} blocked={desks?.length === 0 ? 'There is no desk. An administrator can add one on the page Support.' : undefined}>
          Hand on…
        </Act>
      }
    >
      {references.length === 0 ? (
        <p className="faint">No desk has a ticket of it.</p>
      ) : (
        <ul className="plain-list">
          {references.map((one) => (
            <li key={one.desk_id}>
              <strong>{one.name}</strong> at {one.desk}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}
