/* The halt line: by which device the k-th failure pauses a release. The same formula as in the service
   (docs/gate-statistics.md): a mixture of 24 ratios from 1.25 to 50. Only for pictures; it decides nothing. */

const POINTS = 24
const RATIOS = Array.from({ length: POINTS }, (_, at) => Math.exp(Math.log(1.25) + (Math.log(50 / 1.25) / (POINTS - 1)) * at))

function logSumExp(terms: readonly number[]): number {
  const top = Math.max(...terms)
  return top + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - top), 0))
}

/** The logarithm of the evidence that more than `limit` (a share) fail. */
export function lnE(failures: number, successes: number, limit: number): number {
  const terms = RATIOS.map((ratio) => {
    const cost = Math.log1p(limit * (ratio - 1))
    return failures * (Math.log(ratio) - cost) - successes * cost - Math.log(POINTS)
  })
  return logSumExp(terms)
}

/** The last device by which the k-th failure reaches `threshold` (a logarithm); 0: never, however early. */
export function haltsBy(failures: number, limit: number, threshold: number): number {
  if (lnE(failures, 0, limit) < threshold) return 0
  let low = failures
  let high = failures * 2
  while (lnE(failures, high - failures, limit) >= threshold) {
    low = high
    high *= 2
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (lnE(failures, middle - failures, limit) >= threshold) low = middle
    else high = middle
  }
  return low
}

export interface Halt {
  failures: number
  by: number
}

/** The line up to `devices`, thinned to at most some 60 points. */
export function haltLine(limit: number, threshold: number, devices: number): Halt[] {
  const line: Halt[] = []
  let step = 1
  for (let failures = 1; line.length < 400; failures += step) {
    const by = haltsBy(failures, limit, threshold)
    if (by > 0) line.push({ failures, by })
    if (by >= devices) break
    if (failures >= 40) step = Math.ceil(failures / 20)
  }
  return line
}

/** Wilson's interval of a share, 95 %. */
export function wilson(part: number, of: number): [number, number] {
  if (of === 0) return [0, 1]
  const z = 1.96
  const share = part / of
  const middle = (share + (z * z) / (2 * of)) / (1 + (z * z) / of)
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of))
  return [Math.max(0, middle - half), Math.min(1, middle + half)]
}
