//! Ten thousand tamperings, each found.

use audit::{Entry, Hex, Line, Outside, Signer};
use chrono::TimeDelta;
use fastrand::Rng;
use uuid::Uuid;

use crate::trail::{STRIDE, Trail, text};

/// All of it covered: what is not is the subject of `verdicts`.
const ENTRIES: i64 = 5 * STRIDE;

const TAMPERINGS: u64 = 10_000;

/// The ways to tamper. Each changes something.
const WAYS: [fn(&mut Rng, &Trail, &Trail) -> String; 12] = [
    edit,
    edit_and_rehash,
    delete,
    repeat,
    swap,
    splice,
    cut,
    forge,
    swap_signatures,
    byte,
    digit,
    insert,
];

#[test]
fn every_tampering_is_found() {
    let (trail, other) = (Trail::of(1, ENTRIES), Trail::of(2, ENTRIES));
    let whole = text(&trail.lines);
    assert_eq!(trail.verify(&whole, trail.outside()).unwrap().covered, ENTRIES);
    let outside = trail.outside();
    for seed in 0..TAMPERINGS {
        let mut rng = Rng::with_seed(seed);
        let way = usize::try_from(seed).unwrap() % WAYS.len();
        let tampered = WAYS[way](&mut rng, &trail, &other);
        assert_ne!(tampered, whole, "seed {seed}, way {way} changed nothing");
        let found = trail.verify(&tampered, outside.clone());
        assert!(found.is_err(), "seed {seed}, way {way}: {found:?}");
    }
    assert!(trail.verify(&whole, outside).is_ok(), "untouched, it still passes");
}

fn index(rng: &mut Rng, trail: &Trail) -> usize {
    rng.usize(0..trail.lines.len())
}

fn entries(trail: &Trail) -> Vec<usize> {
    let is_entry = |index: &usize| matches!(trail.lines[*index], Line::Entry(_));
    (0..trail.lines.len()).filter(is_entry).collect()
}

fn change(rng: &mut Rng, entry: &mut Entry) {
    match rng.u8(0..5) {
        0 => entry.at += TimeDelta::microseconds(rng.i64(1..1_000_000)),
        1 => entry.actor.push('x'),
        2 => entry.kind.insert(0, 'x'),
        3 => entry.body = entry.body.replace("because", "although"),
        _ => entry.rollout = Some(Uuid::from_u128(rng.u128(1_000..))),
    }
}

/// One field of one entry.
fn edit(rng: &mut Rng, trail: &Trail, _: &Trail) -> String {
    let mut lines = trail.lines.clone();
    let entries = entries(trail);
    if let Line::Entry(entry) = &mut lines[entries[rng.usize(0..entries.len())]] {
        match rng.u8(0..4) {
            0 => entry.seq += rng.i64(1..9),
            1 => entry.hash.0[rng.usize(0..32)] ^= rng.u8(1..),
            2 => entry.previous.0[rng.usize(0..32)] ^= rng.u8(1..),
            _ => change(rng, entry),
        }
    }
    text(&lines)
}

/// The same by somebody who makes every hash behind it anew, those of checkpoints too.
fn edit_and_rehash(rng: &mut Rng, trail: &Trail, _: &Trail) -> String {
    let mut lines = trail.lines.clone();
    let entries = entries(trail);
    let from = entries[rng.usize(0..entries.len())];
    let mut last = None;
    for line in &mut lines[from..] {
        match line {
            Line::Header(_) => {}
            Line::Entry(entry) => {
                match last {
                    None => change(rng, entry),
                    Some(hash) => entry.previous = hash,
                }
                entry.hash = entry.computed(trail.tenant);
                last = Some(entry.hash);
            }
            Line::Checkpoint(checkpoint) => checkpoint.hash = last.unwrap(),
            Line::End(end) => end.hash = last.unwrap(),
        }
    }
    text(&lines)
}

/// Any line goes.
fn delete(rng: &mut Rng, trail: &Trail, _: &Trail) -> String {
    let mut lines = trail.lines.clone();
    lines.remove(index(rng, trail));
    text(&lines)
}

/// Any line comes twice.
fn repeat(rng: &mut Rng, trail: &Trail, _: &Trail) -> String {
    let mut lines = trail.lines.clone();
    let line = lines[index(rng, trail)].clone();
    lines.insert(index(rng, trail), line);
    text(&lines)
}

/// Two lines change places.
fn swap(rng: &mut Rng, trail: &Trail, _: &Trail) -> String {
    let mut lines = trail.lines.clone();
    let one = index(rng, trail);
    lines.swap(one, (one + rng.usize(1..trail.lines.len())) % trail.lines.len());
    text(&lines)
}

/// One line, or all from there on, or all, are those of another tenant.
fn splice(rng: &mut Rng, trail: &Trail, other: &Trail) -> String {
    let mut lines = trail.lines.clone();
    let from = index(rng, trail);
    match rng.u8(0..3) {
        0 => lines[from] = other.lines[from].clone(),
        1 => lines.splice(from.., other.lines[from..].iter().cloned()).for_each(drop),
        _ => {
            lines.clone_from(&other.lines);
            lines[0] = trail.lines[0].clone();
        }
    }
    text(&lines)
}

/// The tail goes, and the end is moved to where it then is.
fn cut(rng: &mut Rng, _: &Trail, _: &Trail) -> String {
    text(&Trail::of(1, rng.i64(0..ENTRIES)).lines)
}

/// A checkpoint is signed by another key, with its own name or that of the right one; or states
/// something else.
fn forge(rng: &mut Rng, trail: &Trail, _: &Trail) -> String {
    let mut lines = trail.lines.clone();
    let forger = Signer::from_seed(&[rng.u8(8..); 32]).unwrap();
    let at = rng.usize(0..usize::try_from(ENTRIES / STRIDE).unwrap());
    let mut checkpoints = lines.iter_mut().filter_map(|line| match line {
        Line::Checkpoint(checkpoint) => Some(checkpoint),
        Line::Header(_) | Line::Entry(_) | Line::End(_) => None,
    });
    let checkpoint = checkpoints.nth(at).unwrap();
    match rng.u8(0..5) {
        0 => *checkpoint = forger.sign(checkpoint.statement()).unwrap(),
        1 => {
            let key = checkpoint.key;
            *checkpoint = forger.sign(checkpoint.statement()).unwrap();
            checkpoint.key = key;
        }
        2 => checkpoint.at += TimeDelta::seconds(rng.i64(1..1_000)),
        3 => checkpoint.tenant = Uuid::from_u128(rng.u128(2..)),
        _ => checkpoint.previous -= rng.i64(1..9),
    }
    text(&lines)
}

fn swap_signatures(rng: &mut Rng, trail: &Trail, _: &Trail) -> String {
    let mut lines = trail.lines.clone();
    let signatures: Vec<_> = trail.checkpoints().map(|one| one.signature).collect();
    let shift = rng.usize(1..signatures.len());
    let mut at = 0;
    for line in &mut lines {
        if let Line::Checkpoint(checkpoint) = line {
            checkpoint.signature = signatures[(at + shift) % signatures.len()];
            at += 1;
        }
    }
    text(&lines)
}

/// Any byte of the file.
fn byte(rng: &mut Rng, trail: &Trail, _: &Trail) -> String {
    let mut bytes = text(&trail.lines).into_bytes();
    let at = rng.usize(0..bytes.len());
    let before = bytes[at];
    while bytes[at] == before {
        bytes[at] = rng.u8(b' '..=b'~');
    }
    String::from_utf8(bytes).unwrap()
}

/// Any hexadecimal digit of a checkpoint, to another one or to its capital.
fn digit(rng: &mut Rng, trail: &Trail, _: &Trail) -> String {
    let mut lines: Vec<_> = trail.lines.iter().map(ToString::to_string).collect();
    let checkpoints: Vec<_> = (0..lines.len())
        .filter(|index| matches!(trail.lines[*index], Line::Checkpoint(_)))
        .collect();
    let line = &mut lines[checkpoints[rng.usize(0..checkpoints.len())]];
    let letters: Vec<_> = line.match_indices(['a', 'b', 'd', 'f']).map(|(at, _)| at).collect();
    let at = letters[rng.usize(0..letters.len())];
    let capital = line[at..=at].to_uppercase();
    line.replace_range(at..=at, if rng.bool() { &capital } else { "7" });
    lines.iter().fold(String::new(), |text, line| text + line + "\n")
}

/// An entry is made up, with the right hash.
fn insert(rng: &mut Rng, trail: &Trail, _: &Trail) -> String {
    let mut lines = trail.lines.clone();
    let entries = entries(trail);
    let at = entries[rng.usize(0..entries.len())];
    let Line::Entry(mut entry) = lines[at].clone() else { panic!("an entry") };
    change(rng, &mut entry);
    entry.previous = if rng.bool() { entry.hash } else { Hex([0; 32]) };
    entry.seq += 1;
    entry.hash = entry.computed(trail.tenant);
    lines.insert(at + 1, Line::Entry(entry));
    text(&lines)
}

/// Without anything from outside, all but a cut is found as well.
#[test]
fn what_lies_outside_is_needed_for_cuts_alone() {
    let (trail, other) = (Trail::of(1, ENTRIES), Trail::of(2, ENTRIES));
    for seed in 0..1_000 {
        let mut rng = Rng::with_seed(seed);
        let way = usize::try_from(seed).unwrap() % WAYS.len();
        let tampered = WAYS[way](&mut rng, &trail, &other);
        let found = trail.verify(&tampered, Outside::default());
        if way != 6 {
            assert!(found.is_err(), "seed {seed}, way {way}: {found:?}");
        }
    }
}
