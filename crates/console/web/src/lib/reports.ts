/* What a report shows at first, and how its cells read. The columns themselves are told by the service. */
import { count, moment, words } from './format'

/** Columns that answer the question of a report; the rest is one click away. */
const FIRST: Record<string, readonly string[]> = {
  'quality-status': ['name', 'ring_set', 'ring', 'status', 'build', 'why', 'owner', 'age_days', 'last_check_in'],
  'feature-status': ['name', 'ring_set', 'ring', 'status', 'version', 'serviced_to', 'target', 'why', 'owner'],
  'ineligible-devices': ['name', 'model', 'readiness', 'why', 'fix', 'owner', 'age_days', 'last_check_in'],
  trending: ['day', 'ring_set', 'ring', 'devices', 'up_to_date', 'in_progress', 'paused', 'not_up_to_date', 'latest_percent', 'quality_percent'],
  'release-history': ['release', 'update', 'ring_set', 'phase', 'created_at', 'devices', 'confirmed', 'failed', 'lost', 'complete_percent'],
  compliance: ['objective', 'ring_set', 'ring', 'holds', 'percent', 'target_percent', 'met', 'eligible', 'excluded', 'excluded_why'],
  exposure: ['update', 'severity', 'exploited', 'ring_set', 'ring', 'exposed', 'devices', 'exposed_days'],
  holds: ['kind', 'subject', 'reason', 'owner', 'since', 'age_days', 'expires_at', 'devices'],
}

export function shownColumns(report: string, all: readonly string[], wanted: string | undefined): string[] {
  const chosen = (wanted?.split(',') ?? FIRST[report] ?? all).filter((name) => all.includes(name))
  return chosen.length > 0 ? chosen : [...all]
}

export type Cell = string | number | boolean | null | undefined

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

export const isEmpty = (cell: Cell): boolean => cell === null || cell === undefined || cell === ''

/** A cell in words. Names of people, devices and releases stay as they are; words of ours lose their underscores. */
export function cellText(column: string, cell: Cell): string {
  if (cell === null || cell === undefined || cell === '') return ''
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  if (typeof cell === 'number') return column.endsWith('_percent') || column === 'percent' ? `${cell} %` : Number.isInteger(cell) && column !== 'latest_revision' ? count(cell) : String(cell)
  if (TIME.test(cell)) return moment(cell)
  return OURS.has(column) ? words(cell) : cell
}

/** Columns whose values are words of the service. */
const OURS = new Set(['readiness', 'reason', 'owner', 'client_state', 'phase', 'kind', 'objective', 'severity'])

/** Whether a column holds numbers, by the first value it has. */
export const isNumeric = (rows: readonly Record<string, Cell>[], column: string): boolean => typeof rows.find((row) => !isEmpty(row[column]))?.[column] === 'number'

/** `status=up_to_date and ring=Fast`; none where a value cannot be said in a filter. */
export function conditions(pairs: readonly (readonly [string, string])[]): string | undefined {
  if (pairs.some(([, value]) => value.includes(' and ') || value.trim() !== value || value === '')) return undefined
  return pairs.map(([column, value]) => `${column}=${value}`).join(' and ')
}

/** The order after the head of a column was pressed: rising, falling, none. */
export function nextOrder(order: string | undefined, column: string): string | undefined {
  if (order === column || order === `${column} asc`) return `${column} desc`
  return order === `${column} desc` ? undefined : column
}
