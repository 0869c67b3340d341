import { useState } from 'react'

/** Walks a list that the server pages: forth by the token of the page, back by those that were seen. */
export function usePages(after: string | undefined): { before: (string | undefined)[]; reset: () => void; back: () => string | undefined; forth: () => void } {
  const [before, setBefore] = useState<(string | undefined)[]>([])
  return {
    before,
    reset: () => setBefore([]),
    back: () => {
      setBefore(before.slice(0, -1))
      return before.at(-1)
    },
    forth: () => setBefore([...before, after]),
  }
}

export function Pager({ pages, after, next, go }: { pages: ReturnType<typeof usePages>; after: string | undefined; next: string | null | undefined; go: (after: string | undefined) => void }) {
  if (!after && !next) return null
  return (
    <nav className="buttons" aria-label="Pages of the list">
      <button type="button" disabled={!after} onClick={() => go(pages.back())}>
        {pages.before.length > 0 ? 'Before' : 'First page'}
      </button>
      <button
        type="button"
        disabled={!next}
        onClick={() => {
          pages.forth()
          go(next ?? undefined)
        }}
      >
        Next
      </button>
    </nav>
  )
}
