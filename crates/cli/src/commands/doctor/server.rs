//! What the server shows of itself and of the caller.

use std::time::Duration;

use api_types::{Token, WhoAmI};
use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::finding::{Finding, said};
use crate::commands::token::granted;
use crate::failure::Failure;
use crate::text;

/// Clocks may differ by so much without anybody noticing.
const CLOCK_NOTE: TimeDelta = TimeDelta::seconds(30);
/// From here on Microsoft's login refuses assertions, and times in the history mislead.
const CLOCK_WRONG: TimeDelta = TimeDelta::minutes(5);
/// Time enough to make and spread a new token.
const TOKEN_NOTE: TimeDelta = TimeDelta::days(14);

pub(super) fn unreachable(base: &Url, failure: &Failure) -> Finding {
    Finding::wrong("server", format!("{base} does not answer: {}", said(failure)))
        .because("Nothing can be looked at or steered from here; rollouts go on without you.")
        .so("See that `concentric serve` runs there, that the name resolves and the port is open.")
}

pub(super) fn reached(base: &Url, took: Duration, is_ours: bool) -> Finding {
    if is_ours {
        return Finding::good("server", format!("answers in {} ms", took.as_millis()));
    }
    Finding::wrong("server", format!("what answers at {base} is not Concentric"))
        .because("A proxy or another program stands in between, and would get your token.")
        .so("Check --url, CONCENTRIC_URL or the context, and the paths of the proxy.")
}

pub(super) fn ready(is_ready: bool, said: &str) -> Finding {
    if is_ready {
        return Finding::good("database", "answers the server");
    }
    Finding::wrong("database", format!("the server is not ready: {}", said.trim()))
        .because("Without its database the server decides nothing; devices keep what was offered.")
        .so("Look at the server's log and at PostgreSQL: does it run, is its disk full?")
}

pub(super) fn clock(date: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Finding {
    let Some(date) = date else {
        return Finding::note("clock", "the server's answers have no date")
            .because("A clock that is wrong shifts windows, deadlines and the history.")
            .so("Compare the clocks by hand, or let the proxy pass the Date header.");
    };
    let skew = date.signed_duration_since(now).abs();
    let text = format!("{} s between the server's clock and this machine's", skew.num_seconds());
    let finding = if skew <= CLOCK_NOTE {
        return Finding::good("clock", text);
    } else if skew <= CLOCK_WRONG {
        Finding::note("clock", text)
    } else {
        Finding::wrong("clock", text)
    };
    finding
        .because(
            "Windows and deadlines follow the server's clock, and Microsoft refuses wrong ones.",
        )
        .so("Switch time synchronization on, on both machines: `timedatectl` says how it stands.")
}

pub(super) fn refused(failure: &Failure) -> Finding {
    Finding::wrong("token", said(failure))
        .because("Every request needs a token that is known, not expired and not revoked.")
        .so("Ask an administrator for one (`concentric token create`), and name its file.")
}

/// `mine` is known to those alone who may look at tokens.
pub(super) fn token(me: &WhoAmI, mine: Option<&Token>, now: DateTime<Utc>) -> Finding {
    let grants: Vec<String> = me.grants.iter().map(granted).collect();
    let who = format!("{}: {}", me.name, grants.join("; "));
    let Some(mine) = mine else { return Finding::good("token", who) };
    match mine.expires_at {
        None => Finding::note("token", format!("{who}; never expires"))
            .because("Whoever gets hold of it can use it for ever.")
            .so("Make one that expires with `concentric token create`, and revoke this one."),
        Some(at) if at.signed_duration_since(now) < TOKEN_NOTE => {
            Finding::note("token", format!("{who}; expires at {}", text::time(at)))
                .because("From then on whatever uses it is refused.")
                .so("Make a new one in time: `concentric token create`.")
        }
        Some(at) => Finding::good("token", format!("{who}; good until {}", text::time(at))),
    }
}

pub(super) fn version(server: Option<&str>) -> Finding {
    let client = env!("CARGO_PKG_VERSION");
    match server {
        Some(server) if server == client => Finding::good("version", format!("{client}, both")),
        Some(server) => {
            Finding::note("version", format!("the server has {server}, this program {client}"))
                .because(
                    "A client may not know what a newer server says, and ask an older one in vain.",
                )
                .so("Install the server's version here.")
        }
        None => Finding::note("version", "the server does not say which version it is")
            .because("Client and server may not understand each other.")
            .so("Compare `concentric --version` on both machines."),
    }
}

pub(super) fn unread(what: &str, failure: &Failure) -> Finding {
    Finding::wrong(what, format!("cannot be read: {}", said(failure)))
        .because("What cannot be looked at may be wrong too.")
        .so("Try again; if it stays, the server's log has more.")
}

#[cfg(test)]
mod tests {
    use api_types::{Grant, Role};

    use super::super::finding::State;
    use super::*;

    #[test]
    fn clocks_are_held_against_each_other_in_both_directions() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let state = |skew| clock(Some(now + TimeDelta::seconds(skew)), now).state;
        assert_eq!([0, 30, -30].map(state), [State::Good; 3]);
        assert_eq!([31, -31, 300].map(state), [State::Note; 3]);
        assert_eq!([301, -301].map(state), [State::Wrong; 2]);
        assert_eq!(clock(None, now).state, State::Note);
    }

    #[test]
    fn an_end_of_a_token_is_told_two_weeks_before() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let grant = Grant { roles: vec![Role::Viewer], tenant_id: None, ring_set_ids: None };
        let me = WhoAmI { name: "ci".to_owned(), grants: vec![grant] };
        let ends = |expires_at| Token {
            id: uuid::Uuid::nil(),
            name: "ci".to_owned(),
            roles: vec![Role::Viewer],
            tenant_id: None,
            ring_set_ids: None,
            hint: "con_1234".to_owned(),
            created_by: "ana".to_owned(),
            created_at: now,
            expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        let state = |token: Token| super::token(&me, Some(&token), now).state;
        assert_eq!(state(ends(Some(now + TimeDelta::days(13)))), State::Note);
        assert_eq!(state(ends(Some(now + TimeDelta::days(15)))), State::Good);
        assert_eq!(state(ends(None)), State::Note);
        assert_eq!(super::token(&me, None, now).state, State::Good);
    }
}
