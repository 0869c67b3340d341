import { useEffect, useId, useState, type ReactNode } from 'react'
import { ApiError } from '../api/client'
import { absolute, relative } from '../lib/format'
import { now } from '../lib/clock'
import type { Look } from '../lib/states'
import { Icon } from './icon'
import { Page } from './page'

/** Word, icon and colour together. */
export function State({ look, quiet = false }: { look: Look; quiet?: boolean }) {
  return (
    <span className={quiet ? `state quiet-box ${look.tone}` : `state ${look.tone}`}>
      <Icon name={look.icon} />
      {look.word}
    </span>
  )
}

/** Re-renders now and then, so that ages stay true. */
export function useTick(milliseconds = 5_000): void {
  const [, set] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => set((count) => count + 1), milliseconds)
    return () => clearInterval(timer)
  }, [milliseconds])
}

/** Relative, and absolute for whoever points at it or reads it out. */
export function Time({ at }: { at: string | null | undefined }) {
  useTick()
  if (!at) return <span className="faint">never</span>
  const text = absolute(at)
  return (
    <time dateTime={at} title={text}>
      {relative(Date.parse(at), now())}
    </time>
  )
}

export function Panel({ title, id, aside, children, className = '' }: { title: ReactNode; id?: string; aside?: ReactNode; children: ReactNode; className?: string }) {
  const heading = useId()
  return (
    <section className={`panel ${className}`} aria-labelledby={heading} {...(id ? { id } : {})}>
      <header>
        <h2 id={heading}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  )
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** A text of the service, whose commands stand between backticks. */
export function Prose({ text }: { text: string }) {
  return <>{text.split('`').map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</>
}

/** Shown only when it takes long enough to be noticed. */
export function Skeleton({ rows = 4, label = 'Loading' }: { rows?: number; label?: string }) {
  const [late, setLate] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 300)
    return () => clearTimeout(timer)
  }, [])
  if (!late) return <div className="before-skeleton" aria-busy="true" />
  return (
    <div className="skeleton" role="status" aria-busy="true">
      <span className="sr">{label}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className={`bone w${(row * 7) % 4}`} />
      ))}
    </div>
  )
}

/** What it is, why there is none, and one next step. */
export function Empty({ title, children, cli }: { title: string; children?: ReactNode; cli?: string }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
      {cli ? <Command text={cli} label="On the command line" /> : null}
    </div>
  )
}

export function Command({ text, label }: { text: string; label: string }) {
  return (
    <div className="command">
      <span className="command-label">{label}</span>
      <code tabIndex={0}>{text}</code>
      <CopyButton text={text} label={`Copy: ${label}`} />
    </div>
  )
}

export function CopyButton({ text, label, children = 'Copy' }: { text: string; label: string; children?: ReactNode }) {
  const [done, setDone] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text).catch(() => undefined)
    setDone(true)
    setTimeout(() => setDone(false), 2_000)
  }
  return (
    <button type="button" className="small" onClick={() => void copy()} aria-label={label}>
      {done ? 'Copied' : children}
    </button>
  )
}

/** A problem as the service told it, what to do, and the id that finds it in the log. */
export function Failed({ error, retry }: { error: Error; retry?: () => void }) {
  const problem = error instanceof ApiError ? error.problem : undefined
  const denied = error instanceof ApiError && error.status === 403
  return (
    <div className={`notice ${denied ? 'hold' : 'bad'}`} role="alert">
      <p className="notice-title">
        <Icon name={denied ? 'lock' : 'warning'} />
        {denied ? 'You may not see this' : (problem?.title ?? 'Something in this page failed')}
      </p>
      <p>{problem?.detail || error.message}</p>
      {problem?.errors?.length ? (
        <ul>
          {problem.errors.map((one) => (
            <li key={one.pointer + one.detail}>
              <code>{one.pointer}</code>: {one.detail}
            </li>
          ))}
        </ul>
      ) : null}
      <p className="row">
        {retry && !denied ? (
          <button type="button" onClick={retry}>
            Try again
          </button>
        ) : null}
        {problem?.trace_id ? (
          <span className="faint">
            In the log as <code>{problem.trace_id}</code>
          </span>
        ) : null}
      </p>
    </div>
  )
}

interface Result<T> {
  data: T | undefined
  error: Error | null
  dataUpdatedAt: number
  refetch: () => unknown
}

/** One of: skeleton, problem, what was read; and with what was read last, greyed, when reading on fails. Where the head of
    a page is made of what is read, `title` stands in for it until then. */
export function Loaded<T>({ query, rows, title, children }: { query: Result<T>; rows?: number; title?: string; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) {
    const old = query.error !== null
    return (
      <div className={old ? 'stale' : undefined}>
        {old ? <p className="stale-note">Read {relative(query.dataUpdatedAt, Date.now())}; reading it again failed: {query.error?.message}</p> : null}
        {children(query.data)}
      </div>
    )
  }
  const instead = query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <Skeleton {...(rows ? { rows } : {})} />
  return title === undefined ? instead : <Page title={title}>{instead}</Page>
}

/** A table that scrolls sideways by itself, and by keyboard. A column of numbers has a `#` before its name, or is one of
    `numbers`. */
export function Table({ caption, head, children, hideCaption = true, numbers, tight = false }: { caption: string; head: readonly ReactNode[]; children: ReactNode; hideCaption?: boolean; numbers?: (column: number) => boolean; tight?: boolean }) {
  return (
    <div className={tight ? 'table tight' : 'table'} tabIndex={0} role="group" aria-label={caption}>
      <table>
        <caption className={hideCaption ? 'sr' : undefined}>{caption}</caption>
        <thead>
          <tr>
            {head.map((name, at) => (
              <th key={at} scope="col" className={numbers?.(at) || (typeof name === 'string' && name.startsWith('#')) ? 'n' : undefined}>
                {typeof name === 'string' ? name.replace(/^#/, '') : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}

/** A picture with its sentence, and the same as a table. */
export function Figure({ sentence, table, children }: { sentence: string; table: ReactNode; children: ReactNode }) {
  return (
    <figure>
      {children}
      <figcaption>{sentence}</figcaption>
      <details className="as-table">
        <summary>As a table</summary>
        {table}
      </details>
    </figure>
  )
}
