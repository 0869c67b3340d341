import { useParams } from '@tanstack/react-router'
import { Page } from '../ui/page'
import { Channels } from './notifications/channels'
import { Contacts } from './notifications/contacts'
import { Letters } from './notifications/letters'
import { Messages } from './notifications/messages'

/** Who is told what, and did it arrive? */
export function Notifications() {
  const { tenant } = useParams({ from: '/t/$tenant/notifications' })
  return (
    <Page title="Notifications" lead="People are told what happens, by e-mail and in chats, from the moment they are added.">
      <Contacts tenant={tenant} />
      <Channels tenant={tenant} />
      <Letters tenant={tenant} />
      <Messages />
    </Page>
  )
}
