//! Reports that are sent again and again: what is to be in one, and the letter that brings it.

use chrono::{DateTime, Utc};

use crate::ids::{ReportScheduleId, ReportViewId};
use crate::outbox::{ATTACHED_MOST, Attachment, Card, Letter, LetterError};

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    Csv,
    Json,
    Xlsx,
}

impl FileFormat {
    pub const ALL: [Self; 3] = [Self::Csv, Self::Json, Self::Xlsx];

    /// The word in tables and JSON, and how such a file's name ends.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Xlsx => "xlsx",
        }
    }

    /// The format of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Json => "application/json",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// A report that is to be made for one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The moment.
    pub at: DateTime<Utc>,
    pub schedule: ReportScheduleId,
    /// Of the schedule.
    pub name: String,
    pub view: ReportViewId,
    pub report: String,
    pub filter: Option<String>,
    pub order_by: Option<String>,
    /// None: all of them.
    pub columns: Vec<String>,
    pub format: FileFormat,
}

/// Whether a report is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    Due(Order),
    /// Not before then; none: not until somebody changes the schedule.
    Wait {
        until: Option<DateTime<Utc>>,
    },
    /// It is due, and cannot be made until somebody changes something.
    Impossible {
        at: DateTime<Utc>,
        why: String,
    },
}

/// A report that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    File {
        rows: u64,
        bytes: Vec<u8>,
    },
    /// It is more than a mail takes.
    TooLarge,
}

impl Made {
    /// How many rows it has; none: they were not counted to the end.
    #[must_use]
    pub const fn rows(&self) -> Option<u64> {
        match self {
            Self::File { rows, .. } => Some(*rows),
            Self::TooLarge => None,
        }
    }
}

/// The largest file that is attached, in bytes.
pub const LARGEST: usize = ATTACHED_MOST;

/// The letter that brings a report, and its file; `link` leads to the report as it is then.
pub fn letter(
    order: &Order,
    made: &Made,
    link: &str,
) -> Result<(Letter, Option<Attachment>), LetterError> {
    let day = order.at.date_naive();
    let subject = line(&format!("{}: report of {day}", order.name), 200);
    let (text, file) = match made {
        Made::File { rows, bytes } => {
            let unit = if *rows == 1 { "row" } else { "rows" };
            let name = format!("{}-{day}.{}", order.report, order.format.word());
            let file = Attachment::new(name, order.format.media_type(), bytes.clone())?;
            let text = format!("The report {} has {rows} {unit}; it is attached.", order.report);
            (text, Some(file))
        }
        Made::TooLarge => {
            let text = format!(
                "The report {} is larger than a mail takes. It is read at the address below, as it \
                 is then.",
                order.report
            );
            (text, None)
        }
    };
    let filter = order.filter.as_deref().unwrap_or("none");
    let why = format!(
        "You get this because the schedule {:?} names your address; whoever administers Concentric \
         changes that (concentric report schedule).",
        order.name
    );
    let body = format!("{text}\n\nFilter: {filter}\nAddress: {link}\n\n{why}\n");
    let card = Card {
        title: subject.clone(),
        paragraphs: vec![text],
        facts: vec![("filter".to_owned(), filter.to_owned())],
        link: Some(("Open the report".to_owned(), link.to_owned())),
    };
    Ok((Letter::plain(subject, body)?.with_card(card), file))
}

/// One line of at most so many characters.
fn line(text: &str, most: usize) -> String {
    let clean = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    clean.take(most).collect()
}
