/* A history as it grows. Reads server-sent events by fetch, so that a reconnect can say how far we are. */

export interface Message {
  id: string | undefined
  event: string
  data: string
}

/** Cuts a stream of text into messages, wherever it is cut itself. */
export class Parser {
  private rest = ''

  push(text: string): Message[] {
    this.rest += text.replaceAll('\r\n', '\n')
    const messages: Message[] = []
    for (let end = this.rest.indexOf('\n\n'); end >= 0; end = this.rest.indexOf('\n\n')) {
      const message = parse(this.rest.slice(0, end))
      this.rest = this.rest.slice(end + 2)
      if (message) messages.push(message)
    }
    return messages
  }
}

function parse(block: string): Message | undefined {
  let id: string | undefined
  let event = 'message'
  const data: string[] = []
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':')
    if (colon === 0) continue
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'id') id = value
    else if (field === 'event') event = value
    else if (field === 'data') data.push(value)
  }
  return data.length === 0 ? undefined : { id, event, data: data.join('\n') }
}

export interface Follow {
  url: string
  after: number
  onMessage: (message: Message) => void
  /** `false` from the first failure until something is heard again. */
  onConnected: (connected: boolean) => void
  signal: AbortSignal
  /** For tests. */
  wait?: (milliseconds: number) => Promise<void>
}

/** Silence longer than this is a dead connection: the service says something every 15 s. */
const SILENCE = 40_000
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Follows until `signal` says stop; comes back after 0.5, 1, 2, 4, then every 5 seconds. */
export async function follow({ url, after, onMessage, onConnected, signal, wait = pause }: Follow): Promise<void> {
  let last = String(after)
  let failures = 0
  while (!signal.aborted) {
    const attempt = new AbortController()
    const stop = (): void => attempt.abort()
    signal.addEventListener('abort', stop)
    let watchdog = setTimeout(stop, SILENCE)
    let refused = false
    try {
      const response = await fetch(url, {
        headers: { Accept: 'text/event-stream', 'Last-Event-ID': last, 'X-Requested-With': 'concentric' },
        credentials: 'same-origin',
        cache: 'no-store',
        signal: attempt.signal,
      })
      // A refusal is an answer: the service is there, and reads say what is wrong.
      refused = response.status >= 400 && response.status < 500
      if (!response.ok || !response.body) throw new Error(`answered ${response.status}`)
      onConnected(true)
      failures = 0
      const parser = new Parser()
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        clearTimeout(watchdog)
        watchdog = setTimeout(stop, SILENCE)
        for (const message of parser.push(value)) {
          if (message.id !== undefined) last = message.id
          onMessage(message)
        }
      }
      // A server that stops closes the stream; it is found again, or not.
    } catch {
      if (!signal.aborted && !refused) onConnected(false)
    } finally {
      clearTimeout(watchdog)
      signal.removeEventListener('abort', stop)
    }
    if (signal.aborted) return
    await wait(Math.min(5_000, 500 * 2 ** failures))
    failures += 1
  }
}
