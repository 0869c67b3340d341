/* The service's clock. It may run faster than ours (demos do), so its pace is measured. */

interface Sample {
  server: number
  local: number
}

let first: Sample | undefined
let last: Sample | undefined
let pace = 1

/** Takes note of what the service's clock said in an answer. */
export function heard(text: string | null, local: number = performance.now()): void {
  const server = text === null ? Number.NaN : Date.parse(text)
  if (Number.isNaN(server)) return
  // Answers may overtake each other; an older one says nothing new.
  if (last && server < last.server) return
  last = { server, local }
  if (!first || local - first.local > 60_000) first = last
  const passed = local - first.local
  if (passed < 800) return
  const measured = (server - first.server) / passed
  pace = Math.abs(measured - 1) < 0.25 ? 1 : measured
}

/** Now, by the service's clock; by ours until it was heard of. */
export function now(local: number = performance.now()): number {
  return last ? last.server + (local - last.local) * pace : Date.now()
}

/** How many of the service's seconds pass in one of ours. */
export function clockPace(): number {
  return pace
}

/** For tests. */
export function forget(): void {
  first = last = undefined
  pace = 1
}
