/* Many calls, few runs: at once, and then at most once in `milliseconds`; the last call is never lost. */
export function coalesce(run: () => void, milliseconds: number): { (): void; cancel: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  let again = false
  const tick = (): void => {
    timer = undefined
    if (!again) return
    again = false
    start()
  }
  const start = (): void => {
    timer = setTimeout(tick, milliseconds)
    run()
  }
  const call = (): void => {
    if (timer === undefined) start()
    else again = true
  }
  return Object.assign(call, {
    cancel: () => {
      clearTimeout(timer)
      timer = undefined
      again = false
    },
  })
}
