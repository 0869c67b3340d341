//! Feature updates by an Intune profile.
//!
//! | what is wanted | what stands on Graph |
//! |---|---|
//! | open | a configuration with the uninstall window, and a profile with the version, both for the group of devices offered so far |
//! | held | the configuration pauses feature updates |
//! | withdrawn | the profile is assigned to nobody, and a second configuration rolls feature updates back |

use domain::duty::{RingObjects, WaveDevice};
use domain::enrollment::object::FeaturePayload;
use msgraph::{Client, PolicySpec, WireTarget};
use scheduler::FleetError;

use super::{Telling, Told, add_members, graph, remove_members};

pub(super) struct FeatureProfile;

impl Telling for FeatureProfile {
    async fn open(&self, told: &Told<'_>, objects: &mut RingObjects) -> Result<(), FleetError> {
        // The window before the version.
        told.keep_window(objects, false).await?;
        let group = told.offer_group(objects).await?;
        told.keep_profile(objects, &[WireTarget::Group(group)]).await
    }

    async fn hold(&self, told: &Told<'_>, objects: &RingObjects) -> Result<(), FleetError> {
        // By what is remembered: after a refusal `objects` are looked for anew.
        if told.ring.objects.policy.is_none() {
            return Ok(());
        }
        told.keep_window(&mut objects.clone(), true).await
    }

    async fn withdraw(&self, told: &Told<'_>, objects: &mut RingObjects) -> Result<(), FleetError> {
        if told.ring.objects.policy.is_some() {
            told.keep_profile(objects, &[]).await?;
        }
        told.remove_feature(objects, told.window_days()).await
    }

    async fn offer(
        &self,
        client: &Client,
        objects: &RingObjects,
        devices: &[WaveDevice],
    ) -> Result<(), FleetError> {
        add_members(client, objects.offer_group, devices).await
    }

    async fn take_back(
        &self,
        client: &Client,
        objects: &RingObjects,
        devices: &[WaveDevice],
    ) -> Result<(), FleetError> {
        remove_members(client, objects.offer_group, devices).await
    }
}

impl Told<'_> {
    async fn keep_profile(
        &self,
        objects: &mut RingObjects,
        targets: &[WireTarget],
    ) -> Result<(), FleetError> {
        let version = self.duty.version.clone();
        let version = version.ok_or_else(|| {
            FleetError::Rejected("the catalogue names no version of this update".to_owned())
        })?;
        let tag = self.key();
        let spec = PolicySpec {
            name: &tag,
            description: &format!("{} {tag}", self.description("Offers")),
            tag: &tag,
            settings: &FeaturePayload { version },
        };
        objects.policy = Some(self.client.ensure_policy(spec, targets).await.map_err(graph)?);
        Ok(())
    }
}
