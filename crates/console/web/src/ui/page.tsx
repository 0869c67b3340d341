import { useEffect, type ReactNode } from 'react'

/** The head of a page; also names the tab. */
export function Page({ title, lead, aside, children }: { title: string; lead?: ReactNode; aside?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Concentric`
  }, [title])
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>{title}</h1>
          {lead ? <div className="lead">{lead}</div> : null}
        </div>
        {aside ? <div className="page-aside">{aside}</div> : null}
      </div>
      {children}
    </div>
  )
}
