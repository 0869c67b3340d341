/* What is read, under which key, and how often again. */
import { keepPreviousData, queryOptions, type QueryClient } from '@tanstack/react-query'
import { ApiError, get, request, type Answer, type Schemas } from './client'

/** Whether somebody is signed in, as `GET /auth/session` says. Never an error of its own. */
export interface Session {
  signed_in: boolean
  name?: string | null
  grants?: Schemas['Grant'][]
  expires_at?: string | null
  methods: { token: boolean; oidc: boolean }
}

/** For a form over something that is there: read anew for it, and then left alone, so that the change is held against what was seen. */
export const FOR_A_FORM = { staleTime: 0, gcTime: 0, refetchOnWindowFocus: false } as const

const LIVE = 2_000
const SLOW = 10_000
const T = '/api/v1/tenants/{tenant}'

export const session = queryOptions({
  queryKey: ['session'],
  queryFn: () => request('GET', '/auth/session') as Promise<Session>,
  staleTime: 60_000,
  refetchInterval: 60_000,
})

export const tenants = queryOptions({
  queryKey: ['tenants'],
  queryFn: async () => (await get('/api/v1/tenants', { query: { page_size: 500 } })).items,
  refetchInterval: SLOW,
})

const of = (tenant: string, ...rest: unknown[]): unknown[] => ['t', tenant, ...rest]

export const rollouts = (tenant: string) =>
  queryOptions({
    queryKey: of(tenant, 'rollouts'),
    queryFn: async () => {
      const path = { tenant }
      const items: Schemas['Rollout'][] = []
      let token: string | undefined
      // Ten pages of a hundred: what came before is found by the audit trail.
      for (let page = 0; page < 10; page += 1) {
        const list = await get(`${T}/rollouts`, { path, query: token ? { page_token: token } : {} })
        items.push(...list.items)
        token = list.next_page_token ?? undefined
        if (!token) break
      }
      return items
    },
    refetchInterval: 4_000,
  })

export const rollout = (tenant: string, id: string) =>
  queryOptions({
    queryKey: of(tenant, 'rollout', id),
    queryFn: () => get(`${T}/rollouts/{rollout}`, { path: { tenant, rollout: id } }),
    refetchInterval: LIVE,
  })

export const explanation = (tenant: string, id: string) =>
  queryOptions({
    queryKey: of(tenant, 'rollout', id, 'explain'),
    queryFn: () => get(`${T}/rollouts/{rollout}/explain`, { path: { tenant, rollout: id } }),
    refetchInterval: LIVE,
    placeholderData: keepPreviousData,
  })

export const explanationAt = (tenant: string, id: string, at: string) =>
  queryOptions({
    queryKey: of(tenant, 'rollout', id, 'explain', at),
    queryFn: () => get(`${T}/rollouts/{rollout}/explain`, { path: { tenant, rollout: id }, query: { at } }),
    staleTime: Infinity,
  })

/** What a rollout has besides: read again when its history grows, and now and then. */
export const rolloutPart = <P extends 'failures' | 'segments' | 'approvals' | 'signals' | 'plans'>(tenant: string, id: string, part: P) =>
  queryOptions({
    queryKey: of(tenant, 'rollout', id, part),
    queryFn: () => get(`${T}/rollouts/{rollout}/${part}`, { path: { tenant, rollout: id } }),
    refetchInterval: SLOW,
  })

export const rollbackPreview = (tenant: string, id: string) =>
  queryOptions({
    queryKey: of(tenant, 'rollout', id, 'rollback-preview'),
    queryFn: () => get(`${T}/rollouts/{rollout}/rollback-preview`, { path: { tenant, rollout: id } }),
    staleTime: 0,
  })

export const events = (tenant: string, id: string) =>
  queryOptions({
    queryKey: of(tenant, 'rollout', id, 'events'),
    queryFn: async () => {
      const all: Schemas['Event'][] = []
      let after = 0
      for (let page = 0; page < 20; page += 1) {
        const { items } = await get(`${T}/rollouts/{rollout}/events`, { path: { tenant, rollout: id }, query: { after, limit: 500 } })
        all.push(...items)
        const last = items.at(-1)
        if (!last || items.length < 500) break
        after = last.seq
      }
      return all
    },
    staleTime: Infinity,
  })

export interface DeviceSearch {
  name_prefix?: string | undefined
  filter?: string | undefined
  ring_set_id?: string | undefined
  ring?: number | undefined
  rollout_id?: string | undefined
  state?: Schemas['AttemptState'] | undefined
  standing?: string | undefined
  reason?: string | undefined
  model?: string | undefined
  page_token?: string | undefined
}

export const devicePage = (tenant: string, query: DeviceSearch, size = 50) =>
  queryOptions({
    queryKey: of(tenant, 'devices', query, size),
    queryFn: ({ signal }) =>
      get(`${T}/devices`, { path: { tenant }, signal, query: { ...query, page_size: size } as never }),
    placeholderData: keepPreviousData,
    retry: false,
  })

export const device = (tenant: string, id: string) =>
  queryOptions({
    queryKey: of(tenant, 'device', id),
    queryFn: () => get(`${T}/devices/{device}`, { path: { tenant, device: id } }),
    refetchInterval: SLOW,
  })

export const deviceExplanation = (tenant: string, id: string) =>
  queryOptions({
    queryKey: of(tenant, 'device', id, 'explain'),
    queryFn: () => get(`${T}/devices/{device}/explain`, { path: { tenant, device: id } }),
    refetchInterval: SLOW,
  })

type ListName =
  | 'updates' | 'releases' | 'ring-sets' | 'freezes' | 'holidays' | 'rules' | 'signals' | 'plans' | 'pauses' | 'holds'

type Item<N extends ListName> = Answer<`/api/v1/tenants/{tenant}/${N}`, 'get'> extends { items: (infer I)[] } ? I : never

/** A short list, whole. */
export const list = <N extends ListName>(tenant: string, name: N) =>
  queryOptions({
    queryKey: of(tenant, name),
    queryFn: async () => ((await get(`${T}/${name}`, { path: { tenant } })) as { items: Item<N>[] }).items,
    refetchInterval: SLOW,
  })

type WholeName = 'support-desks' | 'contacts' | 'notification-channels' | 'report-views' | 'report-schedules'

type ItemOf<N extends WholeName> = Answer<`/api/v1/tenants/{tenant}/${N}`, 'get'> extends { items: (infer I)[] } ? I : never

/** A list that a tenant has a hundred of, or a few hundred at most. */
export const whole = <N extends WholeName>(tenant: string, name: N) =>
  queryOptions({
    queryKey: of(tenant, name),
    queryFn: async () => ((await get(`${T}/${name}`, { path: { tenant }, query: { page_size: 500 } as never })) as { items: ItemOf<N>[] }).items,
    refetchInterval: SLOW,
  })

type OneName = 'registration' | 'enrollment' | 'budget' | 'version-floors' | 'strategies'

export const one = <N extends OneName>(tenant: string, name: N) =>
  queryOptions({
    queryKey: of(tenant, name),
    queryFn: () => get(`${T}/${name}`, { path: { tenant } }),
    refetchInterval: SLOW,
  })

/** The newest assessment of the tenant, or `null` before the first. Which there is is asked first, for a browser says of every
    answer "not found" that something failed, and that there is none yet is no failure. */
export const assessment = (tenant: string) =>
  queryOptions({
    queryKey: of(tenant, 'readiness'),
    queryFn: async () => {
      const newest = (await get(`${T}/readiness/history`, { path: { tenant }, query: { page_size: 1 } })).items[0]
      return newest ? await get(`${T}/readiness/history/{assessment}`, { path: { tenant, assessment: newest.id } }) : null
    },
    refetchInterval: SLOW,
  })

export const proof = (tenant: string, ringSet: string) =>
  queryOptions({
    queryKey: of(tenant, 'ring-sets', ringSet, 'proof'),
    queryFn: () => get(`${T}/ring-sets/{ring_set}/proof`, { path: { tenant, ring_set: ringSet } }),
    staleTime: 60_000,
  })

export const offerTimes = (tenant: string, ringSet: string, ring: string) =>
  queryOptions({
    queryKey: of(tenant, 'ring-sets', ringSet, 'calendar', ring),
    queryFn: () => get(`${T}/ring-sets/{ring_set}/calendar`, { path: { tenant, ring_set: ringSet }, query: { ring, count: 6 } }),
    refetchInterval: 30_000,
  })

export interface AuditSearch {
  actor?: string | undefined
  kind?: string | undefined
  since?: string | undefined
  until?: string | undefined
  page_token?: string | undefined
}

export const audit = (tenant: string, query: AuditSearch) =>
  queryOptions({
    queryKey: of(tenant, 'audit', query),
    queryFn: () =>
      get(`${T}/audit`, { path: { tenant }, query: { ...query, order: 'newest_first', page_size: 100 } as never }),
    placeholderData: keepPreviousData,
    refetchInterval: query.page_token ? false : SLOW,
  })

export const tenantHealth = (tenant: string) =>
  queryOptions({
    queryKey: of(tenant, 'health'),
    queryFn: () => get(`${T}/health`, { path: { tenant } }),
    refetchInterval: SLOW,
  })

export const reportDescriptions = (tenant: string) =>
  queryOptions({
    queryKey: of(tenant, 'reports'),
    queryFn: async () => (await get(`${T}/reports`, { path: { tenant } })).items,
    staleTime: Infinity,
  })

export interface ReportSearch {
  filter?: string | undefined
  order_by?: string | undefined
  page_token?: string | undefined
}

export const reportPage = (tenant: string, report: string, query: ReportSearch, size = 50) =>
  queryOptions({
    queryKey: of(tenant, 'reports', report, query, size),
    queryFn: ({ signal }) => get(`${T}/reports/{report}`, { path: { tenant, report }, signal, query: { ...query, page_size: size } as never }),
    placeholderData: keepPreviousData,
    refetchInterval: query.page_token ? false : 30_000,
    retry: false,
  })

export interface AlertSearch {
  severity?: string | undefined
  kind?: string | undefined
  resolved?: boolean | undefined
  page_token?: string | undefined
}

export const alertPage = (tenant: string, query: AlertSearch = {}) =>
  queryOptions({
    queryKey: of(tenant, 'alerts', query),
    queryFn: () => get(`${T}/alerts`, { path: { tenant }, query: query as never }),
    placeholderData: keepPreviousData,
    refetchInterval: SLOW,
  })

export const alert = (tenant: string, id: string) =>
  queryOptions({
    queryKey: of(tenant, 'alerts', id),
    queryFn: () => get(`${T}/alerts/{alert}`, { path: { tenant, alert: id } }),
    refetchInterval: SLOW,
  })

export interface SupportPage {
  filter?: string | undefined
  order_by?: string | undefined
  page_token?: string | undefined
}

export const supportPage = (tenant: string, query: SupportPage, size = 50) =>
  queryOptions({
    queryKey: of(tenant, 'support-requests', query, size),
    queryFn: () => get(`${T}/support-requests`, { path: { tenant }, query: { ...query, page_size: size } as never }),
    placeholderData: keepPreviousData,
    refetchInterval: query.page_token ? false : SLOW,
  })

export const supportRequest = (tenant: string, id: string) =>
  queryOptions({
    queryKey: of(tenant, 'support-requests', id),
    queryFn: () => get(`${T}/support-requests/{support_request}`, { path: { tenant, support_request: id } }),
    refetchInterval: SLOW,
  })

export const deskDeliveries = (tenant: string, desk: string) =>
  queryOptions({
    queryKey: of(tenant, 'support-desks', desk, 'deliveries'),
    queryFn: async () => {
      const items: Schemas['DeskDelivery'][] = []
      let token: string | undefined
      // In the order of time: what matters comes last.
      for (let page = 0; page < 4; page += 1) {
        const list = await get(`${T}/support-desks/{support_desk}/deliveries`, { path: { tenant, support_desk: desk }, query: { page_size: 500, ...(token ? { page_token: token } : {}) } })
        items.push(...list.items)
        token = list.next_page_token ?? undefined
        if (!token) break
      }
      return items
    },
    refetchInterval: SLOW,
  })

export interface LetterSearch {
  state?: string | undefined
  kind?: string | undefined
  page_token?: string | undefined
}

export const letterPage = (tenant: string, query: LetterSearch, size = 25) =>
  queryOptions({
    queryKey: of(tenant, 'notifications', query, size),
    queryFn: () => get(`${T}/notifications`, { path: { tenant }, query: { ...query, page_size: size } as never }),
    placeholderData: keepPreviousData,
    refetchInterval: query.page_token ? false : SLOW,
  })

export const letter = (tenant: string, id: string) =>
  queryOptions({
    queryKey: of(tenant, 'notifications', id),
    queryFn: () => get(`${T}/notifications/{letter}`, { path: { tenant, letter: id } }),
    refetchInterval: SLOW,
  })

/** The sorts of messages; they change with the version of the service alone. */
export const notificationTopics = queryOptions({
  queryKey: ['notification-topics'],
  queryFn: async () => (await get('/api/v1/notification-topics')).items,
  staleTime: Infinity,
})

export const tokens = queryOptions({
  queryKey: ['tokens'],
  queryFn: async () => (await get('/api/v1/tokens', { query: { page_size: 500 } })).items,
})

/** Reads again what a change of this tenant may have touched. */
export const changed = (client: QueryClient, tenant: string): Promise<void> => client.invalidateQueries({ queryKey: ['t', tenant] })

/** Trying again helps only where nobody answered; everything else was said on purpose. */
export function worthRetrying(failures: number, error: Error): boolean {
  return error instanceof ApiError && (error.unreachable || error.status >= 502) && failures < 2
}
