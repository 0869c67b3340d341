import { useQuery } from '@tanstack/react-query'
import { send, type Schemas } from '../../api/client'
import { whole } from '../../api/queries'
import { cli, curl } from '../../lib/commands'
import { toldLook, wantsWords } from '../../lib/told'
import { Act } from '../../ui/act'
import { Empty, Loaded, Panel, State, Table } from '../../ui/basics'
import type { Ask } from '../../ui/dialog'
import { Opens } from '../../ui/opens'
import { ContactForm } from './contactform'

type Contact = Schemas['Contact']
const C = '/api/v1/tenants/{tenant}/contacts/{contact}'

/** People who are told by e-mail. */
export function Contacts({ tenant }: { tenant: string }) {
  const query = useQuery(whole(tenant, 'contacts'))
  return (
    <Panel
      title="Contacts"
      aside={
        <Opens label="New contact…" ability="administer">
          {(close) => <ContactForm tenant={tenant} onClose={close} />}
        </Opens>
      }
    >
      <Loaded query={query}>
        {(contacts) =>
          contacts.length === 0 ? (
            <Empty title="No contact" cli="concentric contact create --help">
              <p>Nobody is told by e-mail what happens. A contact is told from the moment it is added, of what it sees to.</p>
            </Empty>
          ) : (
            <Table caption="Contacts" head={['Contact', 'Is told of', 'When', 'Action']}>
              {contacts.map((contact) => (
                <tr key={contact.id}>
                  <th scope="row" className="why-cell">
                    {contact.name}
                    <div className="faint small-text wrap">
                      {contact.email}
                      {contact.phone ? `, ${contact.phone}` : ''}
                    </div>
                  </th>
                  <td className="why-cell">{wantsWords(contact.wants)}</td>
                  <td>
                    <State look={toldLook(contact)} quiet />
                  </td>
                  <td>
                    <div className="buttons">
                      <Act ability="operate" tone="small" ask={() => askTest(tenant, contact)}>
                        Test…<span className="sr"> {contact.name}</span>
                      </Act>
                      <Opens
                        ability="administer"
                        tone="small"
                        label={
                          <>
                            Edit…<span className="sr"> {contact.name}</span>
                          </>
                        }
                      >
                        {(close) => <ContactForm tenant={tenant} contact={contact.id} onClose={close} />}
                      </Opens>
                      <Act ability="administer" tone="small danger" ask={() => askDelete(tenant, contact)}>
                        Delete…<span className="sr"> {contact.name}</span>
                      </Act>
                    </div>
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
    </Panel>
  )
}

function askTest(tenant: string, contact: Contact): Ask {
  return {
    title: `Test ${contact.name}`,
    explain: <p>An e-mail is sent to {contact.email}. Its letter, below, says what becomes of it.</p>,
    verb: 'Send it',
    reason: 'none',
    submit: () => send('post', `${C}/test`, { path: { tenant, contact: contact.id } }),
    done: 'A test letter is written.',
    cli: () => cli('contact', 'test', contact.name),
    curl: () => curl('POST', `/api/v1/tenants/${tenant}/contacts/${contact.id}/test`, {}),
  }
}

function askDelete(tenant: string, contact: Contact): Ask {
  return {
    title: `Delete ${contact.name}`,
    explain: <p>Nothing more is told to {contact.email} as a contact.</p>,
    verb: 'Delete',
    tone: 'danger',
    reason: 'required',
    submit: (reason) => send('delete', C, { path: { tenant, contact: contact.id }, query: { reason }, whatever: true }),
    done: `${contact.name} is told nothing more.`,
    cli: (reason) => cli('contact', 'delete', contact.name, '--reason', reason || '…', '--yes'),
    curl: (reason) => curl('DELETE', `/api/v1/tenants/${tenant}/contacts/${contact.id}?reason=${encodeURIComponent(reason)}`),
  }
}
