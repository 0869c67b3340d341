//! Bulletins in the form of letters: plain text, HTML and a card, from the same words.

use std::cmp::Reverse;
use std::fmt::Write as _;

use chrono::NaiveDate;

use super::Bulletin;
use crate::outbox::{Card, Letter, LetterError};

/// The frame of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The name of the tenant.
    pub tenant: String,
    /// Where the console shows it; none: people do not know the service by an address.
    pub console: Option<String>,
    /// Why this reader gets it, and how to get less, in a sentence or two.
    pub because: String,
}

/// A letter with one bulletin.
pub fn letter(bulletin: &Bulletin, about: &About) -> Result<Letter, LetterError> {
    let title = line(&bulletin.title);
    let text = format!("{}\n{}", body_text(bulletin, about), foot_text(about));
    let html = html(&title, &body_html(bulletin, about), about);
    let mut facts: Vec<(String, String)> = vec![("Tenant".to_owned(), line(&about.tenant))];
    facts.extend(bulletin.facts.iter().map(|(name, value)| (line(name), line(value))));
    let mut paragraphs: Vec<String> = bulletin.happened.iter().map(|text| line(text)).collect();
    paragraphs.extend(bulletin.why.iter().map(|why| format!("Why: {}", line(why))));
    paragraphs.extend(bulletin.todo.iter().map(|todo| format!("What to do: {}", line(todo))));
    let link = link(bulletin, about).map(|url| ("Open in Concentric".to_owned(), url));
    let card = Card { title: title.clone(), paragraphs, facts, link };
    Ok(Letter::plain(subject(about, &title), text)?.with_html(html)?.with_card(card))
}

/// A letter with all bulletins of a day, the worst first.
pub fn digest(
    day: NaiveDate,
    bulletins: &[Bulletin],
    about: &About,
) -> Result<Letter, LetterError> {
    let mut bulletins: Vec<&Bulletin> = bulletins.iter().collect();
    bulletins.sort_by_key(|bulletin| Reverse(bulletin.severity));
    let count = bulletins.len();
    let things = if count == 1 { "1 message".to_owned() } else { format!("{count} messages") };
    let title = format!("{things} of {}", day.format("%-d %B %Y"));
    let mut text = String::new();
    let mut inner = String::new();
    let mut titles = Vec::new();
    // So many fit into a mail that programs show whole.
    for bulletin in bulletins.iter().take(50) {
        let _ = write!(text, "{}\n\n", body_text(bulletin, about));
        let _ = write!(inner, "<hr>{}", body_html(bulletin, about));
        titles.push(line(&bulletin.title));
    }
    if count > titles.len() {
        let left = format!("And {} more, in the audit trail.", count - titles.len());
        let _ = writeln!(text, "{left}");
        let _ = write!(inner, "<p>{}</p>", escape(&left));
    }
    let link = about.console.clone().map(|url| ("Open in Concentric".to_owned(), url));
    let facts = vec![("Tenant".to_owned(), line(&about.tenant))];
    let card = Card { title: title.clone(), paragraphs: titles, facts, link };
    let text = format!("{text}\n{}", foot_text(about));
    let html = html(&title, &inner, about);
    Ok(Letter::plain(subject(about, &title), text)?.with_html(html)?.with_card(card))
}

fn subject(about: &About, title: &str) -> String {
    let whole = format!("[{}] {title}", line(&about.tenant));
    if whole.chars().count() <= 200 {
        return whole;
    }
    whole.chars().take(199).chain(['\u{2026}']).collect()
}

fn link(bulletin: &Bulletin, about: &About) -> Option<String> {
    about.console.as_ref().map(|console| format!("{console}{}", bulletin.page))
}

/// One line of it: names may hold anything.
fn line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn body_text(bulletin: &Bulletin, about: &About) -> String {
    let mut text = format!("{}\n\n", line(&bulletin.title));
    for happened in &bulletin.happened {
        let _ = write!(text, "{}\n\n", line(happened));
    }
    if let Some(why) = &bulletin.why {
        let _ = write!(text, "Why: {}\n\n", line(why));
    }
    if let Some(todo) = &bulletin.todo {
        let _ = write!(text, "What to do: {}\n\n", line(todo));
    }
    for (name, value) in &bulletin.facts {
        let _ = writeln!(text, "  {}: {}", line(name), line(value));
    }
    if let Some(url) = link(bulletin, about) {
        let _ = write!(text, "\n{url}\n");
    }
    text
}

fn foot_text(about: &About) -> String {
    // The sign that mail programs cut off in answers.
    format!("-- \nConcentric, tenant {}\n{}\n", line(&about.tenant), line(&about.because))
}

fn body_html(bulletin: &Bulletin, about: &About) -> String {
    let mut html = format!("<h2>{}</h2>", escape(&line(&bulletin.title)));
    for happened in &bulletin.happened {
        let _ = write!(html, "<p>{}</p>", escape(&line(happened)));
    }
    if let Some(why) = &bulletin.why {
        let _ = write!(html, "<p><strong>Why:</strong> {}</p>", escape(&line(why)));
    }
    if let Some(todo) = &bulletin.todo {
        let _ = write!(html, "<p><strong>What to do:</strong> {}</p>", escape(&line(todo)));
    }
    if !bulletin.facts.is_empty() {
        html.push_str("<table>");
        for (name, value) in &bulletin.facts {
            let (name, value) = (escape(&line(name)), escape(&line(value)));
            let _ = write!(html, "<tr><th align=\"left\">{name}</th><td>{value}</td></tr>");
        }
        html.push_str("</table>");
    }
    if let Some(url) = link(bulletin, about) {
        let _ = write!(html, "<p><a href=\"{}\">Open in Concentric</a></p>", escape(&url));
    }
    html
}

/// The page around it. No image and no style sheet is fetched, so that opening it tells nobody anything.
fn html(title: &str, inner: &str, about: &About) -> String {
    let (title, tenant, because) =
        (escape(title), escape(&line(&about.tenant)), escape(&line(&about.because)));
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\
         <body style=\"font-family:sans-serif;max-width:40em;line-height:1.4\">{inner}\
         <p style=\"color:#555;font-size:85%\">Concentric, tenant {tenant}<br>{because}</p></body></html>\n"
    )
}

/// As it reads, and never as markup that somebody hid in a name.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
