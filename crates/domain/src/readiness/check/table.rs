//! The table of checks. Sources are abbreviated as in facts/autopatch.md; `WAP` is the folder of
//! Windows Autopatch in MicrosoftDocs/windows-itpro-docs, `MEM` that of Intune in memdocs.
//!
//! Never says less than the check does: who changes a rule changes its row.

use super::{Check, CheckId, Fix};
use crate::readiness::Level;

/// Every check, in the order of their ids.
pub const CHECKS: [Check; 15] = [
    Check {
        id: CheckId::Licences,
        title: "Windows and Intune licences",
        reads: "GET /subscribedSkus",
        rule: "An active subscription holds a service plan of Windows Enterprise, and one holds \
            a plan of Intune.",
        failing: Level::NotReady,
        since: "2022-05",
        until: None,
        rationale: "The deployment service of Windows Update serves devices whose users are licensed \
            for Windows Enterprise or one of the plans that include it, and rings are \
            policies of Intune. Which user holds which licence is not read.",
        source: "WAP/prepare/windows-autopatch-prerequisites.md (09/24/2023, commit 09fdbe51); \
            WAP/prepare/windows-autopatch-feature-activation.md (09/16/2024); \
            facts/autopatch.md 1.2 and 1.4",
        remedy: "Buy or renew a subscription that has the plans named, and assign it to the users \
            of the devices.",
        fix: None,
    },
    Check {
        id: CheckId::EntraPremium,
        title: "Entra ID P1",
        reads: "GET /subscribedSkus",
        rule: "An active subscription holds Entra ID P1 or P2.",
        failing: Level::NotReady,
        since: "2022-05",
        until: None,
        rationale: "A prerequisite of Windows Autopatch from the start (as Azure AD Premium), and \
            still one.",
        source: "WAP/prepare/windows-autopatch-prerequisites.md (09/24/2023, commit 09fdbe51); \
            facts/autopatch.md 1.2",
        remedy: "Buy or renew a subscription with Entra ID P1, such as Enterprise Mobility + \
            Security or Microsoft 365.",
        fix: None,
    },
    Check {
        id: CheckId::Identity,
        title: "Source of identities",
        reads: "GET /organization",
        rule: "Users live in Entra ID, or were synchronised from Active Directory within the \
            last three days.",
        failing: Level::NotReady,
        since: "2022-05",
        until: None,
        rationale: "Hybrid joined devices reach Entra ID through the synchronisation. Microsoft asks \
            for the latest supported client, but Graph tells neither its version nor its \
            kind: only whether synchronisation is on, and when it last ran. Three days \
            without a run are taken for a client that no longer works.",
        source: "WAP/prepare/windows-autopatch-prerequisites.md (09/24/2023, commit 09fdbe51); \
            facts/autopatch.md 1.2 and graph.md 3.3",
        remedy: "Mend or update the synchronisation client, then start a synchronisation.",
        fix: None,
    },
    Check {
        id: CheckId::MdmAuthority,
        title: "MDM authority",
        reads: "GET /organization?$select=mobileDeviceManagementAuthority",
        rule: "The authority for mobile device management is Intune.",
        failing: Level::NotReady,
        since: "2022-05",
        until: None,
        rationale: "Update rings and update policies reach a device by Intune only. A tenant on \
            Configuration Manager alone is not supported.",
        source: "WAP/prepare/windows-autopatch-prerequisites.md (09/24/2023, commit 09fdbe51); \
            facts/autopatch.md 1.2",
        remedy: "Set the MDM authority to Intune in its admin centre. It is a switch that only goes \
            one way, so Concentric never throws it.",
        fix: None,
    },
    Check {
        id: CheckId::IntuneSubscription,
        title: "Intune subscription",
        reads: "GET /deviceManagement?$select=subscriptionState",
        rule: "The subscription of Intune is active.",
        failing: Level::NotReady,
        since: "2022-05",
        until: None,
        rationale: "A licence that was bought but never provisioned, is warned or disabled leaves \
            Intune without service. The tool of Microsoft gave an error for a tenant without \
            Intune; here the state is found and said.",
        source: "WAP/prepare/windows-autopatch-fix-issues.md (09/12/2023, commit 069f1111); \
            facts/autopatch.md 1.3 and graph.md 3.2",
        remedy: "Renew the subscription, or open the Intune admin centre once to have it \
            provisioned.",
        fix: None,
    },
    Check {
        id: CheckId::UnlicensedAdmins,
        title: "Unlicensed administrators",
        reads: "GET /deviceManagement",
        rule: "The tenant allows access to administrators without a licence of Intune.",
        failing: Level::Advisory,
        since: "2022-05",
        until: Some("2023-09"),
        rationale: "Not ready at launch, when accounts of the service without a licence managed \
            Intune. The check was gone by September 2023, and an application needs no \
            licence: it can only keep people out. Where Graph does not say, nothing is \
            found.",
        source: "WAP/prepare/windows-autopatch-fix-issues.md (05/30/2022; gone in 09/12/2023, \
            commit 069f1111); facts/autopatch.md 1.4",
        remedy: "In the Intune admin centre, turn on \"Allow access to unlicensed admins\", under \
            Tenant administration, Roles.",
        fix: None,
    },
    Check {
        id: CheckId::UpdateRings,
        title: "Update rings for everybody",
        reads: "GET /deviceManagement/deviceConfigurations with assignments",
        rule: "No update ring that is not ours targets all devices or all users.",
        failing: Level::Advisory,
        since: "2022-05",
        until: None,
        rationale: "Two update rings on one device conflict, and Intune settles it by no rule an \
            administrator could count on. Not ready at launch, advisory since 2023, when the \
            service began to exclude its own devices; so does enrollment here.",
        source: "WAP/prepare/windows-autopatch-fix-issues.md (09/12/2023, commit 069f1111); \
            facts/autopatch.md 1.4",
        remedy: "Let enrollment exclude our devices group from the rings named, or assign these \
            to groups of their own.",
        fix: Some(Fix::ExcludeFromUpdateRings),
    },
    Check {
        id: CheckId::ConditionalAccess,
        title: "Conditional access",
        reads: "GET /identity/conditionalAccess/policies",
        rule: "No policy that is on blocks the principal of Concentric; none asks all users for \
            a second factor.",
        failing: Level::NotReady,
        since: "2022-05",
        until: Some("2022-08"),
        rationale: "Advisory at launch, as policies for all users caught the accounts of the \
            service; dropped in August 2022. A policy for workload identities that blocks \
            our principal stops every call, so that one goes on blocking. A second factor \
            asked of all users concerns only people, such as the administrator who consents: \
            advisory.",
        source: "WAP/prepare/windows-autopatch-fix-issues.md (05/30/2022); windows-itpro-docs PR \
            #10793 (2022-08-23); facts/autopatch.md 1.4",
        remedy: "Exclude the principal of Concentric from the policies named. For a second \
            factor, have the administrator who consents able to give it.",
        fix: None,
    },
    Check {
        id: CheckId::SecurityDefaults,
        title: "Security defaults",
        reads: "GET /policies/identitySecurityDefaultsEnforcementPolicy",
        rule: "Security defaults are off.",
        failing: Level::NotReady,
        since: "2022-05",
        until: Some("2022-10"),
        rationale: "Security defaults that are ON are what blocks. A well-known article of July 2022 \
            has it inverted and says they must be enabled; the documentation of May 2022 \
            lists one result, not ready, when they are on. Dropped in October 2022 along \
            with the service accounts. An application identity is not asked for a second \
            factor, so no call of Concentric fails by it today. It goes on blocking, as with \
            them on no conditional access policy can be made, hence nothing exempted or \
            scoped.",
        source: "WAP/prepare/windows-autopatch-fix-issues.md (05/30/2022); \
            WAP/overview/windows-autopatch-privacy.md (03/13/2023); facts/autopatch.md 1.1",
        remedy: "Turn security defaults off and protect sign-ins by conditional access policies \
            instead, in one go.",
        fix: None,
    },
    Check {
        id: CheckId::ServiceAccounts,
        title: "Names of service accounts",
        reads: "GET /users?$filter=startsWith(userPrincipalName,'ms')",
        rule: "No user bears the name MsAdmin, MsAdminInt or MsTest.",
        failing: Level::Advisory,
        since: "2022-05",
        until: Some("2022-10"),
        rationale: "Not ready at launch, as enrollment made accounts of these names. They were \
            retired in October 2022 for an application. What is left of them is privileged \
            and belongs to nobody, or is somebody else who took the name.",
        source: "WAP/prepare/windows-autopatch-fix-issues.md (05/30/2022); facts/autopatch.md 1.4 \
            and 2.2",
        remedy: "Delete accounts that Windows Autopatch left behind; rename others if this tenant \
            may enroll there.",
        fix: None,
    },
    Check {
        id: CheckId::NameCollisions,
        title: "Names of our objects",
        reads: "GET /groups?$filter=startsWith(displayName,..), /deviceManagement/deviceConfigurations",
        rule: "No group and no update ring bears a name of ours without being ours.",
        failing: Level::NotReady,
        since: "2026-11",
        until: None,
        rationale: "Entra ID allows two groups of one name, and an administrator who then puts \
            devices into the wrong one serves none of them. Ours are told by the tag in \
            their description, not by name.",
        source: "a rule of Concentric, after the check of service account names in \
            facts/autopatch.md 1.4",
        remedy: "Rename or delete what is named.",
        fix: None,
    },
    Check {
        id: CheckId::CoManagement,
        title: "Co-management workloads",
        reads: "the devices of the last sync: managementAgent, \
            configurationManagerClientEnabledFeatures",
        rule: "Co-managed devices have left Windows Update policies, device configuration and \
            Office Click-to-Run to Intune.",
        failing: Level::Advisory,
        since: "2022-07",
        until: None,
        rationale: "A workload that stayed with Configuration Manager makes a device ignore policies \
            of Intune; registration turns such a device away. Microsoft only advised, \
            without looking at workloads: here they are counted.",
        source: "WAP/prepare/windows-autopatch-fix-issues.md (09/12/2023, commit 069f1111); \
            facts/autopatch.md 1.2, 1.4 and 3.2",
        remedy: "In Configuration Manager, move the three workloads to Intune or Pilot Intune for \
            these devices.",
        fix: None,
    },
    Check {
        id: CheckId::Principal,
        title: "Principal of Concentric",
        reads: "GET /servicePrincipals?$filter=appId eq '..'",
        rule: "The application of Concentric is in the tenant, and enabled.",
        failing: Level::NotReady,
        since: "2026-11",
        until: None,
        rationale: "Without a principal there is nobody to grant anything to, and one that is \
            disabled gets no token.",
        source: "a rule of Concentric; facts/graph.md 3.3 and autopatch.md 2.2 (the application \
            that replaced accounts)",
        remedy: "Follow the consent link as a Global Administrator, or enable the application for \
            sign-in.",
        fix: None,
    },
    Check {
        id: CheckId::Permissions,
        title: "Permissions granted",
        reads: "GET /servicePrincipals/{id}/appRoleAssignments",
        rule: "Every permission that enrollment and rollouts need was granted, or one that \
            contains it.",
        failing: Level::NotReady,
        since: "2026-11",
        until: None,
        rationale: "What is not granted is named here, with its reason, before a plan fails half way \
            through. The lack of what only actions on single devices use is advisory.",
        source: "a rule of Concentric; facts/graph.md 6",
        remedy: "Consent to the permissions named.",
        fix: None,
    },
    Check {
        id: CheckId::Network,
        title: "Network",
        reads: "connections to the addresses of the endpoint list (TCP 443, TLS 1.2 or 1.3); \
            nothing on Graph",
        rule: "Every required address is reached, and best every optional one.",
        failing: Level::NotReady,
        since: "2022-05",
        until: None,
        rationale: "Tried from where Concentric runs, or through the proxy given, which tells about \
            devices only as far as they share that way out. Not run unless asked for.",
        source: "WAP/prepare/windows-autopatch-configure-network.md (09/15/2023); \
            MEM/windows-10-expedite-updates.md; facts/autopatch.md 1.5",
        remedy: "Allow the addresses named on proxy and firewall, without inspecting TLS.",
        fix: None,
    },
];
