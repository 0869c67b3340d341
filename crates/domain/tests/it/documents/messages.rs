//! What programs and people are told.

use super::{head, is_current, line};

/// Every event that webhooks tell of, with a message as an example.
#[test]
fn webhooks() {
    use domain::ids::{RolloutId, TenantId};
    use domain::webhook::{EVENTS, Message};

    let mut text = head("Webhooks", WEBHOOKS);
    line(&mut text, "## Events\n\n| event | when | example |\n|---|---|---|");
    let at = "2026-11-10T18:00:00Z".parse().expect("a time");
    for event in &EVENTS {
        let is_of_rollout = event.name.starts_with("rollout.");
        let example = Message {
            id: uuid::Uuid::from_u128(3),
            event: event.name.to_owned(),
            tenant: TenantId(uuid::Uuid::from_u128(1)),
            entry: 42,
            at,
            actor: "ana".to_owned(),
            rollout: is_of_rollout.then_some(RolloutId(uuid::Uuid::from_u128(2))),
            tries: 0,
            due_since: at,
        };
        line(&mut text, &format!("| `{}` | {} | `{}` |", event.name, event.about, example.body()));
    }
    is_current("webhooks.md", &text);
}

const WEBHOOKS: &str = r#"A tenant's webhooks are told what happens in it: everything that has an entry in the [audit trail](audit.md), or the
events that you choose. They follow [Standard Webhooks](https://www.standardwebhooks.com), so that its libraries verify them.

    concentric webhook create Chat --to https://chat.example/hook --event rollout.paused --event readiness.regressed
    concentric webhook test Chat
    concentric webhook deliveries Chat

## What is sent

A `POST` with a thin body: `type`, `timestamp` (when it happened) and `data` with ids and a `link`, which is a path of the API. Read the link for
what stands there *now*; the message says only that something happened.

| header | holds |
|---|---|
| `webhook-id` | the id of the message, the same in every try of it: whoever has it already lets it be |
| `webhook-timestamp` | seconds since 1970 of this try: refuse what is older than five minutes |
| `webhook-signature` | one or two signatures with a space between: `v1,` and HMAC-SHA256 in base64 over `id.timestamp.body` |

The key is the secret without `whsec_`, from base64. The secret is shown when it is made, and kept sealed. `rotate-secret` makes a new one; for 24 hours
(`--overlap-hours`) each message has a signature of both.

## What is promised

| | |
|---|---|
| nothing is lost | a message is written in the transaction of what it tells of, whatever crashes |
| at least once | one that was sent while a server died is sent again, under its id |
| in no order | look at `entry`, which counts up, or read the link |
| taken | any status of 2xx within ten seconds; answer first, work later |
| tried again | after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and then daily, each a tenth more or less, for 3 days |
| a dead receiver | rests between tries, up to 5 minutes, and holds nobody else up |
| 410 | disables the webhook at once; three days without a success do so too. Both are in the audit trail |
| missed | `concentric webhook replay Chat --from TIME` sends all that happened since, from the history, told before or not |
| kept | deliveries that ended are listed for 30 days, with status, latency and sort of error of each try: never a word of an answer |

Addresses are called like those of [signals](signals.md): only `https` and public addresses, unless the operator of the server allows others; redirects are
not followed. `refusal` of a try says what went wrong: `forbidden`, `unreachable`, `timeout`, `redirect`, `refused` (4xx), `gone` (410), `broken` (5xx),
`bad_answer`, `secret`.

## Verify a signature

Python:

```python
import base64, hashlib, hmac, time

def is_genuine(secret: str, headers, body: bytes) -> bool:
    moment = headers["webhook-timestamp"]
    if abs(time.time() - int(moment)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f'{headers["webhook-id"]}.{moment}.'.encode() + body
    right = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(right, one) for one in headers["webhook-signature"].split(" "))
```

PowerShell:

```powershell
function Test-Webhook([string] $Secret, [hashtable] $Headers, [string] $Body) {
    $moment = [long] $Headers['webhook-timestamp']
    if ([math]::Abs([DateTimeOffset]::UtcNow.ToUnixTimeSeconds() - $moment) -gt 300) { return $false }
    $hmac = [Security.Cryptography.HMACSHA256]::new([Convert]::FromBase64String($Secret -replace '^whsec_'))
    $signed = [Text.Encoding]::UTF8.GetBytes("$($Headers['webhook-id']).$moment.$Body")
    $right = 'v1,' + [Convert]::ToBase64String($hmac.ComputeHash($signed))
    $right -cin ($Headers['webhook-signature'] -split ' ')
}
```
"#;

/// Every sort of message, with when it is sent.
#[test]
fn notifications() {
    use domain::notification::{TOPICS, Topic, example};
    use domain::outbox::Refusal;

    let mut text = head("Notifications", NOTIFICATIONS);
    let words: Vec<String> =
        Refusal::ALL.iter().map(|refusal| format!("`{}`", refusal.name())).collect();
    line(&mut text, &format!("`refusal` of a try says what went wrong: {}.\n", words.join(", ")));
    line(
        &mut text,
        "## Messages\n\n| message | severity | sent when | subject |\n|---|---|---|---|",
    );
    for info in &TOPICS {
        let subject = example(info.topic).expect("an example").subject().to_owned();
        let (topic, severity) = (info.topic.word(), info.severity.word());
        line(&mut text, &format!("| `{topic}` | {severity} | {} | {subject} |", info.when));
    }
    let letter = example(Topic::RolloutPaused).expect("an example");
    line(&mut text, &format!("\nOne of them in plain text:\n\n```text\n{}```", letter.text()));
    is_current("notifications.md", &text);
}

const NOTIFICATIONS: &str = r#"People are told what happens: contacts by e-mail, channels of Microsoft Teams and Slack by their webhooks, and lists of addresses. What programs
are told is another matter: [webhooks](webhooks.md).

    concentric contact create "Ana Ops" --email ana@example.com --focus updates
    concentric contact create Desk --email desk@example.com --focus devices --least warning --digest
    concentric notification channel create Updates --chat teams --url-file teams.url
    concentric notification channel test Updates
    concentric notification letters --state given_up
    concentric notification preview rollout_paused

Each says what it wants: its areas (`devices`, `updates`), sorts of messages, the lowest severity, and whether what is not critical comes once a day, at
06:00 UTC. What happened before the first contact or channel was there is told to nobody.

Every message says what happened, why, what to do, where the console shows it (`CONCENTRIC_PUBLIC_URL`), why its reader gets it and how to get less.

## Mail server

| setting | means | default |
|---|---|---|
| `CONCENTRIC_SMTP_HOST` | the mail server that e-mail is handed to | none: nobody gets e-mail |
| `CONCENTRIC_SMTP_FROM` | the address it comes from | needed with a host |
| `CONCENTRIC_SMTP_TLS` | `starttls` (encrypted before anything is said, or nothing is), `implicit` (from the first byte), `none` (a server on this machine), `none-anywhere` (in the clear to another machine, without a password) | `starttls` |
| `CONCENTRIC_SMTP_PORT` | its port | 587, 465 for `implicit`, 25 for none |
| `CONCENTRIC_SMTP_USER` | the name to log in with | none: without logging in |
| `CONCENTRIC_SMTP_PASSWORD`, `CONCENTRIC_SMTP_PASSWORD_FILE` | the password, or the file that holds it | |
| `CONCENTRIC_SMTP_CA_FILE` | certificates to trust beyond the machine's, as PEM | none |

The password is in no log, no answer and no page. Whoever knows the address of a chat may post there, so it is sealed like a credential, and never shown
again: `--url-file` reads it from a file. It is called like those of [signals](signals.md): only `https` and public addresses, unless the operator of the
server allows others; redirects are not followed. For Teams make a workflow from *Post to a channel when a webhook request is received*, for Slack an
incoming webhook.

## What is promised

| | |
|---|---|
| nothing is lost | what is told, to whom, and how far the history was read are one transaction, whatever crashes |
| told once | what happens once is written once for each recipient, by any number of servers |
| sent at least once | a letter that was handed over while a server died is handed over again, under the same `Message-ID` |
| tried again | after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and then daily, each a tenth more or less, for 3 days; a mail server or chat that takes nothing rests between tries, up to 5 minutes |
| refused for good | 5yz of a mail server, 404 and 410 of a chat: given up at once. 4yz, 408, 429, 5xx and the rest of 4xx of a chat: tried again. What a mail server says of the login (535 and the like) is about the server, and tried again |
| seen | what was given up is listed for 30 days, raises the alert `letters_undelivered`, and is sent again with `concentric notification retry` |
| rollouts | wait for no letter |
"#;
