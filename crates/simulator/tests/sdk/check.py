"""Microsoft's own Graph SDKs against the simulator, with nothing changed but the addresses.

usage: check.py http://127.0.0.1:PORT      (see `cargo xtask sdk`)

Every step prints one line; the first surprise ends the check with a traceback and a status of 1.
"""

import asyncio
import io
import logging
import sys
import zipfile
from datetime import datetime, timedelta, timezone

import httpx
from azure.core.pipeline.transport import AioHttpTransport
from azure.identity.aio import ClientSecretCredential
from kiota_abstractions.authentication import AuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphServiceClient
from msgraph.generated.groups.item.transitive_members.graph_device.graph_device_request_builder import GraphDeviceRequestBuilder
from msgraph.generated.device_management.device_configurations.item.assign.assign_post_request_body import AssignPostRequestBody
from msgraph.generated.device_management.managed_devices.managed_devices_request_builder import ManagedDevicesRequestBuilder
from msgraph.generated.models.device import Device
from msgraph.generated.models.device_configuration_assignment import DeviceConfigurationAssignment
from msgraph.generated.models.device_management_export_job import DeviceManagementExportJob
from msgraph.generated.models.device_management_report_file_format import DeviceManagementReportFileFormat
from msgraph.generated.models.device_management_report_status import DeviceManagementReportStatus
from msgraph.generated.models.group import Group
from msgraph.generated.models.group_assignment_target import GroupAssignmentTarget
from msgraph.generated.models.managed_device import ManagedDevice
from msgraph.generated.models.mdm_authority import MdmAuthority
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.windows_update_for_business_configuration import WindowsUpdateForBusinessConfiguration
from msgraph.generated.organization.organization_request_builder import OrganizationRequestBuilder
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph_beta import GraphServiceClient as BetaClient
from msgraph_beta.generated.admin.windows.updates.catalog.entries.entries_request_builder import EntriesRequestBuilder
from msgraph_beta.generated.admin.windows.updates.updatable_assets.microsoft_graph_windows_updates_enroll_assets_by_id.enroll_assets_by_id_post_request_body import EnrollAssetsByIdPostRequestBody
from msgraph_beta.generated.models.windows_updates.approval_status import ApprovalStatus
from msgraph_beta.generated.models.windows_updates.assigned_group import AssignedGroup
from msgraph_beta.generated.models.windows_updates.azure_a_d_device import AzureADDevice
from msgraph_beta.generated.models.windows_updates.enrollment_state import EnrollmentState
from msgraph_beta.generated.models.windows_updates.feature_update_catalog_entry import FeatureUpdateCatalogEntry
from msgraph_beta.generated.models.windows_updates.included_group_assignment import IncludedGroupAssignment
from msgraph_beta.generated.models.windows_updates.policy_approval import PolicyApproval
from msgraph_beta.generated.models.windows_updates.quality_update_catalog_entry import QualityUpdateCatalogEntry
from msgraph_beta.generated.models.windows_updates.quality_update_classification import QualityUpdateClassification
from msgraph_beta.generated.models.windows_updates.quality_update_policy import QualityUpdatePolicy
from msgraph_beta.generated.models.windows_updates.quality_update_ring import QualityUpdateRing
from msgraph_beta.generated.models.windows_updates.update_category import UpdateCategory
from msgraph_beta.graph_request_adapter import GraphRequestAdapter as BetaRequestAdapter
from msgraph_core import PageIterator
from msgraph_core.requests.batch_request_builder import BatchRequestBuilder
from msgraph_core.requests.batch_request_content import BatchRequestContent

TENANT = "5c0ffee5-0000-4000-8000-000000000001"
CLIENT = "c11e4710-0000-4000-8000-000000000002"
SECRET = "simulated-secret"
DEVICES = 250
QUALITY = "microsoft.graph.windowsUpdates.qualityUpdateCatalogEntry"


def done(what):
    print(f"ok  {what}", flush=True)


def same(left, right):
    assert left == right, f"{left!r} is not {right!r}"


class Loopback(AioHttpTransport):
    """The identity library insists on https; this sends what is meant for it to the simulator."""

    def __init__(self, base):
        super().__init__()
        self.base = base

    async def send(self, request, **options):
        request.url = request.url.replace("https://login.simulator.invalid", self.base)
        return await super().send(request, **options)


class Bearer(AuthenticationProvider):
    """The token provider that comes with the SDK refuses plain http too."""

    def __init__(self, token):
        self.token = token

    async def authenticate_request(self, request, additional_authentication_context=None):
        request.headers.try_add("Authorization", f"Bearer {self.token}")


async def token(base, secret):
    credential = ClientSecretCredential(
        TENANT, CLIENT, secret, authority="https://login.simulator.invalid",
        disable_instance_discovery=True, transport=Loopback(base))
    async with credential:
        return (await credential.get_token("https://graph.microsoft.com/.default")).token


def configured(kind, **parameters):
    return RequestConfiguration(query_parameters=kind(**parameters))


async def all_items(page, adapter):
    items = []
    iterator = PageIterator(page, adapter)

    def keep(item):
        items.append(item)
        return True

    await iterator.iterate(keep)
    return items


async def check_token(base):
    try:
        await token(base, "wrong")
    except Exception as error:
        assert "AADSTS7000215" in str(error), error
    else:
        raise AssertionError("a wrong secret was taken")
    given = await token(base, SECRET)
    done("azure-identity: token by secret, refusal understood")
    return given


async def check_catalog(beta):
    entries = beta.admin.windows.updates.catalog.entries
    kind = EntriesRequestBuilder.EntriesRequestBuilderGetQueryParameters
    page = await entries.get(configured(
        kind, filter=f"isof('{QUALITY}')", expand=[f"{QUALITY}/productRevisions"]))
    assert page.value and all(isinstance(one, QualityUpdateCatalogEntry) for one in page.value)
    newest = max(page.value, key=lambda one: one.release_date_time)
    same(newest.quality_update_classification, QualityUpdateClassification.Security)
    same(newest.release_date_time.tzinfo.utcoffset(None), timedelta(0))
    revisions = newest.product_revisions
    same({revision.os_build.build_number for revision in revisions}, {26100, 22631})
    assert all(revision.knowledge_base_article.id.startswith("KB") for revision in revisions)
    everything = await entries.get()
    assert any(isinstance(one, FeatureUpdateCatalogEntry) for one in everything.value)
    assert all(getattr(one, "product_revisions", None) is None for one in everything.value)
    done(f"catalogue: {len(everything.value)} entries, typed, revisions when expanded")
    return newest.id


async def check_managed(graph):
    kind = ManagedDevicesRequestBuilder.ManagedDevicesRequestBuilderGetQueryParameters
    page = await graph.device_management.managed_devices.get(configured(
        kind, top=60, select=["id", "azureADDeviceId", "osVersion", "lastSyncDateTime", "model"]))
    same(len(page.value), 60)
    devices = await all_items(page, graph.request_adapter)
    same(len({device.id for device in devices}), DEVICES)
    assert all(isinstance(device, ManagedDevice) and device.os_version.startswith("10.0.")
               for device in devices)
    assert all(isinstance(device.last_sync_date_time, datetime) for device in devices)
    since = sorted(device.last_sync_date_time for device in devices)[DEVICES // 2]
    text = since.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    recent = await graph.device_management.managed_devices.get(configured(
        kind, top=1000, filter=f"lastSyncDateTime ge {text}"))
    same(len(recent.value), sum(device.last_sync_date_time >= since for device in devices))
    one = await graph.device_management.managed_devices.by_managed_device_id(devices[0].id).get()
    same(one.azure_a_d_device_id, devices[0].azure_a_d_device_id)
    done(f"managed devices: {DEVICES} over pages, filter on lastSyncDateTime, one by id")
    return [device.azure_a_d_device_id for device in devices]


async def check_groups(graph):
    devices = (await graph.devices.get()).value
    assert all(isinstance(device, Device) for device in devices)
    group = await graph.groups.post(Group(
        display_name="SDK ring", mail_nickname="sdk-ring", mail_enabled=False,
        security_enabled=True))
    at = graph.groups.by_group_id(group.id)
    link = "https://graph.microsoft.com/v1.0/directoryObjects/{}".format
    await at.members.ref.post(ReferenceCreate(odata_id=link(devices[0].id)))
    await at.patch(Group(additional_data={
        "members@odata.bind": [link(device.id) for device in devices[1:21]]}))
    members = (await at.members.get()).value
    same({member.id for member in members}, {device.id for device in devices[:21]})
    assert all(isinstance(member, Device) for member in members)
    try:
        await at.members.ref.post(ReferenceCreate(odata_id=link(devices[0].id)))
    except ODataError as error:
        same(error.response_status_code, 400)
        same(error.error.code, "Request_BadRequest")
        assert error.error.inner_error.request_id
    else:
        raise AssertionError("a member was added twice")
    await at.members.by_directory_object_id(devices[20].id).ref.delete()
    outer = await graph.groups.post(Group(
        display_name="Outer", mail_nickname="outer", mail_enabled=False, security_enabled=True,
        additional_data={"members@odata.bind": [link(group.id)]}))
    kind = GraphDeviceRequestBuilder.GraphDeviceRequestBuilderGetQueryParameters
    cast = graph.groups.by_group_id(outer.id).transitive_members.graph_device
    page = await cast.get(configured(kind, top=8, select=["id", "deviceId"]))
    same(len(await all_items(page, graph.request_adapter)), 20)
    done("groups: created, members by $ref and bind, typed error, transitive members")
    return group.id, devices


async def check_delta(graph, group, devices):
    page = await graph.groups.delta.get()
    seen = {item.id for item in page.value}
    while page.odata_next_link:
        page = await graph.groups.delta.with_url(page.odata_next_link).get()
        seen |= {item.id for item in page.value}
    assert group in seen
    await graph.groups.by_group_id(group).members.by_directory_object_id(devices[19].id).ref.delete()
    page = await graph.groups.delta.with_url(page.odata_delta_link).get()
    (item,) = page.value
    same(item.id, group)
    (change,) = item.additional_data["members@delta"]
    # What the SDK has no type for it reads as it looks: an id becomes a UUID.
    same((str(change["id"]), change["@removed"]), (devices[19].id, {"reason": "deleted"}))
    page = await graph.devices.delta.get()
    count = len(page.value)
    while page.odata_next_link:
        page = await graph.devices.delta.with_url(page.odata_next_link).get()
        count += len(page.value)
    same(count, DEVICES)
    done("deltas of groups and devices")


async def check_enrolment(beta, ids):
    assets = beta.admin.windows.updates.updatable_assets
    await assets.microsoft_graph_windows_updates_enroll_assets_by_id.post(
        EnrollAssetsByIdPostRequestBody(
            update_category=UpdateCategory.Quality, ids=ids,
            member_entity_type="#microsoft.graph.windowsUpdates.azureADDevice"))
    asset = await assets.by_updatable_asset_id(ids[0]).get()
    assert isinstance(asset, AzureADDevice)
    assert asset.enrollment.quality.enrollment_state in (
        EnrollmentState.Enrolling, EnrollmentState.Enrolled)
    assert asset.enrollment.feature is None and asset.errors == []
    same(len((await assets.get()).value), len(ids))
    done(f"enrolment of {len(ids)} assets by id")


async def check_policy(beta, group, entry):
    policies = beta.admin.windows.updates.policies
    policy = await policies.post(QualityUpdatePolicy(display_name="SDK", approval_rules=[]))
    assert isinstance(policy, QualityUpdatePolicy) and policy.created_date_time
    at = policies.by_policy_id(policy.id)
    ring = await at.rings.post(QualityUpdateRing(
        display_name="First", deferral_in_days=0, is_paused=False,
        included_group_assignment=IncludedGroupAssignment(
            assignments=[AssignedGroup(group_id=group)])))
    assert isinstance(ring, QualityUpdateRing)
    same(ring.included_group_assignment.assignments[0].group_id, group)
    approval = await at.approvals.post(PolicyApproval(
        catalog_entry_id=entry, status=ApprovalStatus.Approved))
    same(approval.status, ApprovalStatus.Approved)
    patched = await at.approvals.by_policy_approval_id(approval.id).patch(
        PolicyApproval(status=ApprovalStatus.Suspended))
    same((patched.status, patched.catalog_entry_id), (ApprovalStatus.Suspended, entry))
    paused = await at.rings.by_ring_id(ring.id).patch(QualityUpdateRing(is_paused=True))
    same((paused.is_paused, paused.display_name), (True, "First"))
    same([one.id for one in (await at.rings.get()).value], [ring.id])
    same([one.status for one in (await at.approvals.get()).value], [ApprovalStatus.Suspended])
    assert any(one.id == policy.id for one in (await policies.get()).value)
    done("quality update policy with ring and approval; suspended, paused")
    return policy.id


async def check_configuration(graph, group):
    all_of_them = graph.device_management.device_configurations
    made = await all_of_them.post(WindowsUpdateForBusinessConfiguration(
        display_name="SDK", quality_updates_deferral_period_in_days=7,
        quality_updates_paused=False))
    assert isinstance(made, WindowsUpdateForBusinessConfiguration)
    at = all_of_them.by_device_configuration_id(made.id)
    assigned = await at.assign.post(AssignPostRequestBody(assignments=[
        DeviceConfigurationAssignment(target=GroupAssignmentTarget(group_id=group))]))
    assert isinstance(assigned.value[0].target, GroupAssignmentTarget)
    same([one.target.group_id for one in (await at.assignments.get()).value], [group])
    paused = await at.patch(WindowsUpdateForBusinessConfiguration(quality_updates_paused=True))
    same((paused.quality_updates_paused, paused.quality_updates_deferral_period_in_days), (True, 7))
    same(paused.quality_updates_pause_expiry_date_time.date(),
         paused.quality_updates_pause_start_date + timedelta(days=35))
    listed = (await all_of_them.get()).value
    assert any(isinstance(one, WindowsUpdateForBusinessConfiguration) for one in listed)
    await at.delete()
    done("update ring configuration: made, assigned, paused, deleted")


async def check_report(graph, policy, members):
    jobs = graph.device_management.reports.export_jobs
    job = await jobs.post(DeviceManagementExportJob(
        report_name="QualityUpdateDeviceStatusByPolicy", filter=f"PolicyId eq '{policy}'",
        select=["PolicyId", "AADDeviceId", "AggregateState"],
        format=DeviceManagementReportFileFormat.Csv))
    for _ in range(100):
        job = await jobs.by_device_management_export_job_id(job.id).get()
        if job.status == DeviceManagementReportStatus.Completed:
            break
        same(job.status, DeviceManagementReportStatus.InProgress)
        await asyncio.sleep(0.1)
    assert job.expiration_date_time > job.request_date_time
    async with httpx.AsyncClient() as plain:
        archive = zipfile.ZipFile(io.BytesIO((await plain.get(job.url)).content))
    (name,) = archive.namelist()
    lines = archive.read(name).decode().splitlines()
    same((lines[0], len(lines) - 1), ("PolicyId,AADDeviceId,AggregateState", members))
    done("report: exported, polled, fetched, unpacked")


async def check_organisation(graph):
    kind = OrganizationRequestBuilder.OrganizationRequestBuilderGetQueryParameters
    page = await graph.organization.get(configured(
        kind, select=["id", "displayName", "mobileDeviceManagementAuthority"]))
    same((page.value[0].id, page.value[0].mobile_device_management_authority),
         (TENANT, MdmAuthority.Intune))
    (sku,) = (await graph.subscribed_skus.get()).value
    assert "INTUNE_A" in {plan.service_plan_name for plan in sku.service_plans}
    done("organisation and licences")


async def check_batch(graph, group):
    at, content = graph.groups.by_group_id(group), BatchRequestContent()
    for request in (at.to_get_request_information(), graph.devices.to_get_request_information(),
                    graph.groups.by_group_id(TENANT).to_get_request_information()):
        content.add_request_information(request)
    # The SDK gives the parts ids of its own. Its release 1.5.2 of the core does not read bodies that
    # are JSON objects, as all bodies of Graph are, so only the statuses can be compared.
    ids = [item.id for item in content.requests.values()]
    answer = await BatchRequestBuilder(graph.request_adapter).post(content)
    statuses = answer.get_response_status_codes()
    same([statuses[one] for one in ids], [200, 200, 404])
    done("batch of requests the SDK made")


async def check_faults(graph, base):
    """The SDK retries throttling and errors of the service by itself."""
    async with httpx.AsyncClient() as plain:
        faults = f"{base}/_simulator/faults"
        (await plain.post(faults, json={"throttle_every": 2})).raise_for_status()
        for _ in range(2):
            assert (await graph.groups.get()).value
        (await plain.post(faults, json={})).raise_for_status()
    done("throttled requests are repeated by the SDK")


async def main(base):
    provider = Bearer(await check_token(base))
    adapter, beta_adapter = GraphRequestAdapter(provider), BetaRequestAdapter(provider)
    graph = GraphServiceClient(request_adapter=adapter)
    beta = BetaClient(request_adapter=beta_adapter)
    # All that differs from a real tenant.
    adapter.base_url, beta_adapter.base_url = f"{base}/v1.0", f"{base}/beta"
    entry = await check_catalog(beta)
    ids = await check_managed(graph)
    group, devices = await check_groups(graph)
    await check_delta(graph, group, devices)
    await check_enrolment(beta, ids)
    policy = await check_policy(beta, group, entry)
    await check_configuration(graph, group)
    await check_report(graph, policy, 19)
    await check_organisation(graph)
    await check_batch(graph, group)
    await check_faults(graph, base)


if __name__ == "__main__":
    # The refusal that is provoked below is no news.
    logging.getLogger("azure.identity").setLevel(logging.CRITICAL)
    asyncio.run(main(sys.argv[1].rstrip("/")))
