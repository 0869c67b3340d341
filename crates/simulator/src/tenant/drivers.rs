//! Drivers: which there are, for which makes of devices, and the policies that approve them.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::{DAY, Seconds, stamp};
use crate::tenant::catalog::digest;
use crate::tenant::policies::Lagging;
use crate::tenant::{Object, Properties};

/// The level of the first driver; quality updates and the Windows version have lower ones.
const FIRST: u8 = 40;

/// One driver, for all devices of one maker. Devices of other makers need none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Driver {
    pub(crate) level: u8,
    pub(crate) maker: &'static str,
    class: &'static str,
    version: &'static str,
    pub(crate) recommended: bool,
    /// Days before the start.
    age: i64,
}

pub(crate) static DRIVERS: [Driver; 3] = [
    Driver {
        level: FIRST,
        maker: "Contoso",
        class: "Firmware",
        version: "1.18.2.0",
        recommended: true,
        age: 20,
    },
    Driver {
        level: FIRST + 1,
        maker: "Fabrikam",
        class: "Display",
        version: "31.0.15.4617",
        recommended: true,
        age: 12,
    },
    Driver {
        level: FIRST + 2,
        maker: "Northwind",
        class: "Net",
        version: "23.40.0.4",
        recommended: false,
        age: 5,
    },
];

impl Driver {
    pub(crate) fn of_level(level: u8) -> Option<&'static Self> {
        DRIVERS.iter().find(|driver| driver.level == level)
    }

    pub(crate) fn of_entry(id: &str) -> Option<&'static Self> {
        DRIVERS.iter().find(|driver| driver.entry() == id)
    }

    pub(crate) fn entry(&self) -> String {
        digest(&format!("driver/{}/{}", self.maker, self.version))
    }

    /// Who recommends it.
    pub(crate) fn vendors(&self) -> Value {
        if self.recommended { json!(["Microsoft", self.maker]) } else { json!([]) }
    }

    pub(crate) fn json(&self, start: Seconds) -> Value {
        let released = stamp(start - self.age * DAY);
        json!({
            "@odata.type": "#microsoft.graph.windowsUpdates.driverUpdateCatalogEntry",
            "id": self.entry(),
            "displayName": format!("{} - {} - {}", self.maker, self.class, self.version),
            "deployableUntilDateTime": null,
            "releaseDateTime": released,
            "description": format!("{} {} driver update", self.maker, self.class),
            "driverClass": self.class,
            "provider": self.maker,
            "setupInformationFile": null,
            "manufacturer": self.maker,
            "version": self.version,
            "versionDateTime": stamp(start - (self.age + 30) * DAY),
        })
    }
}

/// An update policy: approvals for an audience.
#[derive(Debug)]
pub(crate) struct UpdatePolicy {
    pub(crate) object: Object,
    pub(crate) audience: Uuid,
    pub(crate) approvals: Vec<ContentApproval>,
}

/// Not revoked to begin with; revoked for good.
#[derive(Debug)]
pub(crate) struct ContentApproval {
    pub(crate) object: Object,
    pub(crate) level: u8,
    pub(crate) stands: Lagging<bool>,
    revoked: Option<Seconds>,
}

const POLICY: [&str; 2] = ["complianceChangeRules", "deploymentSettings"];
const APPROVAL: [&str; 1] = ["deploymentSettings"];

impl UpdatePolicy {
    pub(crate) fn new(sent: &Value, audience: Uuid, now: Seconds) -> Self {
        Self { object: Object::new(sent, &POLICY, now), audience, approvals: Vec::new() }
    }

    pub(crate) fn json(&self) -> Properties {
        let mut shown = self.object.json("windowsUpdates.updatePolicy");
        shown.remove("lastModifiedDateTime");
        shown
    }
}

impl ContentApproval {
    pub(crate) fn new(sent: &Value, level: u8, now: Seconds) -> Self {
        let mut stands = Lagging::settled(false);
        stands.set(true, now);
        Self { object: Object::new(sent, &APPROVAL, now), level, stands, revoked: None }
    }

    /// Whether it stood until now.
    pub(crate) fn revoke(&mut self, now: Seconds) -> bool {
        let stood = self.revoked.is_none();
        if stood {
            self.revoked = Some(now);
            self.stands.set(false, now);
        }
        stood
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.is_some()
    }

    pub(crate) fn json(&self, start: Seconds) -> Value {
        let mut shown = self.object.json("windowsUpdates.contentApproval");
        shown.remove("lastModifiedDateTime");
        shown.insert("isRevoked".to_owned(), json!(self.is_revoked()));
        let never = "0001-01-01T00:00:00Z".to_owned();
        shown.insert("revokedDateTime".to_owned(), json!(self.revoked.map_or(never, stamp)));
        let entry = Driver::of_level(self.level).map(|driver| driver.json(start));
        shown.insert(
            "content".to_owned(),
            json!({
                "@odata.type": "#microsoft.graph.windowsUpdates.catalogContent",
                "catalogEntry": entry,
            }),
        );
        Value::Object(shown)
    }
}
