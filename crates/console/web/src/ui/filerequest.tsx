import { Suspense, lazy } from 'react'
import type { Schemas } from '../api/client'
import { useTenantId } from '../lib/session'
import { Opens } from './opens'

const FileForm = lazy(() => import('../pages/support/file').then(({ FileForm: form }) => ({ default: form })))

/** Asks for help with a thing, from the page of it. */
export function FileRequest({ about, name, category, tone = '' }: { about: Schemas['SupportAbout']; name: string; category: Schemas['SupportCategory']; tone?: string }) {
  const tenant = useTenantId()
  return (
    <Opens label="File a support request…" ability="operate" tone={tone}>
      {(close) => (
        <Suspense fallback={null}>
          <FileForm tenant={tenant} about={about} name={name} category={category} onClose={close} />
        </Suspense>
      )}
    </Opens>
  )
}
