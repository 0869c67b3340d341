// What axe finds on what is on screen, and whether it fits: light, dark, narrow, and at 400 % zoom.
import { readFileSync } from 'node:fs'
import { PATIENCE } from './harness.mjs'

const AXE = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
// Everything once; then what a theme and a width can change.
const ALL = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }
const SEEN = { runOnly: { type: 'rule', values: ['color-contrast', 'target-size', 'scrollable-region-focusable'] } }
// 400 % zoom of a window of 1280 x 1024 leaves 320 x 256 (WCAG 1.4.10).
const LOOKS = [
  ['light', 1280, 900, ALL],
  ['dark', 1280, 900, SEEN],
  ['dark', 360, 800, SEEN],
  ['light', 320, 256, SEEN],
]

/** Until nothing is being read any more. */
export const settled = (page) => page.waitForFunction(() => document.querySelector('[aria-busy]') === null, undefined, { timeout: PATIENCE })

/** The faults of what is on screen, each with where. Leaves the page light and wide. */
export async function faults(page, name) {
  const found = []
  // By the debugger, which the page's policy does not bind.
  await page.evaluate(AXE)
  for (const [scheme, width, height, rules] of LOOKS) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width, height })
    const violations = await page.evaluate(async (options) => {
      const { violations } = await window.axe.run(document, options)
      return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).slice(0, 4).join(' | ')}`)
    }, rules)
    found.push(...violations.map((fault) => `${name} ${scheme} ${width}: ${fault}`))
    const wide = await page.evaluate(() => {
      // The dialog scrolls by itself where one is open; sideways neither may.
      const boxes = [document.documentElement, ...document.querySelectorAll('dialog[open]')]
      return Math.max(...boxes.map((box) => box.scrollWidth - box.clientWidth))
    })
    if (wide > 0) found.push(`${name} ${width}: ${wide} pixels too wide`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1280, height: 900 })
  return found
}
