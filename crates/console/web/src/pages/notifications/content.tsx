import type { Schemas } from '../../api/client'
import { CopyButton } from '../../ui/basics'

/** What a message says. Its HTML is shown as it is written: the policy of the page lets no other page into it. */
export function Content({ content }: { content: Schemas['LetterContent'] }) {
  return (
    <>
      <p>
        <span className="faint">Subject:</span> <strong>{content.subject}</strong>
      </p>
      <pre className="letter" tabIndex={0} aria-label="Text of the message">
        {content.text}
      </pre>
      {content.html ? (
        <details>
          <summary>Its HTML</summary>
          <pre className="letter" tabIndex={0} aria-label="HTML of the message">
            {content.html}
          </pre>
          <CopyButton text={content.html} label="Copy the HTML">
            Copy the HTML
          </CopyButton>
        </details>
      ) : null}
    </>
  )
}
