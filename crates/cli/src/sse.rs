//! Server-sent events: cuts a stream of bytes into messages, and follows a rollout across cut
//! connections.

use std::time::Duration;

use api_types::Event;
use futures_util::StreamExt;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::client::{Client, Document};
use crate::failure::Failure;

/// The server sends something every 15 seconds; after so long the connection is dead.
const SILENCE: Duration = Duration::from_secs(45);
const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// What the follower of a rollout learns.
#[derive(Debug)]
pub(crate) enum Signal {
    Event(Box<Document<Event>>),
    /// The connection is cut; it is being opened again.
    Lost(String),
    /// There is no use in trying again.
    Refused(Failure),
}

/// Follows the events of a rollout after the event `after`, each exactly once and in order, until
/// the receiver is dropped.
pub(crate) fn follow(
    client: Client,
    tenant: String,
    rollout: String,
    after: Option<i64>,
) -> mpsc::Receiver<Signal> {
    let (signals, receiver) = mpsc::channel(256);
    tokio::spawn(async move {
        let path = ["tenants", &tenant, "rollouts", &rollout, "events"];
        let mut newest = after;
        let mut delay = FIRST_DELAY;
        loop {
            let before = newest;
            let lost = match client.stream(&path, newest).await {
                Ok(stream) => match read(stream, &mut newest, &signals).await {
                    Ended::Cut(error) => error,
                    Ended::NobodyListens => return,
                },
                Err(failure) if is_final(&failure) => {
                    let _ = signals.send(Signal::Refused(failure)).await;
                    return;
                }
                Err(failure) => failure.brief(),
            };
            if newest != before {
                delay = FIRST_DELAY;
            }
            if signals.send(Signal::Lost(lost)).await.is_err() {
                return;
            }
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(LONGEST_DELAY);
        }
    });
    receiver
}

enum Ended {
    Cut(String),
    NobodyListens,
}

async fn read(
    stream: reqwest::Response,
    newest: &mut Option<i64>,
    signals: &mpsc::Sender<Signal>,
) -> Ended {
    let mut messages = Messages::default();
    let mut bytes = stream.bytes_stream();
    loop {
        let chunk = tokio::select! {
            chunk = tokio::time::timeout(SILENCE, bytes.next()) => chunk,
            () = signals.closed() => return Ended::NobodyListens,
        };
        let chunk = match chunk {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(Some(Err(error))) => return Ended::Cut(error.to_string()),
            Ok(None) => return Ended::Cut("the connection was closed".to_owned()),
            Err(_) => return Ended::Cut("nothing was heard for too long".to_owned()),
        };
        for data in messages.push(&chunk) {
            // Other kinds of messages may come one day; they are not for us.
            let event = serde_json::from_str::<Value>(&data).ok().map(Document::<Event>::read);
            let Some(Ok(event)) = event else { continue };
            // A server that does not resume exactly must not make us count twice.
            if newest.is_some_and(|newest| event.typed.seq <= newest) {
                continue;
            }
            *newest = Some(event.typed.seq);
            if signals.send(Signal::Event(Box::new(event))).await.is_err() {
                return Ended::NobodyListens;
            }
        }
    }
}

fn is_final(failure: &Failure) -> bool {
    match failure {
        Failure::Problem(problem) => {
            (400..500).contains(&problem.status) && problem.status != 408 && problem.status != 429
        }
        Failure::Unreachable { .. } => false,
        Failure::Usage(_) | Failure::NotFound(_) | Failure::Declined => true,
        Failure::Failed(_) | Failure::Overtaken(_) | Failure::TimedOut(_) => true,
        Failure::NotSent(_) | Failure::ClosedPipe => true,
    }
}

/// Cuts bytes into the data of messages, as the HTML standard describes the stream.
#[derive(Debug, Default)]
struct Messages {
    line: Vec<u8>,
    data: Vec<String>,
}

impl Messages {
    /// The data of every message that ends in `bytes`.
    fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut whole = Vec::new();
        for &byte in bytes {
            if byte != b'\n' {
                self.line.push(byte);
                continue;
            }
            let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
            let line = line.strip_suffix('\r').unwrap_or(&line);
            if line.is_empty() {
                if !self.data.is_empty() {
                    whole.push(std::mem::take(&mut self.data).join("\n"));
                }
            } else if let Some(data) = line.strip_prefix("data:") {
                self.data.push(data.strip_prefix(' ').unwrap_or(data).to_owned());
            }
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::Messages;

    #[test]
    fn messages_are_found_however_the_bytes_are_cut() {
        let stream = b": hello\n\nid: 1\ndata: {\"a\":\ndata: \"\xc3\xa4\"}\r\n\r\ndata:x\n\n";
        for size in 1..stream.len() {
            let mut messages = Messages::default();
            let found: Vec<String> =
                stream.chunks(size).flat_map(|chunk| messages.push(chunk)).collect();
            assert_eq!(found, ["{\"a\":\n\"ä\"}", "x"], "in pieces of {size}");
        }
    }

    #[test]
    fn a_message_that_never_ended_is_none() {
        assert_eq!(Messages::default().push(b"data: half\n"), [""; 0]);
    }
}
