//! What a letter says.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Characters of a subject. RFC 5322 asks for lines of 78 and allows 998; people see some 60.
const MOST_SUBJECT: usize = 200;
/// Bytes of a text, plain or HTML. Gmail cuts what is longer than 102 kB off.
const MOST_TEXT: usize = 100_000;
const MOST_NAME: usize = 120;

/// Why something is no letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LetterError {
    #[error("a subject is one line of 1 to {MOST_SUBJECT} characters without control characters")]
    Subject,
    #[error("a text is 1 to {MOST_TEXT} bytes long")]
    Text,
    #[error(
        "the name of an attachment is 1 to {MOST_NAME} characters without control characters, quotes and slashes"
    )]
    AttachmentName,
    #[error("a media type looks like text/csv")]
    MediaType,
}

/// What a letter says, in the forms that it may be sent in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    subject: String,
    text: String,
    html: Option<String>,
    card: Option<Card>,
}

impl Letter {
    /// A letter in plain text, whose paragraphs are what a chat shows.
    pub fn plain(subject: impl Into<String>, text: impl Into<String>) -> Result<Self, LetterError> {
        let (subject, text) = (subject.into(), text.into());
        let length = subject.chars().count();
        if !(1..=MOST_SUBJECT).contains(&length) || subject.contains(char::is_control) {
            return Err(LetterError::Subject);
        }
        if !(1..=MOST_TEXT).contains(&text.len()) {
            return Err(LetterError::Text);
        }
        Ok(Self { subject, text, html: None, card: None })
    }

    /// The same, and in HTML for those whose programs show it.
    pub fn with_html(mut self, html: impl Into<String>) -> Result<Self, LetterError> {
        let html = html.into();
        if !(1..=MOST_TEXT).contains(&html.len()) {
            return Err(LetterError::Text);
        }
        self.html = Some(html);
        Ok(self)
    }

    /// The same, and as a card for chats.
    #[must_use]
    pub fn with_card(mut self, card: Card) -> Self {
        self.card = Some(card);
        self
    }

    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn html(&self) -> Option<&str> {
        self.html.as_deref()
    }

    /// What a chat shows.
    #[must_use]
    pub fn card(&self) -> Card {
        self.card.clone().unwrap_or_else(|| Card {
            title: self.subject.clone(),
            paragraphs: self.text.split("\n\n").map(|text| text.trim().to_owned()).collect(),
            facts: Vec::new(),
            link: None,
        })
    }
}

/// What a chat shows: a title, some paragraphs, facts in two columns, and one thing to press.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    pub title: String,
    pub paragraphs: Vec<String>,
    pub facts: Vec<(String, String)>,
    /// What stands on it, and where it leads.
    pub link: Option<(String, String)>,
}

/// A file that goes with an e-mail; a chat is told that there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    name: String,
    media_type: String,
    bytes: Vec<u8>,
}

impl Attachment {
    pub fn new(
        name: impl Into<String>,
        media_type: impl Into<String>,
        bytes: Vec<u8>,
    ) -> Result<Self, LetterError> {
        let (name, media_type) = (name.into(), media_type.into());
        let bad = |c: char| c.is_control() || "\"/\\".contains(c);
        if !(1..=MOST_NAME).contains(&name.chars().count()) || name.contains(bad) {
            return Err(LetterError::AttachmentName);
        }
        let token = |text: &str| {
            let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
            !text.is_empty() && text.bytes().all(is_token)
        };
        let is_type =
            media_type.split_once('/').is_some_and(|(major, minor)| token(major) && token(minor));
        if !is_type {
            return Err(LetterError::MediaType);
        }
        Ok(Self { name, media_type, bytes })
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
