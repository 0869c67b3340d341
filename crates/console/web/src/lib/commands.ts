/* The same act on the command line, and as a bare request. */

/** Quotes for a POSIX shell. */
export const quote = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

export function cli(...words: readonly (string | undefined)[]): string {
  return ['concentric', ...words.filter((word) => word !== undefined).map(quote)].join(' ')
}

export function curl(verb: string, path: string, body?: unknown): string {
  const parts = ['curl', '-X', verb, `"$CONCENTRIC_URL${path}"`, '-H', '"Authorization: Bearer $CONCENTRIC_TOKEN"']
  if (verb === 'PUT' || verb === 'PATCH' || verb === 'DELETE') parts.push('-H', `'If-Match: *'`)
  if (body !== undefined) parts.push('-H', `'Content-Type: application/json'`, '-d', quoteAlways(JSON.stringify(body)))
  return parts.join(' ')
}

const quoteAlways = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
