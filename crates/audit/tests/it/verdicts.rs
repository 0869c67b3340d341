//! What the verifier says of trails that are good, and where it says that they are not.

use audit::{Line, Outside, ReadError, Signer, Trust, Verifier, What};

use crate::trail::{STRIDE, Trail, at, text};

fn damage(error: ReadError) -> (i64, What) {
    match error {
        ReadError::Damaged { damage, .. } => (damage.seq, damage.what),
        ReadError::Io(error) => panic!("{error}"),
    }
}

#[test]
fn a_good_trail_passes_and_says_what_is_not_covered() {
    let trail = Trail::of(1, 3 * STRIDE + 7);
    let report = trail.verify(&text(&trail.lines), trail.outside()).unwrap();
    assert_eq!((report.entries, report.covered, report.uncovered()), (67, 60, 7));
    assert_eq!((report.checkpoints, report.tenant), (3, trail.tenant));
    assert_eq!(report.keys, [trail.signer.public()]);
}

#[test]
fn before_the_first_checkpoint_nothing_is_covered() {
    let trail = Trail::of(1, STRIDE - 1);
    let report = trail.verify(&text(&trail.lines), Outside::default()).unwrap();
    assert_eq!((report.covered, report.uncovered()), (0, STRIDE - 1));
    // Somebody cut it and made it end earlier: no checkpoint can know.
    let cut = Trail::of(1, 5);
    let report = trail.verify(&text(&cut.lines), Outside::default()).unwrap();
    assert_eq!((report.entries, report.uncovered()), (5, 5));
}

#[test]
fn a_chain_written_anew_disagrees_with_a_checkpoint() {
    let trail = Trail::of(1, 40);
    // All hashes are right, and so is the signature of a key that nobody trusts.
    let mut forged = Trail::of(1, 40);
    forged.signer = Signer::from_seed(&[8; 32]).unwrap();
    for line in &mut forged.lines {
        if let Line::Checkpoint(checkpoint) = line {
            *checkpoint = forged.signer.sign(checkpoint.statement()).unwrap();
        }
    }
    let error = trail.verify(&text(&forged.lines), Outside::default()).unwrap_err();
    assert_eq!(damage(error), (1, What::UnknownKey(forged.signer.public())));
    let anyone = Verifier::new(Trust::Anyone, Outside::default(), None);
    let report = audit::verify(text(&forged.lines).as_bytes(), anyone).unwrap();
    assert_eq!(report.keys, [forged.signer.public()], "the reader is told who signed");
}

#[test]
fn a_cut_tail_is_found_by_what_lies_outside() {
    let (trail, cut) = (Trail::of(1, 60), Trail::of(1, 45));
    let error = trail.verify(&text(&cut.lines), trail.outside()).unwrap_err();
    assert_eq!(damage(error), (46, What::CutOff));
    // Unless the reader knows that it was exported before that checkpoint was made.
    let verifier = Verifier::new(trail.trust(), trail.outside(), Some(at(50)));
    assert_eq!(audit::verify(text(&cut.lines).as_bytes(), verifier).unwrap().covered, 40);
    // An export that broke off says so without anything from outside.
    let whole = text(&trail.lines);
    for length in [whole.len() - 1, whole.len() / 2, 3, 0] {
        assert!(trail.verify(&whole[..length], Outside::default()).is_err(), "{length}");
    }
}

#[test]
fn torn_lines_of_checkpoints_are_counted_and_gaps_told() {
    let trail = Trail::of(1, 100);
    let lines: Vec<_> =
        trail.checkpoints().map(|checkpoint| Line::Checkpoint(*checkpoint).to_string()).collect();
    let mut outside = Outside::default();
    // The server was killed in the second line, wrote it again at its next start, and a log server
    // put something before the fourth; the third is lost; the last is torn.
    let torn = &lines[1][..lines[1].len() / 2];
    let file = format!(
        "{}\n{torn}\n{}\n{}\n<110>1 - host concentric - - - {}\n{torn}",
        lines[0], lines[1], lines[1], lines[3]
    );
    outside.read(file.as_bytes(), &trail.trust()).unwrap();
    assert_eq!((outside.unreadable(), outside.gaps(trail.tenant)), (2, 1));
    assert_eq!(outside.reached().get(&trail.tenant), Some(&80));
    let report = trail.verify(&text(&trail.lines), outside).unwrap();
    assert_eq!(report.covered, 100);
    // Another chain of that length, signed by the same key, is not the same chain.
    let mut outside = trail.outside();
    let mut other = *trail.checkpoints().next().unwrap();
    other.hash = audit::START;
    let other = trail.signer.sign(other.statement()).unwrap();
    let error = outside.line(&Line::Checkpoint(other).to_string(), &trail.trust()).unwrap_err();
    assert_eq!(error.what, What::CheckpointsDisagree);
}

#[test]
fn keys_are_read_from_a_file() {
    let key = Signer::from_seed(&[7; 32]).unwrap().public();
    assert_eq!(audit::keys(&format!("# old\n\n{key} # ours\n")).unwrap(), [key]);
    assert!(audit::keys(&key.to_string().to_uppercase()).is_err());
}
