//! A rollout as a tree of its rings. Draws nothing: gives lines.

use api_types::{AttemptState, Rollout, RolloutRing, Wish};

use crate::output::{Output, Tone};
use crate::{pauses, text};

const BAR: u32 = 16;

/// The name of the last ring opened.
pub(crate) fn current_ring(rollout: &Rollout) -> Option<&str> {
    let current = rollout.phase.ring?;
    rollout.rings.iter().find(|ring| ring.ring == current).map(|ring| ring.name.as_str())
}

pub(crate) fn lines(output: Output, rollout: &Rollout) -> Vec<String> {
    let (mark, tone) = text::phase_mark(rollout.phase.name);
    let phase = output.paint(tone, &format!("{mark} {}", text::phase(&rollout.phase)));
    let ring = current_ring(rollout).map(|name| format!(" · {name}")).unwrap_or_default();
    let since = rollout.phase.since.map(|at| format!(" · since {}", text::time(at)));
    let release = output.paint(Tone::Strong, &rollout.release_name);
    let mut lines = vec![format!("{release}  {phase}{ring}{}", since.unwrap_or_default())];
    lines.push(output.paint(Tone::Dim, &format!("  rollout {}", rollout.id)));
    if let Some(why) = &rollout.waiting_on {
        let next = rollout.next_look.map(|at| format!(" · looks again {}", text::time(at)));
        let why = format!("why: {why}{}", next.unwrap_or_default());
        lines.extend(wrapped(&why));
    }
    if rollout.intent.wish != Wish::Run {
        let intent = &rollout.intent;
        let reason = intent.reason.as_ref().map(|reason| format!(": {reason}"));
        let (wish, at) = (text::wish(intent.wish), text::time(intent.at));
        lines.push(format!(
            "  asked for: {wish} by {} at {at}{}",
            intent.by,
            reason.unwrap_or_default()
        ));
    }
    lines.extend(pauses::lines(&rollout.pauses));
    let widths = Widths::of(rollout);
    let last = rollout.rings.len().saturating_sub(1);
    for (ring, at) in rollout.rings.iter().zip(0_usize..) {
        let (branch, below) = if at == last { ("└", " ") } else { ("├", "│") };
        lines.push(format!("  {branch} {}", ring_line(output, ring, widths)));
        lines.push(format!("  {below}   {}", told(output, ring)));
    }
    lines
}

/// A sentence over as many lines as it needs: a terminal that is drawn in place cuts what is too
/// long, and this is what people came to read.
fn wrapped(text: &str) -> Vec<String> {
    const WIDTH: usize = 96;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("    {word}")),
            None => lines.push(format!("  {word}")),
        }
    }
    lines
}

/// For `cut` and `awk`.
pub(crate) fn plain(rollout: &Rollout) -> Vec<String> {
    let mut lines = vec![
        format!("release\t{}", rollout.release_name),
        format!("id\t{}", rollout.id),
        format!("phase\t{}", text::phase(&rollout.phase)),
        format!("ring\t{}", current_ring(rollout).unwrap_or("-")),
        format!("since\t{}", text::maybe_time(rollout.phase.since)),
        format!("why\t{}", text::maybe(rollout.waiting_on.as_deref())),
        format!("next look\t{}", text::maybe_time(rollout.next_look)),
    ];
    lines.extend(pauses::plain(&rollout.pauses));
    lines.extend(rollout.rings.iter().map(|ring| {
        format!(
            "ring {}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            ring.ring,
            ring.name,
            ring.assigned,
            ring.offered,
            ring.confirmed,
            ring.failed,
            ring.lost,
            ring.waves,
            text::access(ring.told.accepted)
        )
    }));
    lines
}

/// Columns as wide as their widest value, so that numbers stand under each other.
#[derive(Debug, Clone, Copy)]
struct Widths {
    name: usize,
    number: usize,
}

impl Widths {
    fn of(rollout: &Rollout) -> Self {
        let rings = &rollout.rings;
        let name = rings.iter().map(|ring| ring.name.chars().count()).max().unwrap_or(0);
        let number = rings.iter().map(|ring| text::number(ring.assigned).len()).max().unwrap_or(0);
        Self { name, number }
    }
}

fn ring_line(output: Output, ring: &RolloutRing, Widths { name, number }: Widths) -> String {
    let count = |tone: Tone, word: &str, value: u32| {
        let text = format!("{word} {:<number$}", text::number(value));
        if value == 0 { output.paint(Tone::Dim, &text) } else { output.paint(tone, &text) }
    };
    format!(
        "{:name$}  {} {:>number$}/{:<number$} offered  {}  {}  {}  wave {}",
        ring.name,
        bar(output, ring),
        text::number(ring.offered),
        text::number(ring.assigned),
        count(Tone::Good, "ok", ring.confirmed),
        count(Tone::Bad, "failed", ring.failed),
        count(Tone::Bad, "lost", ring.lost),
        ring.waves,
    ) + &removals(ring)
}

/// How far a rollback has come; nothing unless there is one.
fn removals(ring: &RolloutRing) -> String {
    let states = [AttemptState::Removing, AttemptState::Removed, AttemptState::Stranded];
    let counted = states.into_iter().filter_map(|state| {
        let devices = ring.states.get(&state).filter(|devices| **devices > 0)?;
        Some(format!("  {} {}", text::attempt_state(state), text::number(*devices)))
    });
    counted.collect()
}

/// Confirmed, then failed and lost, then on its way, then not yet offered.
fn bar(output: Output, ring: &RolloutRing) -> String {
    let cells = |devices: u32| {
        let up_to = u64::from(devices) * u64::from(BAR) / u64::from(ring.assigned.max(1));
        usize::try_from(up_to.min(u64::from(BAR))).unwrap_or(0)
    };
    let good = cells(ring.confirmed);
    let bad = cells(ring.confirmed + ring.failed + ring.lost);
    let offered = cells(ring.offered).max(bad);
    let rest = usize::try_from(BAR).unwrap_or(0) - offered;
    format!(
        "{}{}{}{}",
        output.paint(Tone::Good, &"█".repeat(good)),
        output.paint(Tone::Bad, &"▒".repeat(bad - good)),
        output.paint(Tone::Wait, &"▓".repeat(offered - bad)),
        output.paint(Tone::Dim, &"░".repeat(rest)),
    )
}

/// The clocks: when it was decided, and when Graph accepted it.
fn told(output: Output, ring: &RolloutRing) -> String {
    let told = &ring.told;
    let Some(wanted_at) = told.wanted_at else {
        return output.paint(Tone::Dim, text::access(told.wanted));
    };
    let decided = format!("{} decided {}", text::access(told.wanted), text::time(wanted_at));
    let accepted = match told.accepted_at {
        Some(at) if told.accepted == told.wanted => format!("Graph accepted {}", text::time(at)),
        Some(_) | None => format!("Graph still has it {}", text::access(told.accepted)),
    };
    let waves = match told.pending_waves {
        0 => String::new(),
        1 => " · 1 wave not told yet".to_owned(),
        count => format!(" · {count} waves not told yet"),
    };
    let line = output.paint(Tone::Dim, &format!("{decided} · {accepted}{waves}"));
    match &told.error {
        Some(error) => format!("{line} {}", output.paint(Tone::Bad, &format!("! {error}"))),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn a_long_reason_is_read_to_its_end() {
        let text = "word ".repeat(50);
        let lines = wrapped(&text);
        assert!(lines.len() > 1 && lines.iter().all(|line| line.chars().count() <= 100));
        let words: usize = lines.iter().map(|line| line.split_whitespace().count()).sum();
        assert_eq!(words, 50);
        assert_eq!(wrapped("short"), ["  short"]);
    }
}
