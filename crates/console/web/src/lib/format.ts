/* Numbers and times as people read them. */

const whole = new Intl.NumberFormat('en-US')

export const count = (value: number): string => whole.format(value)

export function devices(value: number): string {
  return `${count(value)} ${value === 1 ? 'device' : 'devices'}`
}

export function percent(part: number, of: number): string {
  if (of === 0) return '0 %'
  const value = (100 * part) / of
  if (part > 0 && value < 0.1) return '< 0.1 %'
  // Not 100 % as long as one is missing.
  if (part < of && value > 99.9) return '> 99.9 %'
  return `${(value < 10 || value > 99) && value % 1 !== 0 ? value.toFixed(1) : Math.round(value)} %`
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `3 h`, `2 d 4 h`: the two largest units. */
export function length(milliseconds: number): string {
  const value = Math.abs(milliseconds)
  if (value < MINUTE) return `${Math.round(value / 1000)} s`
  if (value < HOUR) return `${Math.round(value / MINUTE)} min`
  if (value < DAY) {
    const minutes = Math.round((value % HOUR) / MINUTE)
    const hours = Math.floor(value / HOUR)
    return hours < 6 && minutes > 0 && minutes < 60 ? `${hours} h ${minutes} min` : `${Math.round(value / HOUR)} h`
  }
  const hours = Math.round((value % DAY) / HOUR)
  const days = Math.floor(value / DAY)
  return days < 5 && hours > 0 && hours < 24 ? `${days} d ${hours} h` : `${Math.round(value / DAY)} d`
}

/** `3 h ago`, `in 2 d`. */
export function relative(at: number, now: number): string {
  if (Math.abs(at - now) < 1000) return 'now'
  return at <= now ? `${length(now - at)} ago` : `in ${length(at - now)}`
}

const two = (value: number): string => String(value).padStart(2, '0')
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** `Tue 2026-11-17 14:10`, by the clock of this browser. */
export function moment(text: string): string {
  const at = new Date(text)
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${WEEKDAYS[at.getDay()]} ${day} ${two(at.getHours())}:${two(at.getMinutes())}`
}

/** The zone that `moment` speaks in. */
export const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone

export function absolute(text: string): string {
  return `${moment(text)} (${zone()}), ${new Date(text).toISOString()}`
}

/** An e-value from its logarithm: `1`, `3,279`, `10^12`. */
export function evidence(lnE: number): string {
  const value = Math.exp(lnE)
  if (value < 1) return 'below 1'
  if (value < 10) return value.toFixed(1)
  if (value < 1e6) return count(Math.round(value))
  return `10^${Math.floor(lnE / Math.LN10)}`
}

/** `not_ready` as `Not ready`. */
export function words(text: string): string {
  const spaced = text.replaceAll('_', ' ')
  return spaced.charAt(0).toUpperCase() + spaced.slice(1)
}

export const plural = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`
