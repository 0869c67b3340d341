//! Stays with a rollout until it comes to rest.
//!
//! Events say when something changed; what is shown is always read whole, so a lost event or a cut
//! connection delays the picture and never spoils it. Counts change without events, so it is also
//! read from time to time.

use std::collections::VecDeque;
use std::time::Duration;

use api_types::{Event, PhaseName, Rollout, Wish};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::client::{Client, Document, Query};
use crate::commands::Context;
use crate::failure::{Exit, Failure};
use crate::output::{Data, Form, Output, Tone, say, write};
use crate::screen::Screen;
use crate::sse::{self, Signal};
use crate::{text, tree};

/// Faster is not seen.
const REDRAW: Duration = Duration::from_millis(250);
/// Between two readings without an event.
const READ_AGAIN: Duration = Duration::from_secs(1);
/// Without any answer for so long, the server is gone.
const GIVE_UP: Duration = Duration::from_mins(2);
const LAST_EVENTS: usize = 5;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Watch {
    pub(crate) until: PhaseName,
    pub(crate) timeout: Option<Duration>,
}

impl Watch {
    pub(crate) async fn run(
        self,
        context: &Context<'_>,
        tenant: &str,
        rollout: Document<Rollout>,
    ) -> Result<Exit, Failure> {
        let follower = Follower::new(context.client.clone(), tenant, rollout);
        let mut follower = follower.showing(context.output)?;
        let deadline = self.timeout.map(|timeout| Instant::now() + timeout);
        loop {
            if let Some(exit) = self.end(&follower.rollout.typed) {
                return Ok(exit);
            }
            let patience = deadline.unwrap_or_else(|| Instant::now() + GIVE_UP);
            match tokio::time::timeout_at(patience, follower.change()).await {
                Ok(changed) => changed?,
                Err(_) if deadline.is_none() => {}
                Err(_) => {
                    let rollout = &follower.rollout.typed;
                    let why = text::maybe(rollout.waiting_on.as_deref());
                    say(&format!(
                        "time ran out; {} is {}: {why}",
                        rollout.release_name,
                        text::phase(&rollout.phase)
                    ));
                    return Ok(Exit::TimedOut);
                }
            }
        }
    }

    /// How it ended, if it has come to rest.
    fn end(self, rollout: &Rollout) -> Option<Exit> {
        if rollout.phase.name == self.until {
            return Some(Exit::Ok);
        }
        match rollout.phase.name {
            // Reached, and passed by.
            PhaseName::Completed if rollout.intent.wish == Wish::Withdraw => None,
            PhaseName::Completed => Some(Exit::Ok),
            PhaseName::RolledBack | PhaseName::Cancelled => Some(Exit::Stopped),
            // A resume or a rollback that was asked for is on its way.
            PhaseName::Paused => match rollout.intent.wish {
                Wish::Hold => Some(Exit::Held),
                Wish::Run if rollout.phase.since.is_some_and(|at| rollout.intent.at > at) => None,
                Wish::Run => Some(Exit::Held),
                Wish::Cancel | Wish::Withdraw => None,
            },
            PhaseName::Scheduled | PhaseName::Offering => held_by_a_person(rollout),
            PhaseName::Soaking | PhaseName::RollingBack => held_by_a_person(rollout),
        }
    }
}

/// Whether only a person lets it go on, though its phase goes on by itself.
fn held_by_a_person(rollout: &Rollout) -> Option<Exit> {
    match rollout.waiting_for.as_deref() {
        Some("standing_pause" | "removal_review") => Some(Exit::Held),
        Some(_) | None => None,
    }
}

/// A rollout that is kept up to date and shown.
#[derive(Debug)]
pub(crate) struct Follower {
    client: Client,
    tenant: String,
    pub(crate) rollout: Document<Rollout>,
    signals: mpsc::Receiver<Signal>,
    recent: VecDeque<Event>,
    /// Why there are no answers, and since when.
    silent: Option<(String, Instant)>,
    shown: Option<(Output, Screen)>,
}

impl Follower {
    pub(crate) fn new(client: Client, tenant: &str, rollout: Document<Rollout>) -> Self {
        let id = rollout.typed.id.to_string();
        let signals = sse::follow(client.clone(), tenant.to_owned(), id, None);
        Self {
            client,
            tenant: tenant.to_owned(),
            rollout,
            signals,
            recent: VecDeque::new(),
            silent: None,
            shown: None,
        }
    }

    /// From now on every change is shown.
    pub(crate) fn showing(mut self, output: Output) -> Result<Self, Failure> {
        self.shown = Some((output, Screen::default()));
        self.show(true)?;
        Ok(self)
    }

    /// Waits until something may have changed, reads the rollout and shows it.
    pub(crate) async fn change(&mut self) -> Result<(), Failure> {
        tokio::select! {
            signal = self.signals.recv() => self.take(signal)?,
            () = tokio::time::sleep(READ_AGAIN) => {}
        }
        // Whatever else comes within a frame belongs to the same picture.
        let frame = tokio::time::sleep(REDRAW);
        tokio::pin!(frame);
        loop {
            tokio::select! {
                () = &mut frame => break,
                signal = self.signals.recv() => self.take(signal)?,
            }
        }
        let id = self.rollout.typed.id.to_string();
        let path = ["tenants", self.tenant.as_str(), "rollouts", &id];
        match self.client.get::<Rollout>(&path, &Query::new()).await {
            Ok(rollout) => {
                let changed = rollout.json != self.rollout.json || self.silent.is_some();
                self.rollout = rollout;
                self.silent = None;
                self.show(changed)
            }
            Err(Failure::Unreachable { url, error }) => {
                let since = self.silent.as_ref().map_or_else(Instant::now, |(_, since)| *since);
                if since.elapsed() > GIVE_UP {
                    return Err(Failure::Unreachable { url, error });
                }
                self.silent = Some((error, since));
                self.show(false)
            }
            Err(failure) => Err(failure),
        }
    }

    fn take(&mut self, signal: Option<Signal>) -> Result<(), Failure> {
        match signal {
            Some(Signal::Event(event)) => {
                self.recent.push_back(event.typed);
                if self.recent.len() > LAST_EVENTS {
                    self.recent.pop_front();
                }
                Ok(())
            }
            Some(Signal::Lost(error)) => {
                if self.shown.as_ref().is_some_and(|(output, _)| !output.redraws) {
                    say(&format!("connection lost ({error}); trying again"));
                }
                Ok(())
            }
            Some(Signal::Refused(failure)) => Err(failure),
            None => Err(Failure::Failed("the stream of events ended".to_owned())),
        }
    }

    /// In place on a terminal, otherwise a line for each change.
    fn show(&mut self, changed: bool) -> Result<(), Failure> {
        let Some((output, screen)) = &mut self.shown else { return Ok(()) };
        match output.form {
            Form::Table if output.redraws => {
                let mut lines = tree::lines(*output, &self.rollout.typed);
                lines.push(String::new());
                lines.extend(self.recent.iter().map(|event| {
                    let at = output.paint(Tone::Dim, &text::time(event.at));
                    format!("  {at}  {}", event.text)
                }));
                lines.extend(self.silent.as_ref().map(|(error, since)| {
                    let seconds = since.elapsed().as_secs();
                    output.paint(Tone::Bad, &format!("  no answer for {seconds} s: {error}"))
                }));
                screen.draw(&lines)
            }
            Form::Table if changed => {
                write(&format!("{}\n", tree::lines(*output, &self.rollout.typed).join("\n")))
            }
            Form::Plain if changed => Data::Jsonl.next(&self.rollout.json),
            Form::Data(data) if changed => data.next(&self.rollout.json),
            Form::Table | Form::Plain | Form::Data(_) => Ok(()),
        }
    }
}

/// A length of time as people write it: `90s`, `30m`, `8h`, `2d`.
pub(crate) fn length(text: &str) -> Result<Duration, String> {
    let at = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err("a number with s, m, h or d behind it, like 30m".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "a number is missing, as in 30m".to_owned())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(|| "too long".to_owned())
}
