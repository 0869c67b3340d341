//! How a command can end: its exit codes, and what is said when it failed.

use std::io::Write;

use api_types::Problem;

use crate::client::Order;
use crate::output::{Output, Tone};

/// The exit codes; scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Ok,
    Error,
    Usage,
    NotFound,
    NotAllowed,
    Conflict,
    /// The rollout was rolled back or cancelled.
    Stopped,
    /// The rollout is paused or held.
    Held,
    TimedOut,
    Unreachable,
    /// The tenant is not fit to be served.
    NotReady,
    /// What stands on Graph differs from what was made of it.
    Differs,
    /// A file says something else than the service.
    Pending,
    /// The audit trail is not what it was.
    Damaged,
    Interrupted,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::NotAllowed => 4,
            Self::Conflict => 5,
            Self::Stopped => 10,
            Self::Held => 11,
            Self::TimedOut => 12,
            Self::Unreachable => 13,
            Self::NotReady => 14,
            Self::Differs => 15,
            Self::Pending => 6,
            Self::Damaged => 17,
            Self::Interrupted => 130,
        }
    }
}

/// Why a command could not do what it was asked for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was asked for is not clear or not possible; nothing was done.
    Usage(String),
    NotFound(String),
    /// Nobody answers.
    Unreachable {
        url: String,
        error: String,
    },
    /// The service refused.
    Problem(Box<Problem>),
    /// An action is not confirmed.
    Declined,
    Failed(String),
    /// Somebody else did something else meanwhile.
    Overtaken(String),
    /// What was waited for did not come; whoever works on it goes on.
    TimedOut(String),
    /// This would have been sent, were it not a dry run.
    NotSent(Box<Order>),
    /// Whoever read our output has seen enough.
    ClosedPipe,
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::NotFound(_) => Exit::NotFound,
            Self::Unreachable { .. } => Exit::Unreachable,
            Self::Problem(problem) => match problem.status {
                401 | 403 => Exit::NotAllowed,
                404 => Exit::NotFound,
                409 | 412 | 428 => Exit::Conflict,
                _ => Exit::Error,
            },
            Self::Declined | Self::Failed(_) => Exit::Error,
            Self::Overtaken(_) => Exit::Conflict,
            Self::TimedOut(_) => Exit::TimedOut,
            Self::NotSent(_) | Self::ClosedPipe => Exit::Ok,
        }
    }

    /// In one line, for a place where more is going on.
    pub(crate) fn brief(&self) -> String {
        match self {
            Self::Usage(text) | Self::NotFound(text) => text.clone(),
            Self::Failed(text) | Self::Overtaken(text) | Self::TimedOut(text) => text.clone(),
            Self::Unreachable { error, .. } => error.clone(),
            Self::Problem(problem) => problem.title.clone(),
            Self::Declined => "not confirmed".to_owned(),
            Self::NotSent(order) => format!("would send {order}"),
            Self::ClosedPipe => "nobody reads".to_owned(),
        }
    }

    /// Says on stderr what went wrong and what to do next.
    pub(crate) fn tell(&self, output: Output) {
        let mut lines = Vec::new();
        match self {
            Self::ClosedPipe => return,
            Self::NotSent(order) => {
                // Nobody is left to tell when this fails.
                let _ = order.show(output);
                return;
            }
            Self::Usage(text) | Self::NotFound(text) => lines.push(text.clone()),
            Self::Failed(text) | Self::Overtaken(text) => lines.push(text.clone()),
            Self::TimedOut(text) => lines.push(text.clone()),
            Self::Declined => lines.push("not confirmed; nothing was done".to_owned()),
            Self::Unreachable { url, error } => {
                lines.push(format!("no answer from {url}: {error}"));
                lines.push(format!(
                    "  Is `concentric serve` running at {url}? Another address: --url or \
                     CONCENTRIC_URL."
                ));
            }
            Self::Problem(problem) => lines.extend(describe(problem)),
        }
        let mut err = std::io::stderr().lock();
        let label = output.paint_err(Tone::Bad, "error:");
        // Nobody is left to tell when this fails too.
        let _ = writeln!(err, "{label} {}", lines.join("\n"));
    }
}

fn describe(problem: &Problem) -> Vec<String> {
    let mut lines = vec![problem.title.clone()];
    if !problem.detail.is_empty() {
        lines.push(format!("  {}", problem.detail));
    }
    lines.extend(problem.errors.iter().map(|e| format!("  {}: {}", e.pointer, e.detail)));
    lines.extend(next_step(problem.status).map(|step| format!("  {step}")));
    lines.extend(problem.trace_id.iter().map(|id| format!("  trace {id}")));
    lines
}

fn next_step(status: u16) -> Option<&'static str> {
    match status {
        401 => Some(
            "Put the token in CONCENTRIC_TOKEN, or in a file named by --token-file or \
             CONCENTRIC_TOKEN_FILE.",
        ),
        403 => Some("The token's role does not reach this; ask an admin for one that does."),
        404 => Some("The `list` commands show what there is, like `concentric rollout list`."),
        409 | 412 | 428 => Some(
            "Look at it as it is now, with `get` or `explain`: that says what can be done, and why \
             not the rest.",
        ),
        429 | 503 => Some("Try again in a moment."),
        500.. => Some("The server's log has more; look for the trace id."),
        _ => None,
    }
}
