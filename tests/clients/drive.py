"""Drives a rollout with a client that was generated from docs/openapi.json, and nothing else.

Arguments: the address of the service, and a file with what to connect to. The generated package is on the
path. Ends with 0 when the rollout completed and every answer was one that the document describes.
"""

import json
import sys
import time
import uuid

from concentric_client import AuthenticatedClient
from concentric_client.api.releases import release_create
from concentric_client.api.ring_sets import ring_set_create, ring_set_read, ring_set_replace
from concentric_client.api.rollouts import (
    rollout_create,
    rollout_explain,
    rollout_list,
    rollout_pause,
    rollout_read,
    rollout_resume,
)
from concentric_client.api.tenants import tenant_create
from concentric_client.api.tokens import whoami
from concentric_client.api.updates import update_list
from concentric_client.models import (
    Action,
    CreateRelease,
    CreateRingSet,
    CreateRollout,
    CreateTenant,
    Pause,
    Problem,
)


def got(response, *statuses):
    """The typed answer, if its status is one of those."""
    assert response.status_code in statuses, (response.status_code, response.content)
    return response.parsed


def main():
    base, given = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8"))
    client = AuthenticatedClient(base_url=base, token=given["token"], timeout=90.0)

    me = got(whoami.sync_detailed(client=client), 200)
    assert [str(role) for role in me.grants[0].roles] == ["tenant_administrator"], me

    nobody = AuthenticatedClient(base_url=base, token="con_" + "0" * 64)
    refused = got(whoami.sync_detailed(client=nobody), 401)
    assert isinstance(refused, Problem) and refused.code == "unauthenticated", refused

    body = CreateTenant.from_dict(given["tenant"])
    tenant = got(tenant_create.sync_detailed(client=client, body=body), 201)

    # Twice with one key is once.
    key = str(uuid.uuid4())
    body = CreateRingSet.from_dict(given["ring_set"])
    first = got(ring_set_create.sync_detailed(tenant.id, client=client, body=body, idempotency_key=key), 201)
    again = got(ring_set_create.sync_detailed(tenant.id, client=client, body=body, idempotency_key=key), 201)
    assert first.id == again.id, (first.id, again.id)

    deadline = time.monotonic() + 60
    while True:
        read = ring_set_read.sync_detailed(tenant.id, first.id, client=client)
        if sum(got(read, 200).members) > 0:
            break
        assert time.monotonic() < deadline, "the fleet was never read"
        time.sleep(0.2)

    # What was seen can be replaced once.
    tag = read.headers["etag"]
    replace = lambda: ring_set_replace.sync_detailed(tenant.id, first.id, client=client, body=body, if_match=tag)
    got(replace(), 200)
    late = got(replace(), 412)
    assert late.code == "changed", late

    update = got(update_list.sync_detailed(tenant.id, client=client), 200).items[0]
    body = CreateRelease.from_dict({"update_id": str(update.id), "name": "From Python"})
    release = got(release_create.sync_detailed(tenant.id, client=client, body=body), 201)
    body = CreateRollout.from_dict({"release_id": str(release.id), "ring_set_id": str(first.id)})
    rollout = got(rollout_create.sync_detailed(tenant.id, client=client, body=body), 201)

    paused = got(rollout_pause.sync_detailed(tenant.id, rollout.id, client=client, body=Pause(reason="a look")), 200)
    assert str(paused.intent.wish) == "hold", paused.intent
    why = got(rollout_explain.sync_detailed(tenant.id, rollout.id, client=client), 200)
    assert why.to_dict(), "an explanation"
    got(rollout_resume.sync_detailed(tenant.id, rollout.id, client=client, body=Action()), 200)

    deadline = time.monotonic() + 240
    while True:
        read = rollout_read.sync_detailed(tenant.id, rollout.id, client=client, wait="20s", until="completed,rolled_back,cancelled")
        phase = str(got(read, 200).phase.name)
        if phase in ("completed", "rolled_back", "cancelled"):
            break
        assert time.monotonic() < deadline, f"still {phase}"
    assert phase == "completed", phase

    page = got(rollout_list.sync_detailed(tenant.id, client=client, page_size=10), 200)
    assert [one.id for one in page.items] == [rollout.id], page
    print(f"completed over {sum(ring.eligible for ring in read.parsed.rings)} devices")


if __name__ == "__main__":
    main()
