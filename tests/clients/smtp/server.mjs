// A real mail server (npm: smtp-server) for the system tests, with TLS and logging in.
//
// Prints `ready PORT`. Reads lines of its input: a mood (`well`, `down`: it cuts connections, `later`: 451 to every
// recipient, `slow`: it answers to no mail). It takes mail from whoever logs in as `concentric` with the password
// `canary-mail-password`, and prints each as one line of JSON. Recipients whose name begins with `nobody` are refused
// for good. Arguments: `starttls` or `implicit`, and the port (0: any).
//
// The key of its certificate is for tests alone; that of the authority that signed it is kept nowhere.

import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { SMTPServer } from 'smtp-server'

const [how, port] = process.argv.slice(2)
const near = (file) => readFileSync(new URL(file, import.meta.url))
let mood = 'well'

const refuse = (code, text) => Object.assign(new Error(text), { responseCode: code })

const server = new SMTPServer({
  secure: how === 'implicit',
  key: near('server.key'),
  cert: near('server.crt'),
  authMethods: ['PLAIN', 'LOGIN'],
  disableReverseLookup: true,
  logger: false,
  onConnect: (_session, done) => done(mood === 'down' ? refuse(421, 'down') : undefined),
  onAuth: (auth, session, done) =>
    auth.username === 'concentric' && auth.password === 'canary-mail-password' && session.secure
      ? done(null, { user: auth.username })
      : done(refuse(535, 'wrong name or password')),
  onRcptTo: (address, _session, done) => {
    if (mood === 'later') return done(refuse(451, 'not now'))
    return done(address.address.startsWith('nobody') ? refuse(550, 'no such mailbox') : undefined)
  },
  onData: (stream, session, done) => {
    const chunks = []
    stream.on('data', (chunk) => chunks.push(chunk))
    stream.on('end', () => {
      if (mood === 'slow') return
      const to = session.envelope.rcptTo.map((one) => one.address)
      const data = Buffer.concat(chunks).toString('utf8')
      const from = session.envelope.mailFrom.address
      console.log(JSON.stringify({ from, to, user: session.user, secure: session.secure, data }))
      done()
    })
  },
})
server.on('error', () => {})
server.server.prependListener('connection', (socket) => mood === 'down' && socket.destroy())
server.listen(Number(port), '127.0.0.1', () => console.log(`ready ${server.server.address().port}`))

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  mood = line
  console.log(`mood ${mood}`)
})
lines.on('close', () => process.exit(0))
