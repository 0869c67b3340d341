//! The organisation around the fleet: what it is licensed for, who manages it, what it granted.
//! Administrators change it only through defects and permissions; Graph clients never do.

use uuid::Uuid;

use crate::choice::{Choices, Purpose};
use crate::clock::{DAY, Seconds};
use crate::defect::{Defect, Defects};
use crate::permission::{Permission, Roles};

#[derive(Debug)]
pub(crate) struct Organisation {
    /// The id of the tenant in its own directory.
    pub(crate) id: Uuid,
    /// The application id of the client.
    pub(crate) client: Uuid,
    pub(crate) start: Seconds,
    pub(crate) defects: Defects,
    /// What an administrator granted, before defects take from it.
    pub(crate) permissions: Roles,
    pub(crate) choices: Choices,
}

/// A service plan with its id, the same in every tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    WindowsEnterprise,
    Intune,
    EntraP1,
    Office,
}

impl Plan {
    const ALL: [Self; 4] = [Self::WindowsEnterprise, Self::Intune, Self::EntraP1, Self::Office];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::WindowsEnterprise => "WIN10_PRO_ENT_SUB",
            Self::Intune => "INTUNE_A",
            Self::EntraP1 => "AAD_PREMIUM",
            Self::Office => "OFFICESUBSCRIPTION",
        }
    }

    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::WindowsEnterprise => "21b439ba-a0ca-424f-a6cc-52f954a5b111",
            Self::Intune => "c1ec4a95-1f05-45b3-a911-aa3fa01094f5",
            Self::EntraP1 => "41781fb2-bc02-4b7c-bd55-b576c07bb09d",
            Self::Office => "43de0ff5-c92c-492b-9116-175376d08c38",
        }
    }
}

/// Things of the directory beside devices and groups; each has an id of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thing {
    GraphPrincipal,
    ClientPrincipal,
    IntuneAccount,
    ConditionalAccess(u8),
    User(u8),
    DirectoryRole(u8),
    Grant(Permission),
    /// What a defect put there.
    MadeBy(Defect),
}

/// Names before the at sign of those who work here.
const PEOPLE: [&str; 12] = [
    "admin",
    "adele.vance",
    "alex.wilber",
    "bianca.pisani",
    "diego.siciliani",
    "grady.archie",
    "isaiah.langer",
    "johanna.lorenz",
    "lee.gu",
    "lynne.robbins",
    "megan.bowen",
    "nestor.wilke",
];

/// Roles that are active in the directory, with the template each was made of.
pub(crate) const DIRECTORY_ROLES: [(&str, &str); 4] = [
    ("Global Administrator", "62e90394-69f5-4237-9190-012177145e10"),
    ("Intune Administrator", "3a2c62db-5318-420d-8d74-23affee5d9d5"),
    ("Windows Update Deployment Administrator", "32696413-001a-46ae-978c-ce0f6b3620d2"),
    ("Directory Readers", "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"),
];

impl Organisation {
    pub(crate) fn has(&self, defect: Defect) -> bool {
        self.defects.has(defect)
    }

    /// Deterministic, so that two tenants of one seed are equal.
    pub(crate) fn id_of(&self, thing: Thing) -> Uuid {
        let number = match thing {
            Thing::GraphPrincipal => 0,
            Thing::ClientPrincipal => 1,
            Thing::IntuneAccount => 2,
            Thing::ConditionalAccess(place) => 0x100 + u32::from(place),
            Thing::User(place) => 0x200 + u32::from(place),
            Thing::DirectoryRole(place) => 0x300 + u32::from(place),
            Thing::Grant(permission) => 0x400 + permission as u32,
            Thing::MadeBy(defect) => 0x500 + defect as u32,
        };
        self.choices.id(number, Purpose::Directory)
    }

    /// What a token that is issued now carries.
    pub(crate) fn granted(&self) -> Roles {
        let mut granted = self.permissions;
        for (defect, permission) in [
            (Defect::ConsentMissing, Permission::WindowsUpdatesReadWriteAll),
            (Defect::PolicyReadDenied, Permission::PolicyReadAll),
        ] {
            if self.has(defect) {
                granted = granted.without(permission);
            }
        }
        granted
    }

    pub(crate) fn plans(&self) -> impl Iterator<Item = Plan> {
        Plan::ALL.into_iter().filter(|plan| {
            !self.has(match plan {
                Plan::WindowsEnterprise => Defect::NoWindowsLicence,
                Plan::Intune => Defect::NoIntuneLicence,
                Plan::EntraP1 => Defect::NoEntraP1,
                Plan::Office => return true,
            })
        })
    }

    /// Which service manages the devices of the organisation.
    pub(crate) fn authority(&self) -> &'static str {
        if self.has(Defect::MdmAuthorityUnset) {
            "unknown"
        } else if self.has(Defect::MdmAuthorityOther) {
            "sccm"
        } else {
            "intune"
        }
    }

    pub(crate) fn subscription_state(&self) -> &'static str {
        if self.has(Defect::IntuneInactive) { "lockedOut" } else { "active" }
    }

    /// When an on-premises directory was synchronised last, where there is one.
    pub(crate) fn last_directory_sync(&self) -> Option<Seconds> {
        self.has(Defect::DirectorySyncStale).then(|| self.start - 5 * DAY)
    }

    /// The number and the user name of everybody.
    pub(crate) fn people(&self) -> impl Iterator<Item = (u8, &'static str)> {
        let accounts = [
            (Defect::UserMsadmin, "msadmin"),
            (Defect::UserMsadminint, "msadminint"),
            (Defect::UserMstest, "mstest"),
        ];
        let accounts = accounts.map(|(defect, name)| self.has(defect).then_some(name));
        let people = PEOPLE.into_iter().map(Some).chain(accounts);
        (0..).zip(people).filter_map(|(place, name)| Some((place, name?)))
    }
}
