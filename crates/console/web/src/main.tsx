import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './api/client'
import { session, worthRetrying } from './api/queries'
import { setConnected } from './lib/connection'
import { applyTheme } from './lib/settings'
import { makeRouter } from './router'
import { Toasts } from './ui/toast'
import './styles/tokens.css'
import './styles/base.css'
import './styles/parts.css'
import './styles/charts.css'

applyTheme()

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      if (!(error instanceof ApiError)) return
      if (error.unreachable || error.status >= 502) setConnected(false)
      // The session ended: ask again who is signed in, and the sign-in page shows.
      if (error.status === 401) void client.invalidateQueries({ queryKey: session.queryKey })
    },
    onSuccess: () => setConnected(true),
  }),
  defaultOptions: {
    // Retries are for reads nobody answered; the interval reads again anyway.
    queries: { retry: worthRetrying, retryDelay: (failures) => 500 * 2 ** failures, staleTime: 1_000, networkMode: 'always' },
    mutations: { networkMode: 'always' },
  },
})

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <Toasts>
          <RouterProvider router={makeRouter()} />
        </Toasts>
      </QueryClientProvider>
    </StrictMode>,
  )
}
