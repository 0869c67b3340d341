//! What somebody wants to be told, as options and as words.

use api_types::{AlertSeverity, Focus, NotificationWants};
use clap::{Args, ValueEnum};

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FocusWord {
    Devices,
    Updates,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SeverityWord {
    Information,
    Warning,
    Critical,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Wants {
    /// What they see to; can be repeated; both if not given.
    #[arg(long, value_name = "AREA")]
    focus: Vec<FocusWord>,
    /// A sort of message, as `rollout_paused`; can be repeated; all of them if not given.
    #[arg(long = "message", value_name = "MESSAGE", conflicts_with = "all_messages")]
    messages: Vec<String>,
    /// Tell them all sorts of messages.
    #[arg(long)]
    all_messages: bool,
    /// Nothing below it.
    #[arg(long, value_name = "SEVERITY")]
    least: Option<SeverityWord>,
    /// Once a day, but for what is critical.
    #[arg(long, conflicts_with = "at_once")]
    digest: bool,
    /// Each message when there is one.
    #[arg(long)]
    at_once: bool,
}

impl Wants {
    /// What is not given stays as it is there.
    pub(crate) fn over(&self, there: NotificationWants) -> NotificationWants {
        let focus = self.focus.iter().map(|word| match word {
            FocusWord::Devices => Focus::Devices,
            FocusWord::Updates => Focus::Updates,
        });
        let topics = match (self.all_messages, self.messages.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => there.topics,
            (false, false) => self.messages.clone(),
        };
        NotificationWants {
            focus: if self.focus.is_empty() { there.focus } else { focus.collect() },
            topics,
            least: self.least.map_or(there.least, |least| match least {
                SeverityWord::Information => AlertSeverity::Information,
                SeverityWord::Warning => AlertSeverity::Warning,
                SeverityWord::Critical => AlertSeverity::Critical,
            }),
            digest: (there.digest || self.digest) && !self.at_once,
        }
    }
}

pub(crate) fn focus(wants: &NotificationWants) -> String {
    let words: Vec<&str> = wants
        .focus
        .iter()
        .map(|focus| match focus {
            Focus::Devices => "devices",
            Focus::Updates => "updates",
        })
        .collect();
    words.join(", ")
}

pub(crate) fn topics(wants: &NotificationWants) -> String {
    if wants.topics.is_empty() { "all".to_owned() } else { wants.topics.join(", ") }
}

pub(crate) fn least(wants: &NotificationWants) -> String {
    severity(wants.least).to_owned()
}

pub(crate) const fn severity(severity: AlertSeverity) -> &'static str {
    match severity {
        AlertSeverity::Information => "information",
        AlertSeverity::Warning => "warning",
        AlertSeverity::Critical => "critical",
    }
}
