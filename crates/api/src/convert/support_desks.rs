//! Desks, as they go over the wire.

use api_types as wire;
use domain::support::desk::{Choice, Login, Way, addresses};
use store::support::{DeskRow, HandOnRow, NewDesk, ReferenceRow};
use store::webhooks::DeliveryState;

use super::support::{category, category_in, severity, severity_in};
use crate::checks::Checks;
use crate::problem::Problem;

const MOST_URL: usize = 2_000;
const MOST_ADDRESSES: usize = 20;

pub(crate) fn desk(row: DeskRow) -> wire::SupportDesk {
    wire::SupportDesk {
        id: row.id.0,
        name: row.name,
        url: row.url,
        way: way(row.way),
        at_least: severity(row.choice.at_least),
        categories: row.choice.categories.into_iter().map(category).collect(),
        enabled: row.enabled,
        failing_since: row.failing_since,
        pending: row.pending.unsigned_abs(),
        created_at: row.created_at,
        changed_at: row.changed_at,
    }
}

pub(crate) fn delivery(row: &HandOnRow) -> wire::DeskDelivery {
    wire::DeskDelivery {
        id: row.id,
        request_id: row.request.0,
        note_id: row.note,
        state: match row.state {
            DeliveryState::Pending => wire::DeliveryState::Pending,
            DeliveryState::Delivered => wire::DeliveryState::Delivered,
            DeliveryState::GivenUp => wire::DeliveryState::GivenUp,
        },
        tries: row.tries,
        due_since: row.due_since,
        next_at: (row.state == DeliveryState::Pending).then_some(row.next_at),
        ended_at: row.ended_at,
        status: row.status,
        refusal: row.refusal.map(|refusal| refusal.name().to_owned()),
    }
}

pub(crate) fn reference(row: ReferenceRow) -> wire::DeskReference {
    wire::DeskReference { desk_id: row.desk.0, desk: row.desk_name, name: row.reference.name }
}

fn way(way: Way) -> wire::DeskWay {
    match way {
        Way::Webhook => wire::DeskWay::Webhook,
        Way::Mail => wire::DeskWay::Mail,
        Way::ServiceNow { table, caller, assignment_group, login: of } => {
            wire::DeskWay::ServiceNow { table, caller, assignment_group, login: login(of) }
        }
        Way::Jira { project, issue_type, login: of } => {
            wire::DeskWay::Jira { project, issue_type, login: login(of) }
        }
    }
}

fn login(login: Login) -> wire::DeskLogin {
    match login {
        Login::Basic { user } => wire::DeskLogin::Basic { user },
        Login::Bearer => wire::DeskLogin::Bearer,
    }
}

/// What a caller wants of a desk, checked, with its secret and the reason; whether its address may be called is
/// seen when it is.
pub(crate) fn desk_in(
    body: wire::CreateSupportDesk,
    is_new: bool,
) -> Result<(NewDesk, Option<String>, Option<String>), Problem> {
    let mut checks = Checks::default();
    checks.text("/name", &body.name, 100);
    if let Some(reason) = &body.reason {
        checks.text("/reason", reason, 500);
    }
    check_url(&body.url, &body.way, &mut checks);
    let is_webhook = body.way == wire::DeskWay::Webhook;
    let is_mail = body.way == wire::DeskWay::Mail;
    match &body.secret {
        Some(_) if is_webhook => {
            checks.wrong("/secret", "the secret of a webhook is made here; leave this out");
        }
        Some(_) if is_mail => {
            checks
                .wrong("/secret", "e-mail goes by the mail server of the service; leave this out");
        }
        None if is_mail => {}
        Some(secret) => checks.secret("/secret", secret),
        None if is_new && !is_webhook => {
            checks.wrong("/secret", "the password or token of the login is needed");
        }
        None => {}
    }
    let way = way_in(body.way, &mut checks);
    checks.finish()?;
    let mut categories: Vec<_> = body.categories.into_iter().map(category_in).collect();
    categories.sort_unstable();
    categories.dedup();
    let choice = Choice { at_least: severity_in(body.at_least), categories };
    let new = NewDesk { name: body.name, url: body.url, way, choice, enabled: body.enabled };
    // Of e-mail there is none to be kept, and none to be made.
    let secret = if is_mail { Some(String::new()) } else { body.secret };
    Ok((new, secret, body.reason))
}

fn check_url(url: &str, way: &wire::DeskWay, checks: &mut Checks) {
    if *way == wire::DeskWay::Mail {
        match addresses(url) {
            None => checks.wrong("/url", "mailto:a@example.com is right"),
            Some(Err(error)) => checks.wrong("/url", error.to_string()),
            Some(Ok(to)) if to.len() > MOST_ADDRESSES => {
                checks.wrong("/url", format!("{MOST_ADDRESSES} addresses are the most"));
            }
            Some(Ok(_)) => {}
        }
        return;
    }
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    let is_clean = !url.contains(|c: char| c.is_control() || c.is_whitespace());
    if !is_web || !is_clean || url.len() > MOST_URL {
        checks.wrong("/url", "an address that begins with https:// is right, 2000 bytes at most");
    }
    // Paths are added to where a ticket system begins.
    if *way != wire::DeskWay::Webhook && url.contains(['?', '#']) {
        checks.wrong("/url", "where the ticket system begins is right, without parameters");
    }
}

fn way_in(way: wire::DeskWay, checks: &mut Checks) -> Way {
    match way {
        wire::DeskWay::Webhook => Way::Webhook,
        wire::DeskWay::Mail => Way::Mail,
        wire::DeskWay::ServiceNow { table, caller, assignment_group, login } => {
            let is_name = |letter: char| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_'
            };
            if !(1..=80).contains(&table.len()) || !table.chars().all(is_name) {
                checks.wrong("/way/table", "the name of a table is right, such as incident");
            }
            if let Some(caller) = &caller {
                checks.text("/way/caller", caller, 200);
            }
            if let Some(group) = &assignment_group {
                checks.text("/way/assignment_group", group, 200);
            }
            Way::ServiceNow { table, caller, assignment_group, login: login_in(login, checks) }
        }
        wire::DeskWay::Jira { project, issue_type, login } => {
            let is_key = |letter: char| {
                letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_'
            };
            let begins = project.starts_with(|letter: char| letter.is_ascii_uppercase());
            let fits = (2..=50).contains(&project.len()) && project.chars().all(is_key);
            if !begins || !fits {
                checks.wrong("/way/project", "the key of a project is right, such as UPD");
            }
            checks.text("/way/issue_type", &issue_type, 60);
            Way::Jira { project, issue_type, login: login_in(login, checks) }
        }
    }
}

fn login_in(login: wire::DeskLogin, checks: &mut Checks) -> Login {
    match login {
        wire::DeskLogin::Basic { user } => {
            checks.text("/way/login/user", &user, 200);
            // It ends where the password begins.
            if user.contains(':') {
                checks.wrong("/way/login/user", "a user has no colon");
            }
            Login::Basic { user }
        }
        wire::DeskLogin::Bearer => Login::Bearer,
    }
}
