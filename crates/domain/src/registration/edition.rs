//! What a Windows edition means for registration.
//!
//! Two witnesses: Intune's `skuFamily` (a word, empty until the hardware inventory has run, up to a
//! week after enrolment) and `skuNumber` (what `GetProductInfo` returns, 0 when unknown). Never
//! guesses: what neither tells is [`Edition::Unknown`], and no reason to turn a device away.

/// What an edition means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    Unknown,
    /// Pro, Pro for Workstations, Pro Education, Enterprise or Education.
    Supported,
    /// Enterprise LTSC (long-term servicing): quality updates only (facts/autopatch.md 1.2).
    LongTerm,
    /// Windows Enterprise multi-session: Azure Virtual Desktop alone has it.
    MultiSession,
    /// Any other: Home, servers, embedded, Team, S mode.
    Unsupported,
}

/// The words of `skuFamily` for supported editions, compared without case and without their suffixes
/// `N` (no media features) and `Eval`. Pro, Enterprise and Pro for Workstations: the prerequisites of
/// Windows Autopatch (windows-itpro-docs, windows-autopatch-prerequisites.md, 2023-09-24). Education:
/// A3 and A5 entitle to the service since September 2024 (facts/autopatch.md 1.2, 7.1). `IoTEnterprise`
/// is on neither list, nor are servers; "Business" is a Windows Vista edition. Graph publishes no list
/// of the words: both Intune's short forms and Windows' edition ids are taken.
const SUPPORTED: [&str; 9] = [
    "Enterprise",
    "Pro",
    "Professional",
    "ProWorkstation",
    "ProfessionalWorkstation",
    "Education",
    "ProEducation",
    "ProfessionalEducation",
    "EnterpriseSubscription",
];
const LONG_TERM: [&str; 3] = ["EnterpriseS", "EnterpriseLTSC", "EnterpriseLTSB"];
/// Seen as `EnterpriseMultisession` from Graph; `ServerRdsh` is Windows' own edition id.
const MULTI_SESSION: [&str; 2] = ["EnterpriseMultisession", "ServerRdsh"];

impl Edition {
    /// What `family` and `number` say. The number decides what the words tell less surely (long-term
    /// servicing and multi-session are Enterprise too), and all if there is no word.
    #[must_use]
    pub fn of(family: &str, number: Option<i32>) -> Self {
        let by_number = number.map_or(Self::Unknown, Self::of_number);
        match by_number {
            Self::LongTerm | Self::MultiSession => by_number,
            Self::Unknown | Self::Supported | Self::Unsupported => {
                let by_word = Self::of_family(family);
                if by_word == Self::Unknown { by_number } else { by_word }
            }
        }
    }

    fn of_family(family: &str) -> Self {
        let family = family.trim();
        let is = |words: &[&str]| words.iter().any(|word| is_edition(family, word));
        if family.is_empty() || family.eq_ignore_ascii_case("unknown") {
            Self::Unknown
        } else if is(&MULTI_SESSION) {
            Self::MultiSession
        } else if is(&LONG_TERM) {
            Self::LongTerm
        } else if is(&SUPPORTED) {
            Self::Supported
        } else {
            Self::Unsupported
        }
    }

    /// Product numbers of `GetProductInfo` (winnt.h, `PRODUCT_*`).
    fn of_number(number: i32) -> Self {
        match number {
            0 => Self::Unknown,
            // Enterprise, its N, E and evaluation variants, and by subscription.
            4 | 27 | 70 | 72 | 84 | 140 | 141 => Self::Supported,
            // Pro (N); Education (N); Pro for Workstations (N); Pro Education (N).
            48 | 49 | 121 | 122 | 161 | 162 | 164 | 165 => Self::Supported,
            // Enterprise LTSC (N), and as evaluation.
            125 | 126 | 129 | 130 => Self::LongTerm,
            175 => Self::MultiSession,
            _ => Self::Unsupported,
        }
    }
}

/// Whether `family` is `edition` or one of its variants (`EnterpriseN`, `EnterpriseNEval`).
fn is_edition(family: &str, edition: &str) -> bool {
    let Some((start, rest)) = family.split_at_checked(edition.len()) else { return false };
    let variant = ["", "N", "Eval", "NEval"].iter().any(|suffix| rest.eq_ignore_ascii_case(suffix));
    variant && start.eq_ignore_ascii_case(edition)
}
