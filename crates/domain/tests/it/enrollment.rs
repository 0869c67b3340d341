//! Plans of an enrollment: what is made, what others did, what a run that was cut off leaves.

use domain::enrollment::drift::{What, drift};
use domain::enrollment::key::Key;
use domain::enrollment::object::{Payload, Target};
use domain::enrollment::plan::{Change, Mode};
use domain::enrollment::settings::{
    DriverApproval, DriverSettings, EdgeSettings, FeatureSettings, OfficeChannel, OfficeSettings,
    Settings,
};
use domain::enrollment::tag;
use domain::ids::{RingSetId, TenantId};
use domain::ring::{RingIndex, RingSet};
use proptest::prelude::*;
use uuid::Uuid;

use crate::enrollment_world::{Fate, TENANT, World, set_targets, someone};
use crate::world::{ring, three_rings};

const RESTORE: Mode = Mode::Restore { keys: None };
const RING: RingIndex = RingIndex(0);

fn everything() -> Settings {
    Settings {
        ring_set: RingSetId(Uuid::from_u128(1)),
        restore_drift: false,
        exclude_from_foreign_rings: true,
        feature: Some(FeatureSettings { version: "Windows 11, version 24H2".to_owned() }),
        drivers: Some(DriverSettings { approval: DriverApproval::Automatic }),
        edge: Some(EdgeSettings { beta_rings: 1 }),
        office: Some(OfficeSettings {
            channel: OfficeChannel::MonthlyEnterprise,
            deadline_days: 7,
        }),
    }
}

fn less() -> Settings {
    let manual = DriverSettings { approval: DriverApproval::Manual };
    Settings { feature: None, drivers: Some(manual), edge: None, ..everything() }
}

fn two_rings() -> RingSet {
    let rings = vec![ring("Canary", 20, 3), ring("Everybody", 80, 21)];
    RingSet::new("Three".to_owned(), rings).expect("a good set")
}

fn tenant() -> World {
    let everybody: &[Target] = &[Target::AllDevices];
    World::with(&[everybody, &[someone(1)], &[Target::AllUsers, someone(2)]])
}

fn enrolled() -> World {
    let mut world = tenant();
    world.settle(&three_rings(), &everything(), &Mode::Apply, &mut std::iter::empty());
    world
}

fn foreign(world: &World) -> Key {
    Key::Exclusion(world.objects[0].id.clone())
}

fn set_deadline(world: &mut World, days: u8) {
    let Payload::UpdateRing(policy) = &mut world.object(&Key::UpdateRing(RING)).body else {
        panic!("an update ring is an update ring")
    };
    policy.settings.quality_deadline_days = Some(days);
}

#[test]
fn a_key_is_found_in_a_description_of_its_tenant_only() {
    let keys = [Key::RingGroup(RING), Key::Devices, Key::Office(RingIndex(14))];
    for key in keys {
        let text = format!("{} Do not touch!", tag::description(TENANT, &key));
        assert_eq!(tag::key_of(TENANT, &text), Some(key.clone()));
        assert_eq!(tag::key_of(TenantId(Uuid::nil()), &text), None);
        assert!(tag::mail_nickname(TENANT, &key).len() <= 64);
    }
    let exclusion = tag::tag(TENANT, &Key::Exclusion("1".to_owned()));
    assert_eq!(tag::key_of(TENANT, &exclusion), None);
}

#[test]
fn an_enrollment_in_sentences() {
    let world = tenant();
    let plan = world.plan(&two_rings(), &everything(), Mode::Apply);
    let lines: Vec<String> = plan
        .steps
        .iter()
        .map(|step| format!("{} [{}]", step.sentence(), step.permissions.join(", ")))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
    let wanted = serde_json::to_string_pretty(&world.wanted(&two_rings(), &everything()));
    insta::assert_snapshot!(wanted.expect("plain values"));
}

#[test]
fn an_unenrollment_in_sentences() {
    let mut world = enrolled();
    let ring = foreign(&world);
    set_targets(&mut world.objects[0].body, Vec::new());
    world.settle(&three_rings(), &everything(), &RESTORE, &mut std::iter::empty());
    let other = &mut world.objects[2].body;
    let targets = [other.targets(), &[someone(3)]].concat();
    set_targets(other, targets);
    let plan = world.plan(&three_rings(), &everything(), Mode::Unenroll);
    let lines: Vec<String> = plan.steps.iter().map(domain::enrollment::Step::sentence).collect();
    insta::assert_snapshot!([lines, plan.stays].concat().join("\n"));
    assert!(world.records.iter().all(|record| record.key != ring));
}

#[test]
fn the_organisations_rings_keep_what_they_target() {
    let world = enrolled();
    let seen = world.observe();
    let targets: Vec<&[Target]> =
        seen.iter().filter(|o| !o.key.is_ours()).map(|o| o.payload.targets()).collect();
    let ours = Target::our_exclusion();
    assert_eq!(targets[0], [ours.clone(), Target::AllDevices]);
    assert_eq!(targets[1], [someone(1)], "it was aimed at a group, so it is not ours to touch");
    assert!(targets[2].contains(&ours) && targets[2].contains(&someone(2)));
}

#[test]
fn what_others_change_is_drift_until_it_is_restored() {
    let mut world = enrolled();
    let clean = world.picture();
    set_deadline(&mut world, 9);
    world.remove(&Key::Feature(RING));
    set_targets(&mut world.objects[0].body, vec![Target::AllDevices]);
    let plan = world.plan(&three_rings(), &everything(), Mode::Apply);
    assert_eq!(plan.steps, []);
    let sentences: Vec<String> =
        plan.skipped.iter().map(domain::enrollment::Difference::sentence).collect();
    assert_eq!(sentences.len(), 3);
    assert!(
        sentences[0].ends_with("of ring 0: quality deadline days is 9, not 2."),
        "{sentences:?}"
    );
    let differences = drift(&world.records, &world.observe());
    assert_eq!(differences.len(), 3);
    assert!(differences.iter().any(|difference| difference.what == What::Missing));

    let one = Mode::Restore { keys: Some(vec![Key::UpdateRing(RING)]) };
    let left = world.settle(&three_rings(), &everything(), &one, &mut std::iter::empty());
    assert_eq!(left.skipped.len(), 2);
    let left = world.settle(&three_rings(), &everything(), &RESTORE, &mut std::iter::empty());
    assert_eq!((left.skipped, world.picture()), (Vec::new(), clean));
}

#[test]
fn new_settings_wait_for_what_others_changed() {
    let mut world = enrolled();
    set_deadline(&mut world, 9);
    let plan = world.plan(&two_rings(), &less(), Mode::Apply);
    let touches = |key: &Key| plan.steps.iter().any(|step| step.key == *key);
    assert!(!touches(&Key::UpdateRing(RING)) && touches(&Key::UpdateRing(RingIndex(1))));
    assert_eq!(plan.skipped.len(), 1);
}

#[test]
fn a_group_that_is_gone_holds_up_what_needs_it() {
    let mut world = enrolled();
    let clean = world.picture();
    world.remove(&Key::RingGroup(RING));
    world.remove(&Key::Devices);
    let plan = world.plan(&three_rings(), &everything(), Mode::Apply);
    assert_eq!((plan.steps, plan.skipped.len()), (Vec::new(), 2));
    // Everything that targets the groups is aimed at the new ones, in the same plan.
    world.settle(&three_rings(), &everything(), &RESTORE, &mut std::iter::empty());
    assert_eq!(world.picture(), clean);
    let group = world.object(&Key::RingGroup(RING)).id.clone();
    let aimed = world.object(&Key::Edge(RING)).body.targets().to_vec();
    assert_eq!(format!("{aimed:?}").matches(&group).count(), 1);
}

#[test]
fn an_exclusion_by_hand_is_not_ours() {
    let mut world = tenant();
    let careful = Settings { exclude_from_foreign_rings: false, ..everything() };
    world.settle(&three_rings(), &careful, &Mode::Apply, &mut std::iter::empty());
    let devices = world.object(&Key::Devices).id.parse().expect("a guid");
    let by_hand = Target::ExcludedGroup(domain::enrollment::object::GroupRef::Other(devices));
    set_targets(&mut world.objects[0].body, vec![Target::AllDevices, by_hand]);
    assert_eq!(world.plan(&three_rings(), &careful, Mode::Apply).steps, []);
}

#[test]
fn only_tagged_duplicates_go() {
    let mut world = enrolled();
    let mut copy = world.object(&Key::Edge(RING)).clone();
    copy.id = "copy".to_owned();
    let mut clone = copy.clone();
    (clone.id, clone.tag) = ("clone".to_owned(), None);
    world.objects.extend([copy, clone]);
    let plan = world.plan(&three_rings(), &everything(), Mode::Apply);
    let [step] = plan.steps.as_slice() else { panic!("{:#?}", plan.steps) };
    assert!(matches!(&step.change, Change::Delete { id, .. } if id == "copy"), "{step:?}");
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        6 => Just(Fate::Done),
        1 => Just(Fate::Lost),
        1 => Just(Fate::Half),
        1 => Just(Fate::Twice),
        1 => Just(Fate::Not),
    ];
    prop::collection::vec(fate, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Killed anywhere and run again, it ends the same: enrolled, with other settings, restored,
    /// unenrolled.
    #[test]
    fn killed_anywhere_it_ends_the_same(
        fates in fates(),
        sabotage in 0_usize..5,
        cut in 0_usize..60,
    ) {
        let mut world = tenant();
        let before = world.picture();
        let mut calm = tenant();
        let mut fates = fates.into_iter();
        for (set, settings) in [(three_rings(), everything()), (two_rings(), less())] {
            let left = world.settle(&set, &settings, &Mode::Apply, &mut fates);
            calm.settle(&set, &settings, &Mode::Apply, &mut std::iter::empty());
            prop_assert_eq!(left.skipped, Vec::new());
            prop_assert_eq!(world.picture(), calm.picture());
            prop_assert!(world.is_without_duplicates());
        }
        let (set, settings) = (two_rings(), less());
        match sabotage {
            0 => world.remove(&Key::RingGroup(RING)),
            1 => world.remove(&Key::Devices),
            2 => set_deadline(&mut world, 9),
            3 => world.object(&Key::Office(RING)).tag = None,
            _ => set_targets(&mut world.objects[0].body, vec![Target::AllDevices]),
        }
        world.settle(&set, &settings, &RESTORE, &mut fates);
        prop_assert_eq!(world.picture(), calm.picture());

        // An unenrollment may also begin in the middle of an enrollment.
        let (set, settings) = (three_rings(), everything());
        let mut cut = std::iter::repeat_n(Fate::Done, cut).chain([Fate::Lost]);
        world.one_plan(&set, &settings, &Mode::Apply, &mut cut);
        world.settle(&set, &settings, &Mode::Unenroll, &mut fates);
        prop_assert_eq!(world.picture(), before);
        prop_assert_eq!(world.records, Vec::new());
    }
}
