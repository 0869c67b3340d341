/* What the signed-in person may do. The service decides; this only says so before they try. */
import type { Schemas } from '../api/client'

export type Ability = 'read' | 'pause' | 'operate' | 'release' | 'approve' | 'policy' | 'audit' | 'administer'

const ABILITIES: Record<Schemas['Role'], readonly Ability[]> = {
  viewer: ['read'],
  operator: ['read', 'pause', 'operate'],
  release_manager: ['read', 'pause', 'operate', 'release'],
  approver: ['read', 'pause', 'approve'],
  policy_administrator: ['read', 'pause', 'policy'],
  auditor: ['read', 'audit'],
  tenant_administrator: ['read', 'pause', 'operate', 'release', 'approve', 'policy', 'audit', 'administer'],
}

const NEEDS: Record<Ability, string> = {
  read: 'any role',
  pause: 'the role operator, or any other whose work goes on devices',
  operate: 'the role operator',
  release: 'the role release manager',
  approve: 'the role approver',
  policy: 'the role policy administrator',
  audit: 'the role auditor',
  administer: 'the role tenant administrator',
}

/** Whether the grants contain `ability` for a tenant (and a ring set of it, where one is meant). */
export function may(grants: readonly Schemas['Grant'][], ability: Ability, tenant?: string, ringSet?: string): boolean {
  return grants.some((grant) => {
    const reaches = !grant.tenant_id || tenant === undefined || grant.tenant_id === tenant
    const acts = !grant.ring_set_ids || ability === 'read' || (ringSet !== undefined && grant.ring_set_ids.includes(ringSet))
    return reaches && acts && grant.roles.some((role) => (ABILITIES[role] ?? []).includes(ability))
  })
}

export const needs = (ability: Ability): string => `This needs ${NEEDS[ability]}. Whoever administers the tenant can give it: page Access.`

/** Which ability an action on a rollout takes. What the service paused takes more to resume. */
export function abilityOf(action: string, rollout?: Schemas['Rollout']): Ability {
  if (action === 'pause') return 'pause'
  if (action === 'resume') return rollout?.phase.paused_by === 'person' || !rollout?.phase.paused_by ? 'operate' : 'release'
  return 'release'
}
