import { useId, type ReactNode } from 'react'

interface Of<T> {
  label: string
  value: T
  onChange: (value: T) => void
  hint?: ReactNode
}

function Around({ id, label, hint, children }: { id: string; label: string; hint: ReactNode; children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {hint ? (
        <p className="faint" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
    </div>
  )
}

export function Text({ label, value, onChange, hint, required = false, type = 'text', placeholder, max = 1000 }: Of<string> & { required?: boolean; type?: string; placeholder?: string; max?: number }) {
  const id = useId()
  return (
    <Around id={id} label={label} hint={hint}>
      <input id={id} type={type} value={value} required={required} maxLength={max} placeholder={placeholder} autoComplete={type === 'password' ? 'new-password' : 'off'} spellCheck={false} aria-describedby={hint ? `${id}-hint` : undefined} onChange={(event) => onChange(event.target.value)} />
    </Around>
  )
}

export function Area({ label, value, onChange, hint, required = false, max, rows = 3, placeholder }: Of<string> & { required?: boolean; max?: number; rows?: number; placeholder?: string }) {
  const id = useId()
  return (
    <Around id={id} label={label} hint={hint}>
      <textarea id={id} rows={rows} value={value} required={required} maxLength={max} placeholder={placeholder} spellCheck={false} aria-describedby={hint ? `${id}-hint` : undefined} onChange={(event) => onChange(event.target.value)} />
    </Around>
  )
}

/** A number as it is typed: empty stays empty. */
export function Amount({ label, value, onChange, hint, required = false, min = 0, max, placeholder }: Of<string> & { required?: boolean; min?: number; max?: number; placeholder?: string }) {
  const id = useId()
  return (
    <Around id={id} label={label} hint={hint}>
      <input id={id} type="number" step="any" min={min} max={max} value={value} required={required} placeholder={placeholder} aria-describedby={hint ? `${id}-hint` : undefined} onChange={(event) => onChange(event.target.value)} />
    </Around>
  )
}

export function Numeric({ label, value, onChange, hint, max, min = 0 }: Of<number> & { max: number; min?: number }) {
  const id = useId()
  return (
    <Around id={id} label={label} hint={hint}>
      <input id={id} type="number" step="any" min={min} max={max} value={value} aria-describedby={hint ? `${id}-hint` : undefined} onChange={(event) => onChange(event.target.valueAsNumber || 0)} />
    </Around>
  )
}

export function Select<T extends string>({ label, value, onChange, hint, options }: Of<T> & { options: readonly (readonly [T, string])[] }) {
  const id = useId()
  return (
    <Around id={id} label={label} hint={hint}>
      <select id={id} value={value} aria-describedby={hint ? `${id}-hint` : undefined} onChange={(event) => onChange(event.target.value as T)}>
        {options.map(([word, text]) => (
          <option key={word} value={word}>
            {text}
          </option>
        ))}
      </select>
    </Around>
  )
}

export function Check({ label, value, onChange }: { label: ReactNode; value: boolean; onChange: (value: boolean) => void }) {
  return (
    <label className="check">
      <input type="checkbox" checked={value} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  )
}

export function Radios<T extends string>({ legend, value, onChange, options, down = false }: { legend: string; value: T; onChange: (value: T) => void; options: readonly (readonly [T, string])[]; down?: boolean }) {
  const name = useId()
  return (
    <fieldset className={down ? 'choices' : 'choices across'}>
      <legend>{legend}</legend>
      {options.map(([word, text]) => (
        <label key={word}>
          <input type="radio" name={name} checked={value === word} onChange={() => onChange(word)} />
          {text}
        </label>
      ))}
    </fieldset>
  )
}

/** Some of a few; in the order of the options. */
export function Some<T extends string>({ legend, value, onChange, options, hint }: { legend: string; value: readonly T[]; onChange: (value: T[]) => void; options: readonly (readonly [T, string])[]; hint?: ReactNode }) {
  return (
    <fieldset className="choices across">
      <legend>{legend}</legend>
      {options.map(([word, text]) => (
        <label key={word}>
          <input type="checkbox" checked={value.includes(word)} onChange={(event) => onChange(options.map(([one]) => one).filter((one) => (one === word ? event.target.checked : value.includes(one))))} />
          {text}
        </label>
      ))}
      {hint ? <p className="faint small-text full">{hint}</p> : null}
    </fieldset>
  )
}
