import { setSingleKeys, useSingleKeys } from '../lib/settings'
import { Dialog } from './dialog'
import { NAV } from './nav'

export function HelpDialog({ onClose }: { onClose: () => void }) {
  const on = useSingleKeys()
  const keys: [string, string][] = [
    ['Ctrl K', 'Palette: go, act, find'],
    ['p', 'Pause'],
    ['/', 'Filter'],
    ['j  k', 'Next and previous row; Enter opens'],
    ['.', 'Actions of the page'],
    ['?', 'This help'],
    ...NAV.map((one): [string, string] => [one.keys ?? '', one.name]),
  ]
  return (
    <Dialog title="Keyboard and help" onClose={onClose} wide>
      <dl className="keys">
        {keys.map(([key, text]) => (
          <div key={key}>
            <dt>
              {key.split(/ +/).map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <label className="check">
        <input type="checkbox" data-focus checked={on} onChange={(event) => setSingleKeys(event.target.checked)} />
        Shortcuts of a single key
      </label>
      <p>
        The API with every field: <a href="/docs">/docs</a>. Every action here is also a command: <code>concentric --help</code>.
      </p>
    </Dialog>
  )
}
