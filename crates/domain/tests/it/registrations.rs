//! Registration: one case per reason, every reason kept, and what a device's names give away.

use chrono::TimeDelta;
use domain::build::Build;
use domain::registration::facts::{Agent, Architecture, Join, Owner, System, Workloads};
use domain::registration::rules::is_missing;
use domain::registration::{
    DeviceFacts, Edition, Reason, Reasons, Registration, Sort, Standing, Traits, register,
};
use proptest::prelude::*;

use crate::world::hour;

/// A device that nothing is wrong with.
fn good() -> DeviceFacts {
    DeviceFacts {
        in_intune: true,
        in_entra: true,
        traits: Traits {
            system: System::Windows,
            owner: Owner::Company,
            agent: Agent::Intune,
            workloads: None,
            join: Join::Entra,
            enabled: true,
            architecture: Architecture::X64,
            edition: "Enterprise".to_owned(),
            edition_number: Some(4),
            category: String::new(),
        },
        build: Some(Build { major: 10, minor: 0, build: 26100, revision: 4061 }),
        manufacturer: "Contoso".to_owned(),
        model: "Book 14".to_owned(),
        serial: "5CG0001".to_owned(),
        last_sync: Some(hour(0)),
        serial_shared: false,
        claimed_twice: false,
        excluded: false,
        held: false,
    }
}

fn judged(facts: &DeviceFacts) -> Registration {
    register(facts, hour(1))
}

/// Makes `reason` apply, and nothing else.
fn spoil(facts: &mut DeviceFacts, reason: Reason) {
    let traits = &mut facts.traits;
    let left = |updates, configuration, office| Workloads { updates, configuration, office };
    match reason {
        Reason::NotInIntune => facts.in_intune = false,
        Reason::NotInEntra => facts.in_entra = false,
        Reason::EntraDisabled => traits.enabled = false,
        Reason::JoinUnsupported => traits.join = Join::Registered,
        Reason::ConfigurationManagerOnly => traits.agent = Agent::ConfigurationManager,
        Reason::MissingSerial => facts.serial = String::from("System Serial Number"),
        Reason::MissingModel => facts.model = String::from(" To be filled by O.E.M. "),
        Reason::MissingManufacturer => facts.manufacturer = String::new(),
        Reason::Inactive => facts.last_sync = None,
        Reason::Personal => traits.owner = Owner::Personal,
        Reason::NotWindows => traits.system = System::Other,
        Reason::EditionUnsupported => {
            (traits.edition, traits.edition_number) = ("Core".to_owned(), Some(101));
        }
        Reason::BuildUnsupported => {
            facts.build = Some(Build { major: 10, minor: 0, build: 17134, revision: 1 });
        }
        Reason::ArchitectureUnsupported => traits.architecture = Architecture::X86,
        Reason::MultiSession => traits.edition_number = Some(175),
        Reason::UpdatesNotInIntune => {
            traits.agent = Agent::CoManaged;
            traits.workloads = Some(left(false, true, true));
        }
        Reason::ConfigurationNotInIntune => {
            traits.agent = Agent::CoManaged;
            traits.workloads = Some(left(true, false, true));
        }
        Reason::OfficeNotInIntune => {
            traits.agent = Agent::CoManaged;
            traits.workloads = Some(left(true, true, false));
        }
        Reason::DuplicateSerial => facts.serial_shared = true,
        Reason::GroupConflict => facts.claimed_twice = true,
        Reason::Excluded => facts.excluded = true,
        Reason::Held => facts.held = true,
    }
}

#[test]
fn each_reason_has_its_case_and_its_standing() {
    let clean = judged(&good());
    assert_eq!((clean.standing, clean.reasons), (Standing::Ready, Reasons::empty()));
    for reason in Reason::ALL {
        let mut facts = good();
        spoil(&mut facts, *reason);
        let judged = judged(&facts);
        assert_eq!(judged.reasons.iter().collect::<Vec<_>>(), [*reason], "{reason:?}");
        let standing = if *reason == Reason::Excluded {
            Standing::Excluded
        } else if *reason == Reason::GroupConflict {
            Standing::GroupConflict
        } else if [Reason::Inactive, Reason::Held].contains(reason) {
            Standing::NotReady
        } else {
            Standing::PrerequisiteFailed
        };
        assert_eq!(judged.standing, standing, "{reason:?}");
    }
}

#[test]
fn reasons_are_told_in_order_by_words_that_stay() {
    let words: Vec<&str> = Reason::ALL.iter().map(|reason| reason.word()).collect();
    for (code, reason) in Reason::ALL.iter().enumerate() {
        assert_eq!(i16::try_from(code), Ok(reason.code()));
        assert_eq!(Reason::from_word(reason.word()), Some(*reason));
        assert!(!reason.title().is_empty() && reason.remedy().ends_with('.'));
    }
    let all: Reasons = Reason::ALL.iter().rev().copied().collect();
    assert_eq!(all.to_string(), words.join(", "));
    assert_eq!(Reasons::empty().to_string(), "");
    assert!(!all.without(Reason::Held).has(Reason::Held));
    insta::assert_snapshot!(all, @"not_in_intune, not_in_entra, entra_disabled, join_unsupported, configuration_manager_only, missing_serial, missing_model, missing_manufacturer, inactive, personal, not_windows, edition_unsupported, build_unsupported, architecture_unsupported, multi_session, updates_not_in_intune, configuration_not_in_intune, office_not_in_intune, duplicate_serial, group_conflict, excluded, held");
}

#[test]
fn of_a_device_that_intune_does_not_know_only_entra_is_judged() {
    let unknown = DeviceFacts {
        in_intune: false,
        in_entra: true,
        traits: Traits { system: System::Windows, enabled: true, ..Traits::default() },
        build: None,
        manufacturer: String::new(),
        model: String::new(),
        serial: String::new(),
        last_sync: None,
        ..good()
    };
    assert_eq!(judged(&unknown).reasons, Reasons::empty().with(Reason::NotInIntune));
    let mut worse = unknown.clone();
    worse.traits.join = Join::Registered;
    worse.traits.enabled = false;
    worse.excluded = true;
    assert_eq!(
        judged(&worse).reasons.to_string(),
        "not_in_intune, entra_disabled, join_unsupported, excluded"
    );
    assert_eq!(judged(&worse).standing, Standing::Excluded);
    // Nobody can be disabled where nobody is.
    let nowhere = DeviceFacts { in_entra: false, ..worse };
    assert!(!judged(&nowhere).reasons.has(Reason::EntraDisabled));
}

#[test]
fn what_is_unknown_is_not_held_against_a_device() {
    let mut facts = good();
    facts.traits = Traits { system: System::Windows, enabled: true, ..Traits::default() };
    facts.build = None;
    assert_eq!(judged(&facts).standing, Standing::Ready);
    facts.traits.agent = Agent::CoManaged;
    assert_eq!(judged(&facts).standing, Standing::Ready, "workloads not read yet");
}

#[test]
fn twenty_eight_days_without_contact_are_not_too_many() {
    let mut facts = good();
    let at = |facts: &DeviceFacts, days, more| {
        register(facts, hour(0) + TimeDelta::days(days) + TimeDelta::seconds(more)).standing
    };
    assert_eq!(at(&facts, 28, 0), Standing::Ready);
    assert_eq!(at(&facts, 28, 1), Standing::NotReady);
    assert_eq!(at(&facts, -1, 0), Standing::Ready, "a clock ahead of ours");
    facts.held = true;
    assert_eq!(at(&facts, 40, 0), Standing::NotReady);
    facts.traits.owner = Owner::Personal;
    assert_eq!(at(&facts, 40, 0), Standing::PrerequisiteFailed);
    facts.claimed_twice = true;
    assert_eq!(at(&facts, 40, 0), Standing::GroupConflict);
}

#[test]
fn builds_and_architectures_at_the_border() {
    let with = |build: &str, architecture| {
        let mut facts = good();
        facts.build = build.parse().ok();
        facts.traits.architecture = architecture;
        judged(&facts).reasons.to_string()
    };
    assert_eq!(with("10.0.17763.0", Architecture::X64), "");
    assert_eq!(with("10.0.17762.9999", Architecture::X64), "build_unsupported");
    assert_eq!(with("6.3.9600.0", Architecture::X64), "build_unsupported");
    assert_eq!(with("10.0.26100.1", Architecture::Arm64), "");
    assert_eq!(with("10.0.26100.1", Architecture::Arm), "architecture_unsupported");
}

#[test]
fn editions() {
    let cases = [
        (Edition::Supported, "Enterprise", None),
        (Edition::Supported, "enterpriseN", Some(27)),
        (Edition::Supported, "Pro", Some(48)),
        (Edition::Supported, "ProfessionalWorkstationN", Some(162)),
        (Edition::Supported, "Education", Some(121)),
        (Edition::Supported, "EnterpriseNEval", None),
        (Edition::Supported, "", Some(164)),
        // The word counts where the number is not on any list.
        (Edition::Supported, "Enterprise", Some(9_999)),
        (Edition::LongTerm, "EnterpriseS", None),
        (Edition::LongTerm, "EnterpriseSN", None),
        (Edition::LongTerm, "Enterprise", Some(125)),
        (Edition::MultiSession, "EnterpriseMultisession", None),
        (Edition::MultiSession, "ServerRdsh", Some(175)),
        (Edition::Unsupported, "Core", Some(101)),
        (Edition::Unsupported, "", Some(101)),
        (Edition::Unsupported, "ServerStandard", Some(7)),
        (Edition::Unsupported, "IoTEnterprise", Some(188)),
        (Edition::Unsupported, "Prologue", None),
        (Edition::Unknown, "", None),
        (Edition::Unknown, " ", Some(0)),
    ];
    for (edition, family, number) in cases {
        assert_eq!(Edition::of(family, number), edition, "{family} {number:?}");
    }
    let mut facts = good();
    facts.traits.edition_number = Some(125);
    let judged = judged(&facts);
    assert!(judged.quality_only && judged.standing == Standing::Ready);
}

#[test]
fn sorts_of_machines() {
    let cases = [
        (Sort::Physical, "Microsoft Corporation", "Surface Laptop 5", Edition::Supported),
        (
            Sort::CloudPc,
            "Microsoft Corporation",
            "Cloud PC Enterprise 2vCPU/8GB",
            Edition::Supported,
        ),
        (Sort::VirtualDesktop, "Microsoft Corporation", "Virtual Machine", Edition::MultiSession),
        (Sort::Virtual, "Microsoft Corporation", "Virtual Machine", Edition::Supported),
        (Sort::Virtual, "VMware, Inc.", "VMware20,1", Edition::Supported),
        (Sort::Virtual, "QEMU", "Standard PC (Q35 + ICH9, 2009)", Edition::Supported),
        (Sort::Virtual, "Amazon EC2", "t3.large", Edition::Supported),
        (Sort::Virtual, "innotek GmbH", "virtualbox", Edition::Supported),
        (Sort::Physical, "Ångström", "Ü", Edition::Unknown),
    ];
    for (sort, manufacturer, model, edition) in cases {
        assert_eq!(Sort::of(manufacturer, model, edition), sort, "{manufacturer} {model}");
    }
}

#[test]
fn placeholders_are_no_names() {
    for name in ["", "  ", "0", "0000000", "Default string", "TO BE FILLED BY O.E.M.", "none"] {
        assert!(is_missing(name), "{name:?}");
    }
    for name in ["5CG0001", "10", "Nonesuch", "System76"] {
        assert!(!is_missing(name), "{name:?}");
    }
    // A placeholder in common is no serial number in common.
    let mut facts = good();
    facts.serial = "Default string".to_owned();
    facts.serial_shared = true;
    assert_eq!(judged(&facts).reasons.to_string(), "missing_serial");
}

/// Reasons that can apply together and leave each other alone: the edition is one thing at a time,
/// the workloads are of one device, and nothing is known of what Intune does not know.
fn independent() -> Vec<Reason> {
    let alone = [
        Reason::NotInIntune,
        Reason::NotInEntra,
        Reason::MissingSerial,
        Reason::EditionUnsupported,
        Reason::ConfigurationManagerOnly,
        Reason::UpdatesNotInIntune,
        Reason::OfficeNotInIntune,
    ];
    Reason::ALL.iter().copied().filter(|reason| !alone.contains(reason)).collect()
}

proptest! {
    #[test]
    fn all_reasons_are_kept_in_order_and_a_mended_one_goes_alone(
        reasons in proptest::sample::subsequence(independent(), 0..=independent().len()),
    ) {
        let of = |reasons: &[Reason]| {
            let mut facts = good();
            for reason in reasons {
                spoil(&mut facts, *reason);
            }
            judged(&facts)
        };
        let whole = of(&reasons);
        prop_assert_eq!(whole.reasons.iter().collect::<Vec<_>>(), reasons.clone());
        prop_assert_eq!(whole.standing == Standing::Ready, reasons.is_empty());
        for mended in &reasons {
            let rest: Vec<Reason> = reasons.iter().copied().filter(|one| one != mended).collect();
            prop_assert_eq!(of(&rest).reasons, whole.reasons.without(*mended));
        }
    }
}
