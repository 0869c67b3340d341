import { useQuery } from '@tanstack/react-query'
import { createContext, use } from 'react'
import type { Schemas } from '../api/client'
import { session, tenants } from '../api/queries'
import { may, needs, type Ability } from './access'

/** The tenant that the address names. */
export const TenantContext = createContext<string | undefined>(undefined)
export const useTenantId = (): string => use(TenantContext) ?? ''

export function useTenant(): Schemas['Tenant'] | undefined {
  const id = useTenantId()
  return useQuery(tenants).data?.find((tenant) => tenant.id === id)
}

/** Whether one may, and if not, the sentence that says what it takes. */
export function useMay(ability: Ability, ringSet?: string): { allowed: boolean; why: string } {
  const { data } = useQuery(session)
  const tenant = useTenantId()
  const allowed = may(data?.grants ?? [], ability, tenant || undefined, ringSet)
  return { allowed, why: allowed ? '' : needs(ability) }
}
