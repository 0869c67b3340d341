-- The whole schema of the first release. Every table carries the tenant in its key, in front, so
-- that a list of one tenant reads no row of another, and is closed to other tenants by forced
-- row-level security.
--
-- Two roles do the work, neither of which can log in; a connection takes one with SET ROLE:
--   concentric_app      one tenant at a time, named by the setting concentric.tenant
--   concentric_service  what belongs to no single tenant: tokens, the list of tenants, due work

do $$
declare role_name text;
begin
    foreach role_name in array array['concentric_app', 'concentric_service'] loop
        -- Roles belong to the cluster: another database may have made them, even at this moment.
        begin
            if not exists (select from pg_roles where rolname = role_name) then
                execute format('create role %I nologin nobypassrls', role_name);
            end if;
        exception when duplicate_object or unique_violation then null;
        end;
        begin
            if not pg_has_role(current_user, role_name, 'member') then
                execute format('grant %I to current_user', role_name);
            end if;
        exception when unique_violation then null;
        end;
    end loop;
    -- The account that serves may not be the one that migrates, and compares versions.
    if to_regclass('_sqlx_migrations') is not null then
        grant select on _sqlx_migrations to concentric_app, concentric_service;
    end if;
    -- Imports are staged in temporary tables.
    execute format('grant temporary on database %I to concentric_app', current_database());
end $$;

-- The tenant that the transaction serves; null, and so nobody's, when none is set.
create function current_tenant() returns uuid language sql stable parallel safe as
$$ select nullif(current_setting('concentric.tenant', true), '')::uuid $$;

create table tenant (
    id uuid primary key,
    name text not null unique check (char_length(name) between 1 and 100),
    entra_tenant_id uuid not null unique,
    client_id uuid not null,
    graph_url text not null,
    login_url text not null,
    credential_kind text not null check (credential_kind in ('secret', 'certificate')),
    credential_sealed bytea not null, -- AES-256-GCM; the key is not in the database
    credential_expires_at timestamptz, -- of a certificate as it says; of a secret if somebody said so
    connection_state text not null default 'unverified'
        check (connection_state in ('unverified', 'connected', 'refused', 'unreachable')),
    connection_error text,
    connection_at timestamptz,
    synced_at timestamptz,      -- last complete read of devices and catalogue
    observed_to timestamptz,    -- check-ins up to here have been read
    missing_devices int,        -- the last complete read did not show so many, too many to believe it: they were kept
    removal_confirmed int,      -- a person vouches for so many at most, once
    assess_network boolean not null default false, -- the next assessment tries addresses too
    created_at timestamptz not null
);

create table api_token (
    id uuid primary key,
    tenant_id uuid references tenant (id) on delete cascade, -- null: every tenant
    name text not null,
    roles text[] not null check (cardinality(roles) > 0 and roles <@ array['viewer', 'operator',
        'release_manager', 'approver', 'policy_administrator', 'auditor', 'tenant_administrator']),
    ring_set_ids uuid[] check (cardinality(ring_set_ids) > 0), -- null: every ring set
    hash bytea not null unique, -- SHA-256 of 256 random bits
    hint text not null, -- how the text begins, to tell one from another
    created_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    last_used_at timestamptz, -- to the minute
    revoked_at timestamptz
);

-- Sessions of browsers, until they end. Times are the wall's, whatever the service's clock says.
create table session (
    id uuid primary key,
    hash bytea not null unique, -- SHA-256 of 256 random bits, which the cookie holds
    token_id uuid references api_token (id) on delete cascade, -- what it was begun with; null: a person
    person uuid, -- UUIDv5 of issuer and subject
    name text not null,
    grants jsonb, -- of a person, as they were when they signed in
    created_at timestamptz not null,
    last_used_at timestamptz not null, -- to the minute
    ends_at timestamptz not null,
    check (num_nonnulls(token_id, person) = 1 and (person is null) = (grants is null))
);
create index session_of_token on session (token_id);

-- What was asked for under an Idempotency-Key. Of the nil tenant: what belongs to none.
create table asked (
    tenant_id uuid not null,
    caller uuid not null,
    key text not null check (char_length(key) between 1 and 255),
    request bytea not null,     -- SHA-256 of method, path and body
    begun_at timestamptz not null, -- of the database, and the name of this try
    entry bigint,               -- of the chain, written with the effect
    status smallint,            -- of the answer, with all that follows
    location text,
    content_type text,
    body bytea,
    primary key (tenant_id, caller, key)
);
create index asked_begun on asked (begun_at);

-- The newest entry of the chain that changed a thing, which is the version of it (rollouts have their own).
create table resource_version (
    tenant_id uuid not null,
    resource text not null,     -- its path behind the tenant's
    seq bigint not null,
    primary key (tenant_id, resource)
);

create table device (
    tenant_id uuid not null,
    id uuid not null, -- v7
    intune_id uuid, -- null: only the directory knows it
    entra_device_id uuid, -- null: not registered in Entra (yet), so nothing can be offered
    object_id uuid,
    name text not null,
    manufacturer text not null,
    model text not null,
    serial text not null,
    serial_known boolean not null, -- it is one, not what firmware says when nobody wrote one to it
    os_major int,
    os_minor int,
    os_build int,
    os_revision int,
    last_sync timestamptz,
    -- What it is, by the codes of the domain (registration::facts).
    system smallint not null,
    owner smallint not null,
    agent smallint not null,
    workloads smallint,         -- bits: updates, configuration, office; null: not co-managed
    join_kind smallint not null,
    enabled boolean not null,
    architecture smallint not null,
    edition text not null,
    edition_number int,
    category text not null,
    -- How it stands, as registration found last. In no index, so that a pass updates in place.
    standing smallint,          -- null: not looked at yet
    reasons int not null default 0,
    sort smallint,
    quality_only boolean not null default false,
    standing_at timestamptz,    -- since when it stands so
    primary key (tenant_id, id),
    unique (tenant_id, intune_id),
    unique (tenant_id, entra_device_id),
    check (intune_id is not null or entra_device_id is not null),
    check ((standing is null) = (sort is null) and (standing is null) = (standing_at is null))
) with (fillfactor = 50);
create index device_of_object on device (tenant_id, object_id) where object_id is not null;
create index device_of_serial on device (tenant_id, serial) where serial_known;

-- Devices of which something changed that registration or placement look at. A row is locked by who
-- marks it again, so that no mark is lost between reading a device and taking its row away.
create table registration_due (
    tenant_id uuid not null,
    device_id uuid not null,
    step smallint not null default 0, -- 0: to be registered, 1: registered, to be placed
    primary key (tenant_id, device_id)
);

-- What an administrator decided about single devices.
create table device_control (
    tenant_id uuid not null,
    device_id uuid not null,
    kind text not null check (kind in ('hold', 'exclude', 'pin')),
    ring_set_id uuid,           -- of a pin
    ring smallint check (ring between 0 and 14),
    reason text not null,
    owner text not null,
    since timestamptz not null,
    expires_at timestamptz,     -- null: until somebody lifts it
    unique nulls not distinct (tenant_id, device_id, kind, ring_set_id),
    check ((kind = 'pin') = (ring_set_id is not null) and (kind = 'pin') = (ring is not null))
);
create index device_control_expiring on device_control (tenant_id, expires_at)
    where expires_at is not null;
create index device_control_of_ring_set on device_control (tenant_id, ring_set_id)
    where ring_set_id is not null;

-- Devices that are held for what they have in common. A filter says who belongs to a hold; it is asked
-- again of a device whenever something about it changed.
create table cohort_hold (
    tenant_id uuid not null,
    id uuid not null, -- v7
    filter text not null,
    reason text not null,
    owner text not null,
    since timestamptz not null,
    expires_at timestamptz,     -- null: until somebody ends it
    scanned_to uuid,            -- the fleet was asked up to this device; null: all of it
    primary key (tenant_id, id)
);

create table cohort_member (
    tenant_id uuid not null,
    hold_id uuid not null,
    device_id uuid not null,
    primary key (tenant_id, device_id, hold_id),
    foreign key (tenant_id, hold_id) references cohort_hold (tenant_id, id)
);
create index cohort_member_of_hold on cohort_member (tenant_id, hold_id);

-- Devices that are direct members of a group, and groups that are members of groups.
create table group_member (
    tenant_id uuid not null,
    group_id uuid not null,
    object_id uuid not null,
    primary key (tenant_id, object_id, group_id)
);
create index group_member_of_group on group_member (tenant_id, group_id);

create table group_nesting (
    tenant_id uuid not null,
    parent_id uuid not null,
    child_id uuid not null,
    primary key (tenant_id, parent_id, child_id)
);
create index group_nesting_of_child on group_nesting (tenant_id, child_id);

-- What people call a group.
create table group_name (
    tenant_id uuid not null,
    group_id uuid not null,
    name text not null,
    primary key (tenant_id, group_id)
);

-- Where the next delta read goes on.
create table delta_link (
    tenant_id uuid not null,
    kind text not null check (kind in ('devices', 'groups', 'group')),
    subject uuid not null,      -- the group, or the tenant
    link text not null,
    at timestamptz not null,
    primary key (tenant_id, kind, subject)
);

create table ring_set (
    tenant_id uuid not null,
    id uuid not null,
    name text not null,
    rings jsonb not null,
    rules jsonb not null,
    placed_at timestamptz,
    created_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, name)
);

create table ring_member (
    tenant_id uuid not null,
    ring_set_id uuid not null,
    device_id uuid not null,
    ring smallint not null check (ring between 0 and 14),
    position int not null, -- order of offers inside the ring
    why smallint not null, -- by the codes of placement::Why
    stratum bigint,        -- what it covers, by the set's rules
    told smallint,         -- the ring whose Entra group has it
    primary key (tenant_id, ring_set_id, device_id)
);
-- Whether early rings have seen a stratum, without reading their members.
create index ring_member_stratum on ring_member (tenant_id, ring_set_id, ring, stratum)
    where stratum is not null;
create index ring_member_untold on ring_member (tenant_id, ring_set_id, device_id)
    where told is distinct from ring;

-- Devices that left a ring set while the Entra group of a ring still has them.
create table ring_leaver (
    tenant_id uuid not null,
    ring_set_id uuid not null,
    device_id uuid not null,
    object_id uuid not null,
    told smallint not null,
    primary key (tenant_id, ring_set_id, device_id)
);

-- How many members each ring has, changed in the statement that changes the members.
create table ring_tally (
    tenant_id uuid not null,
    ring_set_id uuid not null,
    ring smallint not null,
    members int not null check (members >= 0),
    primary key (tenant_id, ring_set_id, ring)
) with (fillfactor = 50);

-- Devices by all that decides their status, for each ring and for the tenant, changed in the statement that
-- changes them. No check keeps a count above zero: a number for people must never stop a check-in; a test
-- holds them against a recount.
create table fleet_tally (
    tenant_id uuid not null,
    ring_set_id uuid not null,  -- nil: every device of the tenant, in whatever ring
    ring smallint not null,     -- of nil: -1
    standing smallint not null, -- -1: not looked at yet
    reason smallint not null,   -- of registration, that is told first; -1: none
    long_term boolean not null,
    os_major int not null,      -- -1: unknown
    os_minor int not null,
    os_build int not null,
    os_revision int not null,
    devices int not null,
    primary key (tenant_id, ring_set_id, ring, standing, reason, long_term, os_major, os_minor, os_build, os_revision)
) with (fillfactor = 50);

-- How the fleet stood at each midnight (UTC), from the counters, for trends.
create table health_snapshot (
    tenant_id uuid not null,
    day date not null,
    ring_set_id uuid not null,  -- nil: the tenant
    ring smallint not null,     -- -1: all rings of the set
    name text not null,         -- of the ring or the set, as it was called then
    counts jsonb not null,
    primary key (tenant_id, day, ring_set_id, ring)
);

-- What somebody should look at. One that is open for each kind and subject; never deleted while it is young.
create table alert (
    tenant_id uuid not null,
    id uuid not null, -- v7
    kind text not null,
    subject text not null,      -- an id or a word; empty: the tenant
    severity text not null check (severity in ('information', 'warning', 'critical')),
    text text not null,         -- what is the matter, for people
    opened_at timestamptz not null,
    acknowledged_at timestamptz,
    acknowledged_by text,
    note text,                  -- of who acknowledged it
    muted_until timestamptz,
    muted_by text,
    escalated_at timestamptz,
    escalated_by text,
    resolved_at timestamptz,
    primary key (tenant_id, id),
    check ((acknowledged_at is null) = (acknowledged_by is null)),
    check ((muted_until is null) = (muted_by is null)),
    check ((escalated_at is null) = (escalated_by is null))
);
create unique index alert_open on alert (tenant_id, kind, subject) where resolved_at is null;

-- Reports as somebody wants to see them.
create table report_view (
    tenant_id uuid not null,
    id uuid not null, -- v7
    name text not null,
    report text not null,
    filter text,
    order_by text,
    columns text[] not null,    -- empty: all of them
    owner text not null,
    is_shared boolean not null, -- everybody of the tenant sees it; else its owner alone
    created_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (tenant_id, id)
);
create unique index report_view_shared on report_view (tenant_id, name) where is_shared;
create unique index report_view_own on report_view (tenant_id, owner, name) where not is_shared;

-- Which view is sent to whom, and when.
create table report_schedule (
    tenant_id uuid not null,
    id uuid not null, -- v7
    name text not null,
    view_id uuid not null,
    recurrence jsonb not null,
    format text not null check (format in ('csv', 'json', 'xlsx')),
    addresses text[] not null check (addresses <> '{}'),
    owner text not null,        -- whose views it sees
    next_at timestamptz,        -- null: it is disabled
    last_at timestamptz,        -- the moment it was sent for last
    error text,                 -- of the last try; null: it did not fail
    created_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, name),
    foreign key (tenant_id, view_id) references report_view (tenant_id, id)
);

-- Requests for help, with the evidence as it was when they were filed. Never deleted.
create table support_request (
    tenant_id uuid not null,
    id uuid not null, -- v7
    about_kind text not null check (about_kind in ('tenant', 'device', 'rollout', 'release', 'ring_set', 'alert')),
    about_id uuid not null,     -- may be gone since
    about_name text not null,   -- as it was called then
    title text not null,
    description text not null,
    severity text not null check (severity in ('minimal', 'moderate', 'critical')),
    category text not null check (category in ('updates', 'devices', 'policies', 'access', 'reports', 'other')),
    status text not null check (status in ('new', 'in_progress', 'waiting', 'mitigated', 'resolved')),
    status_at timestamptz not null,
    requester text not null,
    assignee text,              -- who works on it
    follows uuid,               -- the request that this one goes on with
    answered_at timestamptz,    -- when somebody else than the requester first did something
    created_at timestamptz not null,
    changed_at timestamptz not null,
    bundle text not null check (octet_length(bundle) <= 262144), -- a JSON document, byte for byte as it was hashed
    bundle_sha256 bytea not null check (octet_length(bundle_sha256) = 32),
    primary key (tenant_id, id),
    foreign key (tenant_id, follows) references support_request (tenant_id, id)
);

-- What was said and done about a request, in order. Never changed.
create table support_note (
    tenant_id uuid not null,
    request_id uuid not null,
    id uuid not null, -- v7
    at timestamptz not null,
    author text not null,
    text text,                  -- what was said
    status text,                -- the status it came into
    assignee text,              -- into whose hands it came
    primary key (tenant_id, request_id, id),
    foreign key (tenant_id, request_id) references support_request (tenant_id, id),
    check (text is not null or status is not null or assignee is not null)
);

-- Where requests are handed on to.
create table support_desk (
    tenant_id uuid not null,
    id uuid not null, -- v7
    name text not null,
    url text not null,
    way jsonb not null,            -- what it is, without its secret
    at_least text not null check (at_least in ('minimal', 'moderate', 'critical')),
    categories text[] not null,    -- empty: all of them
    enabled boolean not null,
    secret_sealed bytea not null,  -- AES-256-GCM; the key is not in the database
    created_at timestamptz not null,
    changed_at timestamptz not null,
    failing_since timestamptz,     -- the first failure after the last success
    failures int not null default 0,
    rests_until timestamptz,       -- nothing is told before
    primary key (tenant_id, id),
    unique (tenant_id, name)
);

-- What is to be told to which desk, written with what it tells of, and what became of it.
create table support_delivery (
    tenant_id uuid not null,
    id uuid not null, -- v7; of the message
    desk_id uuid not null,
    request_id uuid not null,
    note_id uuid,                  -- null: that the request was filed
    state text not null default 'pending' check (state in ('pending', 'delivered', 'given_up')),
    due_since timestamptz not null,
    next_at timestamptz not null,  -- while it is pending
    tries int not null default 0,
    ended_at timestamptz,
    status smallint,               -- of the last try; null: there was no answer
    refusal text,                  -- of the last try; null: it was taken, or not tried
    primary key (tenant_id, id),
    foreign key (tenant_id, desk_id) references support_desk (tenant_id, id) on delete cascade,
    foreign key (tenant_id, request_id) references support_request (tenant_id, id),
    check ((state = 'pending') = (ended_at is null))
);
create index support_delivery_of on support_delivery (tenant_id, desk_id, request_id, id);
create index support_delivery_pending on support_delivery (tenant_id, desk_id, next_at) where state = 'pending';
create index support_delivery_ended on support_delivery (ended_at) where ended_at is not null;

-- What a desk calls a request.
create table support_reference (
    tenant_id uuid not null,
    desk_id uuid not null,
    request_id uuid not null,
    key text not null,
    name text not null,
    primary key (tenant_id, desk_id, request_id),
    foreign key (tenant_id, desk_id) references support_desk (tenant_id, id) on delete cascade,
    foreign key (tenant_id, request_id) references support_request (tenant_id, id)
);

create table catalog_update (
    tenant_id uuid not null,
    id uuid not null,
    catalog_entry_id text not null,
    kind text not null check (kind in ('quality', 'feature', 'driver', 'edge', 'microsoft_365_apps')),
    version text,
    channel text,
    title text not null,
    short_name text not null,
    classification text not null,
    cadence text not null,
    kb text,
    released_at timestamptz not null,
    deployable_until timestamptz,
    is_expeditable boolean not null,
    details jsonb not null,
    superseded_by uuid,            -- the newest update that replaces it, as of the last change
    app_version bigint[] generated always as ( -- of programs, to be compared
        case when kind in ('edge', 'microsoft_365_apps') and version ~ '^[0-9]{1,10}([.][0-9]{1,10}){1,3}$'
            then string_to_array(version, '.')::bigint[] end) stored,
    declined jsonb,                -- who said that it is not to go out, when and why
    primary key (tenant_id, id),
    unique (tenant_id, catalog_entry_id)
);

-- Which version of a program a device has, as the inventory said last. A device without the program has no row.
create table device_app (
    tenant_id uuid not null,
    device_id uuid not null,
    kind text not null check (kind in ('edge', 'microsoft_365_apps')),
    version bigint[] not null check (cardinality(version) = 4),
    changed_at timestamptz not null, -- of the first read that said so
    primary key (tenant_id, device_id, kind)
);

-- Devices by the version they have of a program, changed in the statement that changes them.
create table app_tally (
    tenant_id uuid not null,
    kind text not null,
    version bigint[] not null,
    devices int not null,
    primary key (tenant_id, kind, version)
) with (fillfactor = 50);

-- When the inventory of a program was last read as a whole.
create table app_inventory (
    tenant_id uuid not null,
    kind text not null check (kind in ('edge', 'microsoft_365_apps')),
    read_at timestamptz not null,
    primary key (tenant_id, kind)
);

-- What the update brings to each Windows version it is made for.
create table update_build (
    tenant_id uuid not null,
    update_id uuid not null,
    os_major int not null,
    os_minor int not null,
    os_build int not null,
    os_revision int not null,
    product text not null,
    version text not null,
    kb text,
    is_hotpatch boolean not null,
    primary key (tenant_id, update_id, os_major, os_minor, os_build, os_revision)
);

-- What Microsoft says is wrong with a product of the catalogue, as read last.
create table known_issue (
    tenant_id uuid not null,
    product text not null,         -- `Windows 11, version 24H2`
    id text not null,
    body jsonb not null,
    primary key (tenant_id, product, id)
);

-- The lowest revision of a Windows version that may be offered.
create table version_floor (
    tenant_id uuid not null,
    os_major int not null,
    os_minor int not null,
    os_build int not null,
    os_revision int not null,
    primary key (tenant_id, os_major, os_minor, os_build)
);

create table release (
    tenant_id uuid not null,
    id uuid not null,
    update_id uuid not null,
    name text not null,
    delivery jsonb not null,
    created_by text not null,
    created_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, name),
    foreign key (tenant_id, update_id) references catalog_update (tenant_id, id)
);

-- Where the drivers of a tenant's devices are read; no row: they are not managed.
create table driver_inventory (
    tenant_id uuid primary key,
    audience_id text not null,
    read_at timestamptz            -- when the last complete read began
);

-- Devices enrolled for drivers, as Graph was told.
create table driver_device (
    tenant_id uuid not null,
    device_id uuid not null,
    entra_device_id uuid not null,
    enrolled_at timestamptz not null,
    primary key (tenant_id, device_id)
);

-- Which of them need which driver, as of the last read.
create table driver_match (
    tenant_id uuid not null,
    update_id uuid not null,
    device_id uuid not null,
    recommended boolean not null,
    primary key (tenant_id, update_id, device_id),
    foreign key (tenant_id, update_id) references catalog_update (tenant_id, id)
);
create index driver_match_of_device on driver_match (tenant_id, device_id);

-- By which of Microsoft's ways a kind is delivered; no row: as usual for the kind. Settled with the rollout.
create table tenant_strategy (
    tenant_id uuid not null,
    kind text not null check (kind in ('quality', 'feature', 'driver', 'edge', 'microsoft_365_apps')),
    strategy text not null check (strategy in ('deployment_service', 'intune')),
    primary key (tenant_id, kind)
);

create table plan (
    tenant_id uuid not null,
    id uuid not null,
    rollout_id uuid not null,
    revision int not null,
    body jsonb not null,
    created_by text not null,
    created_at timestamptz not null,
    reason text,                   -- of a revision after the first
    primary key (tenant_id, id),
    unique (tenant_id, rollout_id, revision)
);

-- A rollout as it would be made, to be started exactly so. What the hash covers never changes.
create table saved_plan (
    tenant_id uuid not null,
    id uuid not null, -- v7
    body text not null,            -- canonical JSON, byte for byte what the hash covers
    hash bytea not null,           -- SHA-256
    excluded jsonb not null,       -- devices that would have been left out, by ring and reason, then
    created_by text not null,
    created_at timestamptz not null,
    rollout_id uuid,               -- that was started by it
    started_by text,
    started_at timestamptz,
    primary key (tenant_id, id),
    check ((rollout_id is null) = (started_by is null) and (rollout_id is null) = (started_at is null))
);

create table rollout (
    tenant_id uuid not null,
    id uuid not null,
    release_id uuid not null,
    ring_set_id uuid not null,     -- may be gone when the rollout is over
    plan_id uuid not null,
    strategy text not null check (strategy in ('deployment_service', 'intune')), -- how Graph is told
    back_to text,                  -- of programs: the version that devices go back to
    waiting_group_id uuid,         -- of devices whose turn has not come, where they have to be kept back
    waiting_told boolean not null default false, -- all of them were put into it
    phase jsonb not null,
    phase_name text not null check (phase_name in
        ('scheduled', 'offering', 'soaking', 'paused', 'completed', 'rolling_back', 'rolled_back', 'cancelled')),
    generation bigint not null,    -- counts decisions and intents: what compare-and-set compares
    wish text not null check (wish in ('run', 'hold', 'cancel', 'withdraw')),
    wish_at timestamptz not null,
    wish_by text not null,
    wish_reason text,
    take_back boolean not null default false, -- with hold: open offers too
    promoted smallint,             -- rings up to here are vouched for
    promoted_at timestamptz,       -- silence up to here is vouched for too
    segments_held smallint[] not null default '{}',     -- that a person wants held; positions in the plan's policy
    segments_released smallint[] not null default '{}', -- that a person wants to go on
    held smallint[] not null default '{}',              -- that are held
    level text not null default 'calm' check (level in ('calm', 'watch', 'pause', 'roll_back')), -- of the evidence, as recorded last
    watched_at timestamptz,        -- when that last left the calm
    observed_at timestamptz,       -- devices were last read completely
    superseded_by uuid,            -- the rollout that takes its place
    waiting jsonb,                 -- what the last decision waits for
    decided_at timestamptz,
    reported_bp smallint[],        -- once completed: devices with an outcome by age of the offer, of 10,000
    pace_bp smallint[],            -- the same among those offered so long before; short of ages that nobody had
    created_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, release_id) references release (tenant_id, id)
);
create index rollout_open on rollout (tenant_id)
    where phase_name not in ('rolled_back', 'cancelled');

-- What approves updates by itself.
create table approval_rule (
    tenant_id uuid not null,
    id uuid not null, -- v7
    name text not null,
    ring_set_id uuid not null,
    definition jsonb not null,
    created_by text not null,
    created_at timestamptz not null,
    error text,                    -- why it could not approve what it should
    primary key (tenant_id, id),
    unique (tenant_id, name),
    foreign key (tenant_id, ring_set_id) references ring_set (tenant_id, id)
);

-- What a rule approved, written with the release: once, whatever crashes.
create table rule_approval (
    tenant_id uuid not null,
    rule_id uuid not null,
    update_id uuid not null,
    rollout_id uuid not null,
    at timestamptz not null,
    primary key (tenant_id, rule_id, update_id),
    foreign key (tenant_id, rule_id) references approval_rule (tenant_id, id) on delete cascade
);

-- One ring of one rollout: what was decided for it, and what Graph has accepted.
create table rollout_ring (
    tenant_id uuid not null,
    rollout_id uuid not null,
    ring smallint not null,
    members int not null,
    waves int not null default 0,
    removal_waves int not null default 0,
    offered_position int,          -- members up to here, in order, were offered
    offered_device uuid,
    removal_position int,          -- and told to uninstall; removals start over when they reach the end
    removal_device uuid,
    wanted_access text not null default 'closed' check (wanted_access in ('closed', 'open', 'held', 'withdrawn')),
    wanted_generation bigint not null default 0,
    wanted_at timestamptz,
    accepted_access text not null default 'closed' check (accepted_access in ('closed', 'open', 'held', 'withdrawn')),
    accepted_generation bigint not null default 0,
    accepted_at timestamptz,
    renewed_at timestamptz,        -- the hold was last told anew
    enforce_error text,
    offer_group_id uuid,
    policy_id text,                -- what names the update: a policy, a deployment or a profile
    audience_id text,              -- of a deployment
    removal_group_id uuid,
    update_ring_id text,
    observed_at timestamptz,       -- its report was last read
    primary key (tenant_id, rollout_id, ring)
);

-- Outbound intents: a batch of devices to be told, written with the decision, delivered after it.
create table wave (
    tenant_id uuid not null,
    rollout_id uuid not null,
    kind text not null check (kind in ('offer', 'removal', 'withdrawal')),
    ring smallint not null,
    number int not null,           -- of a withdrawal: the segment that is held; below zero: of a paused ring
    devices int not null,
    first_position int not null,   -- its devices stand between these two in the ring
    last_position int not null,
    generation bigint not null,
    decided_at timestamptz not null,
    delivered_at timestamptz,
    primary key (tenant_id, rollout_id, kind, ring, number)
);
create index wave_pending on wave (tenant_id, rollout_id) where delivered_at is null;

-- Most devices between offer and outcome over all rollouts; no row: no limit. Locked by whatever adds to
-- them by a decision, never by reports.
create table budget (
    tenant_id uuid primary key,
    devices int not null check (devices >= 0)
);

-- One device's way through one rollout. A partition per rollout, made full before it is attached.
-- state stands in no index, so that every report is a heap-only update.
create table attempt (
    tenant_id uuid not null,
    rollout_id uuid not null,
    device_id uuid not null,
    ring smallint not null,
    position int not null,
    state smallint not null,
    wave int,            -- of the offer
    removal_wave int,
    state_at timestamptz not null,
    code text,
    retried_at timestamptz, -- what is reported of before says nothing any more
    segments smallint[],    -- those it is part of: positions in the plan's policy, ascending; null: of none
    aside boolean not null default false, -- one of them is held, or Microsoft holds the device
    safeguard text,                -- the id of Microsoft's hold, or unknown; null: it holds the device not
    primary key (device_id, rollout_id, tenant_id)
) partition by list (rollout_id);

-- Counters of attempts by state, changed in the statement that changes the attempts (I13).
create table tally (
    tenant_id uuid not null,
    rollout_id uuid not null,
    ring smallint not null,
    aside boolean not null,
    state smallint not null,
    devices int not null check (devices >= 0),
    seconds bigint not null default 0, -- of confirmed devices: when they were, since 1970, added up
    primary key (tenant_id, rollout_id, ring, aside, state)
) with (fillfactor = 50);

-- The same by segment, without what is aside: devices that may have the update, and what became of them.
create table segment_tally (
    tenant_id uuid not null,
    rollout_id uuid not null,
    ring smallint not null,
    segment smallint not null,
    offered int not null default 0 check (offered >= 0),
    failed int not null default 0 check (failed >= 0),
    lost int not null default 0 check (lost >= 0),
    primary key (tenant_id, rollout_id, ring, segment)
) with (fillfactor = 50);

-- Devices that failed or were lost, by what they said of it.
create table failure_tally (
    tenant_id uuid not null,
    rollout_id uuid not null,
    ring smallint not null,
    state smallint not null,
    code text not null, -- empty: it said nothing
    devices int not null check (devices >= 0),
    primary key (tenant_id, rollout_id, ring, state, code)
) with (fillfactor = 50);

-- Updated devices against devices not offered yet, over one stretch of time: who was silent.
create table control_interval (
    tenant_id uuid not null,
    rollout_id uuid not null,
    until timestamptz not null,
    updated int not null,
    updated_dark int not null,
    control int not null,
    control_dark int not null,
    primary key (tenant_id, rollout_id, until)
);

-- What stands still until a person lets it go on, beside the wish of each rollout. None runs out.
create table pause (
    tenant_id uuid not null,
    id uuid not null, -- v7
    release_id uuid,               -- neither release nor rollout: the whole tenant
    rollout_id uuid,
    ring smallint check (ring between 0 and 14),
    take_back boolean not null,    -- open offers too
    reason text,
    paused_by text not null,
    at timestamptz not null,
    primary key (tenant_id, id),
    unique nulls not distinct (tenant_id, release_id, rollout_id, ring),
    foreign key (tenant_id, release_id) references release (tenant_id, id),
    foreign key (tenant_id, rollout_id) references rollout (tenant_id, id),
    check ((rollout_id is null) = (ring is null) and num_nonnulls(release_id, rollout_id) < 2)
);

-- What people said of a ring before the next one may open. Never changed, but to be withdrawn.
create table approval (
    tenant_id uuid not null,
    id uuid not null, -- v7
    rollout_id uuid not null,
    ring smallint not null check (ring between 0 and 14),
    plan_id uuid not null,         -- what was looked at
    evidence text not null,
    given_by text not null,
    comment text not null,
    at timestamptz not null,
    expires_at timestamptz not null,
    withdrawn_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, rollout_id) references rollout (tenant_id, id)
);
create index approval_of_rollout on approval (tenant_id, rollout_id, id);

-- Everything that was decided or asked for, in one chain for each tenant (I14).
create table event (
    tenant_id uuid not null,
    seq bigint not null,
    rollout_id uuid,
    at timestamptz not null,
    actor text not null,
    kind text not null,
    body text not null,  -- canonical JSON, byte for byte what the hash covers
    previous bytea not null,
    hash bytea not null,
    primary key (tenant_id, seq)
);
create index event_of_rollout on event (tenant_id, rollout_id, seq);

create table chain_head (
    tenant_id uuid primary key,
    seq bigint not null,
    hash bytea not null
);
-- What belongs to no tenant is in the chain of the nil tenant.
insert into chain_head (tenant_id, seq, hash)
values ('00000000-0000-0000-0000-000000000000', 0, decode(repeat('00', 32), 'hex'));

-- Signed states of chains. Each names the one before; the key that signs is not in the database.
create table audit_checkpoint (
    tenant_id uuid not null,
    seq bigint not null,
    previous bigint not null check (previous >= 0 and previous < seq), -- 0: it is the first
    hash bytea not null check (length(hash) = 32),
    at timestamptz not null,
    key bytea not null check (length(key) = 32),             -- Ed25519, public
    signature bytea not null check (length(signature) = 64),
    primary key (tenant_id, seq),
    unique (tenant_id, previous) -- servers that sign at once make one line of them, not two
);

-- What is to be done, and by when. Claimed with SKIP LOCKED; the fence names the claim.
create table work (
    tenant_id uuid not null,
    kind text not null check (kind in ('decide', 'enforce', 'sweep', 'observe', 'sync', 'assess',
        'register', 'enroll', 'members', 'act', 'signal', 'approve', 'drivers', 'deliver', 'hand_on', 'notify', 'send', 'send_report', 'report')),
    subject uuid not null,
    due_at timestamptz,            -- by the service's clock; null: nothing to do until asked
    nudges bigint not null default 0, -- how often it was asked for
    lease_until timestamptz,       -- by the database's clock
    fence bigint not null default 0,
    failures int not null default 0,
    last_error text,
    primary key (kind, subject, tenant_id)
);
create index work_due on work (due_at) where due_at is not null;

-- One run of all readiness checks.
create table assessment (
    tenant_id uuid not null,
    id uuid not null, -- v7
    at timestamptz not null,
    level text not null check (level in ('ready', 'advisory', 'not_ready', 'error')),
    findings jsonb not null,
    primary key (tenant_id, id)
);

-- What is made in the tenant, what was asked for last, and how far that is.
create table enrollment (
    tenant_id uuid primary key,
    state text not null check (state in ('none', 'enrolling', 'enrolled', 'unenrolling')),
    state_at timestamptz not null,
    ring_set_id uuid,              -- of what is made, or being made; null: nothing ever was
    settings jsonb,
    generation bigint not null,    -- counts requests: what compare-and-set compares
    -- The newest request, of which there is one at a time.
    asked text not null check (asked in ('enroll', 'restore', 'unenroll')),
    asked_settings jsonb check ((asked = 'enroll') = (asked_settings is not null)),
    asked_keys text[],             -- what to restore; null: everything
    apply boolean not null,        -- false: only to be planned
    is_open boolean not null,      -- not met yet
    requested_by text not null,
    requested_at timestamptz not null,
    plan jsonb,                    -- the steps that are left
    planned_at timestamptz,
    done int not null default 0,   -- steps taken
    error text,
    drift jsonb not null,
    drift_at timestamptz,          -- when objects were last compared
    foreign key (tenant_id, ring_set_id) references ring_set (tenant_id, id),
    check ((ring_set_id is null) = (settings is null))
);

-- What stands on Graph for an enrollment.
create table enrollment_object (
    tenant_id uuid not null,
    key text not null,
    id text not null,
    applied jsonb not null,
    original jsonb,                -- of an object that is not ours: what it held before
    at timestamptz not null,
    primary key (tenant_id, key)
);

-- What single devices are asked to do.
create table device_action (
    tenant_id uuid not null,
    id uuid not null, -- v7
    device_id uuid not null,
    kind text not null check (kind in ('check_in')),
    reason text not null,
    requested_by text not null,
    requested_at timestamptz not null,
    done_at timestamptz,
    error text,
    primary key (tenant_id, id)
);
create unique index device_action_pending on device_action (tenant_id, device_id, kind)
    where done_at is null;
create index device_action_of_device on device_action (tenant_id, device_id, id);

-- Custom signals that gates listen to.
create table signal (
    tenant_id uuid not null,
    id uuid not null, -- v7
    name text not null,
    ring_set_id uuid,              -- of the rollouts that listen; null: all of them
    definition jsonb not null,
    secret_sealed bytea,           -- AES-256-GCM; the key is not in the database
    generation bigint not null default 0, -- counts changes: readings belong to one of them
    created_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, name),
    foreign key (tenant_id, ring_set_id) references ring_set (tenant_id, id)
);

-- What was seen of a signal for one rollout, as far as it still matters.
create table signal_seen (
    tenant_id uuid not null,
    rollout_id uuid not null,
    signal_id uuid not null,
    history jsonb not null,
    primary key (tenant_id, rollout_id, signal_id),
    foreign key (tenant_id, signal_id) references signal (tenant_id, id) on delete cascade
);

-- The newest readings, for people; judged by signal_seen alone.
create table signal_reading (
    tenant_id uuid not null,
    rollout_id uuid not null,
    signal_id uuid not null,
    at timestamptz not null,
    reading jsonb not null,
    primary key (tenant_id, rollout_id, signal_id, at),
    foreign key (tenant_id, signal_id) references signal (tenant_id, id) on delete cascade
);

-- Receivers of events.
create table webhook (
    tenant_id uuid not null,
    id uuid not null, -- v7
    name text not null,
    url text not null,
    events text[] not null,        -- names of sorts of events; empty: all of them
    secret_sealed bytea not null,  -- AES-256-GCM; the key is not in the database
    old_secret_sealed bytea,       -- signs too, until then
    old_secret_until timestamptz,
    disabled text check (disabled in ('person', 'gone', 'failing')), -- null: it is told
    disabled_at timestamptz,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    failing_since timestamptz,     -- the first failure after the last success
    failures int not null default 0, -- batches in a row of which nothing was taken
    rests_until timestamptz,       -- nothing is sent before
    primary key (tenant_id, id),
    unique (tenant_id, name),
    check ((disabled is null) = (disabled_at is null)),
    check ((old_secret_sealed is null) = (old_secret_until is null))
);

-- What is to be told to whom, written with the entry that it tells of, and what became of it. The message is
-- made of the entry, so that it is the same in every try.
create table webhook_delivery (
    tenant_id uuid not null,
    webhook_id uuid not null,
    seq bigint not null,           -- of the entry
    id uuid not null default gen_random_uuid(), -- of the message
    event text not null,           -- the sort
    state text not null default 'pending' check (state in ('pending', 'delivered', 'given_up')),
    due_since timestamptz not null, -- a replay starts anew
    next_at timestamptz not null,  -- while it is pending
    tries int not null default 0,  -- since it was due
    ended_at timestamptz,
    primary key (tenant_id, webhook_id, seq),
    unique (tenant_id, id),
    -- No foreign key to the webhook: it would be locked under the head of the chain. Who deletes one deletes
    -- these too, under that head.
    check ((state = 'pending') = (ended_at is null))
);
create index webhook_delivery_pending on webhook_delivery (tenant_id, webhook_id, next_at)
    where state = 'pending';
create index webhook_delivery_ended on webhook_delivery (ended_at) where ended_at is not null;

-- Each try, for people. No word of what the receiver said.
create table webhook_try (
    tenant_id uuid not null,
    delivery_id uuid not null,
    at timestamptz not null,
    status smallint,               -- null: there was no answer
    latency_ms int not null,
    refusal text,                  -- null: it was taken
    foreign key (tenant_id, delivery_id) references webhook_delivery (tenant_id, id) on delete cascade
);
create index webhook_try_of on webhook_try (tenant_id, delivery_id, at);

-- Where notifications go beside the contacts: a chat, whose address is a secret, or a list of addresses.
create table notification_channel (
    tenant_id uuid not null,
    id uuid not null, -- v7
    name text not null,
    kind text not null check (kind in ('teams', 'slack', 'email')),
    host text,                     -- of the chat, for people; the rest of the address is sealed
    url_sealed bytea,              -- AES-256-GCM; the key is not in the database
    addresses text[] not null default '{}',
    focus text[] not null,         -- what it is to be told, as of contacts
    topics text[] not null,
    least text not null check (least in ('information', 'warning', 'critical')),
    digest boolean not null,
    enabled boolean not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, name),
    check ((kind = 'email') = (url_sealed is null) and (url_sealed is null) = (host is null)),
    check ((kind = 'email') = (addresses <> '{}'))
);

-- People who are told what happens, by e-mail.
create table contact (
    tenant_id uuid not null,
    id uuid not null, -- v7
    name text not null,
    email text not null,
    phone text,
    focus text[] not null check (focus <> '{}' and focus <@ '{devices,updates}'),
    topics text[] not null,        -- empty: all of them
    least text not null check (least in ('information', 'warning', 'critical')),
    digest boolean not null,       -- what is not critical comes once a day
    enabled boolean not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, email)
);

-- How far a tenant's people have been told; no row: it has never had any.
create table notification_state (
    tenant_id uuid primary key,
    seq bigint not null,           -- of the last entry that was looked at
    since timestamptz not null,    -- what was due before is told to nobody
    digest_at timestamptz          -- of the last digests
);

-- What was told: once for each occasion.
create table bulletin (
    tenant_id uuid not null,
    occasion text not null,
    topic text not null,
    at timestamptz not null,
    content jsonb not null,
    primary key (tenant_id, occasion)
);
create index bulletin_at on bulletin (tenant_id, at);

-- What somebody is to be sent, written with what it tells of, and what became of it.
create table letter (
    tenant_id uuid not null,
    id uuid not null, -- v7
    key text not null,             -- what makes it the same letter to the same recipient: sent once
    kind text not null,            -- what it is about, for people
    address text,                  -- of e-mail; null: a chat
    channel_id uuid,               -- the chat, or the list that the address is of
    route uuid not null,           -- which way it goes: the chat, or the tenant for e-mail
    content jsonb not null,
    written_at timestamptz not null,
    state text not null default 'pending' check (state in ('pending', 'delivered', 'given_up')),
    due_since timestamptz not null,
    next_at timestamptz not null,  -- while it is pending
    tries int not null default 0,
    refusal text,                  -- of the last try; null: there was none, or it was taken
    ended_at timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, key),
    check ((state = 'pending') = (ended_at is null)),
    check (address is not null or channel_id is not null)
);
create index letter_pending on letter (tenant_id, route, next_at) where state = 'pending';
create index letter_given_up on letter (tenant_id, ended_at) where state = 'given_up';
create index letter_ended on letter (ended_at) where ended_at is not null;

create table letter_attachment (
    tenant_id uuid not null,
    letter_id uuid not null,
    position int not null,
    name text not null,
    media_type text not null,
    bytes bytea not null,
    primary key (tenant_id, letter_id, position),
    foreign key (tenant_id, letter_id) references letter (tenant_id, id) on delete cascade
);

-- Each try, for people. No word of what the other side said.
create table letter_try (
    tenant_id uuid not null,
    letter_id uuid not null,
    at timestamptz not null,
    code smallint,                 -- null: there was no answer
    latency_ms int not null,
    refusal text,                  -- null: it was taken
    foreign key (tenant_id, letter_id) references letter (tenant_id, id) on delete cascade
);
create index letter_try_of on letter_try (tenant_id, letter_id, at);

-- How a way goes that letters are sent.
create table letter_route (
    tenant_id uuid not null,
    route uuid not null,
    failing_since timestamptz,     -- the first failure after the last success
    failures int not null default 0, -- batches in a row of which nothing was taken
    rests_until timestamptz,       -- nothing is sent before
    primary key (tenant_id, route)
);

-- Freezes (a word that SQL keeps to itself): stretches of time in which nothing new is offered. Ended, never deleted.
create table rollout_freeze (
    tenant_id uuid not null,
    id uuid not null, -- v7
    scope text not null check (scope in ('tenant', 'ring_set', 'ring')),
    ring_set_id uuid,              -- may be gone, as that of a rollout
    ring text,                     -- by name
    from_at timestamptz not null,
    until_at timestamptz check (until_at > from_at), -- null: until somebody ends it
    owner text not null,
    reason text not null,
    created_at timestamptz not null,
    ended_at timestamptz,
    ended_by text,
    end_reason text,
    primary key (tenant_id, id),
    check ((scope = 'tenant') = (ring_set_id is null) and (scope = 'ring') = (ring is not null)),
    check ((ended_at is null) = (ended_by is null) and (ended_at is null) = (end_reason is null))
);
create index rollout_freeze_standing on rollout_freeze (tenant_id) where ended_at is null;

-- Somebody's word that one rollout may go on in one freeze. Never changed.
create table freeze_crossing (
    tenant_id uuid not null,
    freeze_id uuid not null,
    rollout_id uuid not null,
    given_by text not null,
    reason text not null,
    at timestamptz not null,
    primary key (tenant_id, freeze_id, rollout_id),
    foreign key (tenant_id, freeze_id) references rollout_freeze (tenant_id, id),
    foreign key (tenant_id, rollout_id) references rollout (tenant_id, id)
);

-- The holidays of a site, as a file had them; rings refer to it by name.
create table holiday_calendar (
    tenant_id uuid not null,
    id uuid not null, -- v7
    name text not null,
    days jsonb not null,
    imported_by text not null,
    imported_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, name)
);

-- Rights and row-level security --------------------------------------------------------------

do $$
declare name text;
begin
    foreach name in array array['device', 'device_app', 'app_inventory', 'registration_due', 'device_control', 'cohort_hold', 'cohort_member', 'group_member',
        'group_nesting', 'group_name', 'delta_link', 'ring_set', 'ring_member', 'ring_leaver', 'ring_tally',
        'catalog_update', 'update_build', 'driver_inventory', 'driver_device', 'driver_match', 'known_issue', 'version_floor', 'approval_rule', 'rule_approval', 'release', 'tenant_strategy', 'plan', 'saved_plan', 'rollout', 'rollout_ring', 'wave',
        'attempt', 'tally', 'pause', 'approval', 'segment_tally', 'failure_tally', 'control_interval', 'assessment',
        'enrollment', 'enrollment_object', 'device_action', 'signal', 'signal_seen', 'signal_reading', 'event',
        'rollout_freeze', 'freeze_crossing', 'holiday_calendar', 'fleet_tally', 'app_tally', 'health_snapshot', 'alert', 'report_view', 'report_schedule', 'support_request', 'support_note', 'support_desk', 'support_delivery', 'support_reference', 'chain_head', 'audit_checkpoint', 'work', 'budget', 'api_token',
        'asked', 'resource_version', 'webhook', 'webhook_delivery', 'webhook_try', 'contact', 'notification_state', 'bulletin', 'notification_channel', 'letter', 'letter_attachment', 'letter_try', 'letter_route']
    loop
        execute format('alter table %I enable row level security, force row level security', name);
        execute format('create policy of_tenant on %I using (tenant_id = (select current_tenant()))', name);
        execute format('grant select, insert, update, delete on %I to concentric_app', name);
    end loop;
end $$;

alter table tenant enable row level security, force row level security;
create policy of_tenant on tenant using (id = (select current_tenant()));
grant select, update on tenant to concentric_app;

-- History is added to, never changed.
revoke update, delete on event, audit_checkpoint from concentric_app;
revoke update, delete on plan from concentric_app;
revoke update, delete on saved_plan from concentric_app;
grant update (rollout_id, started_by, started_at) on saved_plan to concentric_app;
revoke update, delete on approval from concentric_app;
grant update (withdrawn_at) on approval to concentric_app;
revoke update, delete on rollout_freeze, freeze_crossing from concentric_app;
grant update (ended_at, ended_by, end_reason) on rollout_freeze to concentric_app;
revoke update, delete on support_request, support_note from concentric_app;
grant update (severity, status, status_at, assignee, answered_at, changed_at) on support_request to concentric_app;
revoke delete on chain_head from concentric_app;
revoke all on api_token from concentric_app;

create policy of_service on tenant to concentric_service using (true);
create policy of_service on api_token to concentric_service using (true);
create policy of_service on work to concentric_service using (true);
create policy of_service on chain_head for select to concentric_service using (true);
create policy of_service on audit_checkpoint for select to concentric_service using (true);
create policy of_service on asked to concentric_service using (true);
create policy of_service on webhook_delivery to concentric_service using (true);
create policy of_service on alert for select to concentric_service using (true);
create policy of_service on support_delivery to concentric_service using (true);
create policy of_service on letter to concentric_service using (true);
-- What was asked of no tenant may have its effect in one that is made by it.
create policy of_nobody on asked to concentric_app
    using (tenant_id = '00000000-0000-0000-0000-000000000000');
alter table session enable row level security, force row level security;
create policy of_service on session to concentric_service using (true);
grant select, insert, update, delete on tenant, api_token, session, work to concentric_service;
grant select, delete on asked, webhook_delivery, support_delivery, letter to concentric_service;
grant select on chain_head, audit_checkpoint, alert to concentric_service;

-- The principal behind the hash of a token. With the rights of the service, so that the check that
-- stands before every request is one statement, not a transaction that changes roles. In plpgsql, which keeps
-- its plan from call to call.
create function token_principal(of_hash bytea, at timestamptz)
returns table (id uuid, name text, roles text[], tenant_id uuid, ring_set_ids uuid[])
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return query select t.id, t.name, t.roles, t.tenant_id, t.ring_set_ids from api_token t
        where t.hash = of_hash and t.revoked_at is null and (t.expires_at is null or t.expires_at > at);
end $$;
revoke execute on function token_principal from public;
grant execute on function token_principal to concentric_app;

-- The same behind the hash of a cookie. `at` is a time of the service, the others are the wall's.
create function session_principal(of_hash bytea, wall timestamptz, used_after timestamptz, at timestamptz)
returns table (id uuid, last_used_at timestamptz, ends_at timestamptz, person uuid, name text, grants jsonb,
    token_id uuid, roles text[], tenant_id uuid, ring_set_ids uuid[])
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return query
        select s.id, s.last_used_at, s.ends_at, s.person, s.name, s.grants, t.id, t.roles, t.tenant_id, t.ring_set_ids
        from session s left join api_token t on t.id = s.token_id
        where s.hash = of_hash and s.ends_at > wall and s.last_used_at > used_after
            and (s.token_id is null or (t.revoked_at is null and (t.expires_at is null or t.expires_at > at)));
end $$;
revoke execute on function session_principal from public;
grant execute on function session_principal to concentric_app;
-- To own a function, a role must for that moment be one that may create.
grant create on schema public to concentric_service;
alter function token_principal owner to concentric_service;
alter function session_principal owner to concentric_service;
revoke create on schema public from concentric_service;

-- Rings --------------------------------------------------------------------------------------

-- Keeps ring_tally equal to a count of members, once a statement, in one order of rings.
create function ring_tally_follow() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into ring_tally as t (tenant_id, ring_set_id, ring, members)
        select tenant_id, ring_set_id, ring, count(*) from new_rows group by 1, 2, 3 order by 1, 2, 3
        on conflict (tenant_id, ring_set_id, ring) do update set members = t.members + excluded.members;
        return null;
    elsif tg_op = 'DELETE' then
        update ring_tally t set members = t.members - l.gone
        from (
            select k.tenant_id, k.ring_set_id, k.ring, c.gone
            from ring_tally k
            join (select tenant_id, ring_set_id, ring, count(*)::int as gone from old_rows group by 1, 2, 3) c
                using (tenant_id, ring_set_id, ring)
            order by k.tenant_id, k.ring_set_id, k.ring for no key update of k
        ) l
        where (t.tenant_id, t.ring_set_id, t.ring) = (l.tenant_id, l.ring_set_id, l.ring);
        return null;
    end if;
    insert into ring_tally (tenant_id, ring_set_id, ring, members)
    select distinct n.tenant_id, n.ring_set_id, n.ring, 0 from new_rows n order by 1, 2, 3
    on conflict do nothing;
    update ring_tally t set members = t.members + l.change
    from (
        select k.tenant_id, k.ring_set_id, k.ring, c.change
        from ring_tally k
        join (
            select tenant_id, ring_set_id, ring, sum(change)::int as change
            from (
                select tenant_id, ring_set_id, ring, 1 as change from new_rows
                union all
                select tenant_id, ring_set_id, ring, -1 from old_rows
            ) changes
            group by 1, 2, 3
            having sum(change) <> 0
        ) c using (tenant_id, ring_set_id, ring)
        order by k.tenant_id, k.ring_set_id, k.ring for no key update of k
    ) l
    where (t.tenant_id, t.ring_set_id, t.ring) = (l.tenant_id, l.ring_set_id, l.ring);
    return null;
end $$;

create trigger ring_tally_insert after insert on ring_member
    referencing new table as new_rows for each statement execute function ring_tally_follow();
create trigger ring_tally_update after update on ring_member
    referencing old table as old_rows new table as new_rows
    for each statement execute function ring_tally_follow();
create trigger ring_tally_delete after delete on ring_member
    referencing old table as old_rows for each statement execute function ring_tally_follow();

-- Health -------------------------------------------------------------------------------------

-- The reason of registration that is told first, by the bits of the domain: what an administrator decided,
-- what only an administrator can decide, then the checks in their order (primary::find); -1: none.
create function reason_first(reasons int) returns smallint language sql immutable parallel safe as
$$ select (case
    when reasons & (1 << 20) <> 0 then 20
    when reasons & (1 << 19) <> 0 then 19
    when reasons = 0 then -1
    else round(ln((reasons & -reasons)::float8) / ln(2::float8)) end)::smallint $$;

-- All that decides how a device is counted, from its columns: said here and nowhere else.
create type fleet_class as (
    standing smallint, reason smallint, long_term boolean, os_major int, os_minor int, os_build int, os_revision int
);
create function fleet_class(
    standing smallint, reasons int, quality_only boolean, os_major int, os_minor int, os_build int, os_revision int
) returns fleet_class language sql immutable parallel safe as
$$ select row(coalesce(standing, -1::smallint), reason_first(reasons), quality_only, coalesce(os_major, -1),
    coalesce(os_minor, -1), coalesce(os_build, -1), coalesce(os_revision, -1))::fleet_class $$;

-- So many devices more, or fewer, in a ring (the nil set and -1: in the tenant), by their columns.
create type fleet_change as (
    ring_set_id uuid, ring smallint, standing smallint, reasons int, quality_only boolean,
    os_major int, os_minor int, os_build int, os_revision int, devices int
);

-- Adds changes to the counters, in one order of keys. Returns how many of them differ now.
create function fleet_tally_add(of_tenant uuid, changes fleet_change[]) returns int language plpgsql as $$
declare
    touched int;
begin
    insert into fleet_tally as t (tenant_id, ring_set_id, ring, standing, reason, long_term, os_major, os_minor,
        os_build, os_revision, devices)
    select of_tenant, c.ring_set_id, c.ring, (c.class).standing, (c.class).reason, (c.class).long_term,
        (c.class).os_major, (c.class).os_minor, (c.class).os_build, (c.class).os_revision, sum(c.devices)::int
    from (
        select ring_set_id, ring, devices,
            fleet_class(standing, reasons, quality_only, os_major, os_minor, os_build, os_revision) as class
        from unnest(changes)
    ) c
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    having sum(c.devices) <> 0
    order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    on conflict (tenant_id, ring_set_id, ring, standing, reason, long_term, os_major, os_minor, os_build, os_revision)
    do update set devices = t.devices + excluded.devices;
    get diagnostics touched = row_count;
    return touched;
end $$;

-- What a device is and which ring it is in change in different transactions, and the counters need both.
-- Changes of devices go side by side; a change of members has the counters of its tenant to itself. Taken
-- before what the other side wrote is read, so that whoever comes second sees it.
create function fleet_tally_lock(of_tenant uuid, alone boolean) returns void language plpgsql as $$
begin
    if alone then
        perform pg_advisory_xact_lock(hashtextextended('fleet_tally/' || of_tenant, 0));
    else
        perform pg_advisory_xact_lock_shared(hashtextextended('fleet_tally/' || of_tenant, 0));
    end if;
end $$;

-- Devices that come are counted by who writes them (store/src/devices), and members by who places them
-- (store/src/ring_sets/members.rs): both come by the million, and a trigger would have to keep and read again
-- every row that its statement had just seen. Whatever changes or goes is counted here.
create function fleet_tally_of_devices() returns trigger language plpgsql as $$
declare
    of_tenant uuid;
    sets uuid[]; -- so that members are found by their whole key, whatever the planner was told of costs
    changes fleet_change[];
begin
    if tg_op = 'DELETE' then
        select tenant_id into of_tenant from old_rows limit 1;
    else
        -- Most check-ins change nothing here.
        select c.tenant_id into of_tenant from (
            select tenant_id, id, standing, reasons, quality_only, os_major, os_minor, os_build, os_revision from new_rows
            except
            select tenant_id, id, standing, reasons, quality_only, os_major, os_minor, os_build, os_revision from old_rows
        ) c limit 1;
    end if;
    if of_tenant is null then
        return null;
    end if;
    perform fleet_tally_lock(of_tenant, false);
    select coalesce(array_agg(id), '{}') into sets from ring_set where tenant_id = of_tenant;
    if tg_op = 'DELETE' then
        with c as materialized (
            select id, standing, reasons, quality_only, os_major, os_minor, os_build, os_revision, -1 as change
            from old_rows
        )
        select array_agg(row(p.*)::fleet_change) into changes from (
            select '00000000-0000-0000-0000-000000000000'::uuid, -1::smallint, c.standing, c.reasons, c.quality_only,
                c.os_major, c.os_minor, c.os_build, c.os_revision, sum(c.change)::int
            from c group by 1, 2, 3, 4, 5, 6, 7, 8, 9
            union all
            select m.ring_set_id, m.ring, c.standing, c.reasons, c.quality_only,
                c.os_major, c.os_minor, c.os_build, c.os_revision, sum(c.change)::int
            from c join ring_member m on m.tenant_id = of_tenant and m.ring_set_id = any(sets) and m.device_id = c.id
            group by 1, 2, 3, 4, 5, 6, 7, 8, 9
        ) p;
    else
        -- First counted by what they were and what they are, which are few for many devices. Old and new stand
        -- beside each other by order: a plan made for a few rows and kept would join many of them one by one.
        with c as materialized (
            select id, standing, reasons, quality_only, os_major, os_minor, os_build, os_revision,
                new_standing, new_reasons, new_quality_only, new_major, new_minor, new_build, new_revision
            from (
                select id, is_new, standing, reasons, quality_only, os_major, os_minor, os_build, os_revision,
                    lead(standing) over pair as new_standing, lead(reasons) over pair as new_reasons,
                    lead(quality_only) over pair as new_quality_only, lead(os_major) over pair as new_major,
                    lead(os_minor) over pair as new_minor, lead(os_build) over pair as new_build,
                    lead(os_revision) over pair as new_revision
                from (
                    select id, false as is_new, standing, reasons, quality_only, os_major, os_minor, os_build, os_revision
                    from old_rows
                    union all
                    select id, true, standing, reasons, quality_only, os_major, os_minor, os_build, os_revision from new_rows
                ) both_rows
                window pair as (partition by id order by is_new)
            ) pairs
            where not is_new
                and (standing, reasons, quality_only, os_major, os_minor, os_build, os_revision)
                    is distinct from (new_standing, new_reasons, new_quality_only, new_major, new_minor, new_build, new_revision)
        ), moves as (
            select '00000000-0000-0000-0000-000000000000'::uuid as ring_set_id, -1::smallint as ring,
                c.standing, c.reasons, c.quality_only, c.os_major, c.os_minor, c.os_build, c.os_revision,
                c.new_standing, c.new_reasons, c.new_quality_only, c.new_major, c.new_minor, c.new_build, c.new_revision,
                count(*)::int as devices
            from c group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
            union all
            select m.ring_set_id, m.ring,
                c.standing, c.reasons, c.quality_only, c.os_major, c.os_minor, c.os_build, c.os_revision,
                c.new_standing, c.new_reasons, c.new_quality_only, c.new_major, c.new_minor, c.new_build, c.new_revision,
                count(*)::int
            from c join ring_member m on m.tenant_id = of_tenant and m.ring_set_id = any(sets) and m.device_id = c.id
            group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
        )
        select array_agg(row(p.*)::fleet_change) into changes from (
            select ring_set_id, ring, standing, reasons, quality_only, os_major, os_minor, os_build, os_revision, -devices
            from moves
            union all
            select ring_set_id, ring, new_standing, new_reasons, new_quality_only, new_major, new_minor, new_build,
                new_revision, devices
            from moves
        ) p;
    end if;
    perform fleet_tally_add(of_tenant, changes);
    return null;
end $$;

create trigger fleet_tally_update after update on device
    referencing old table as old_rows new table as new_rows
    for each statement execute function fleet_tally_of_devices();
create trigger fleet_tally_delete after delete on device
    referencing old table as old_rows for each statement execute function fleet_tally_of_devices();

create function fleet_tally_of_members() returns trigger language plpgsql as $$
declare
    of_tenant uuid;
    changes fleet_change[];
begin
    if tg_op = 'DELETE' then
        select tenant_id into of_tenant from old_rows limit 1;
    else
        -- Most changes only note what Graph was told.
        select c.tenant_id into of_tenant from (
            select tenant_id, ring_set_id, device_id, ring from new_rows
            except select tenant_id, ring_set_id, device_id, ring from old_rows
        ) c limit 1;
    end if;
    if of_tenant is null then
        return null;
    end if;
    perform fleet_tally_lock(of_tenant, true);
    if tg_op = 'DELETE' then
        select array_agg(row(p.*)::fleet_change) into changes from (
            select m.ring_set_id, m.ring, d.standing, d.reasons, d.quality_only, d.os_major, d.os_minor, d.os_build,
                d.os_revision, -count(*)::int
            from old_rows m join device d on d.tenant_id = m.tenant_id and d.id = m.device_id
            group by 1, 2, 3, 4, 5, 6, 7, 8, 9
        ) p;
    else
        select array_agg(row(p.*)::fleet_change) into changes from (
            select m.ring_set_id, m.ring, d.standing, d.reasons, d.quality_only, d.os_major, d.os_minor, d.os_build,
                d.os_revision, sum(m.change)::int
            from (
                select tenant_id, ring_set_id, device_id, ring, sum(change) as change from (
                    select tenant_id, ring_set_id, device_id, ring, 1 as change from new_rows
                    union all select tenant_id, ring_set_id, device_id, ring, -1 from old_rows
                ) both_rows
                group by 1, 2, 3, 4 having sum(change) <> 0
            ) m
            join device d on d.tenant_id = m.tenant_id and d.id = m.device_id
            group by 1, 2, 3, 4, 5, 6, 7, 8, 9
        ) p;
    end if;
    perform fleet_tally_add(of_tenant, changes);
    return null;
end $$;

create trigger fleet_tally_update after update on ring_member
    referencing old table as old_rows new table as new_rows
    for each statement execute function fleet_tally_of_members();
create trigger fleet_tally_delete after delete on ring_member
    referencing old table as old_rows for each statement execute function fleet_tally_of_members();

create function app_tally_follow() returns trigger language plpgsql as $$
begin
    if tg_op <> 'DELETE' then
        insert into app_tally as t (tenant_id, kind, version, devices)
        select tenant_id, kind, version, count(*) from new_rows group by 1, 2, 3 order by 1, 2, 3
        on conflict (tenant_id, kind, version) do update set devices = t.devices + excluded.devices;
    end if;
    if tg_op <> 'INSERT' then
        insert into app_tally as t (tenant_id, kind, version, devices)
        select tenant_id, kind, version, -count(*) from old_rows group by 1, 2, 3 order by 1, 2, 3
        on conflict (tenant_id, kind, version) do update set devices = t.devices + excluded.devices;
    end if;
    return null;
end $$;

create trigger app_tally_insert after insert on device_app
    referencing new table as new_rows for each statement execute function app_tally_follow();
create trigger app_tally_update after update on device_app
    referencing old table as old_rows new table as new_rows
    for each statement execute function app_tally_follow();
create trigger app_tally_delete after delete on device_app
    referencing old table as old_rows for each statement execute function app_tally_follow();

-- Attempts -----------------------------------------------------------------------------------

create index attempt_in_order on attempt (ring, position, device_id);

-- Keeps the counters equal to a count of attempts, once a statement. Those of a rollout exist for
-- every ring, state and segment from its start, and are locked in one order, so that two statements
-- that change several of them do not wait for each other in a circle.
create function tally_follow() returns trigger language plpgsql as $$
begin
    update tally t set devices = t.devices + l.change, seconds = t.seconds + l.seconds
    from (
        select k.tenant_id, k.rollout_id, k.ring, k.aside, k.state, c.change, c.seconds
        from tally k
        join (
            select tenant_id, rollout_id, ring, aside, state, sum(change)::int as change,
                sum(change * seconds)::bigint as seconds
            from (
                select tenant_id, rollout_id, ring, aside, state, 1 as change,
                    case when state = 8 then extract(epoch from state_at)::bigint else 0 end as seconds
                from new_rows
                union all
                select tenant_id, rollout_id, ring, aside, state, -1,
                    case when state = 8 then extract(epoch from state_at)::bigint else 0 end
                from old_rows
            ) changes
            group by 1, 2, 3, 4, 5
            having sum(change) <> 0 or sum(change * seconds) <> 0
        ) c using (tenant_id, rollout_id, ring, aside, state)
        order by k.rollout_id, k.ring, k.aside, k.state for no key update of k
    ) l
    where (t.tenant_id, t.rollout_id, t.ring, t.aside, t.state)
        = (l.tenant_id, l.rollout_id, l.ring, l.aside, l.state);

    -- Most reports change nothing below: a device on its way from the offer to a good end is one that may
    -- have the update all along. Looked for on each side by itself: joined, a batch would be compared row
    -- by row with itself.
    if not exists (select from new_rows where aside or state in (0, 2, 3, 6, 7, 12))
        and not exists (select from old_rows where aside or state in (0, 2, 3, 6, 7, 12))
    then
        return null;
    end if;

    update segment_tally t
    set offered = t.offered + l.offered, failed = t.failed + l.failed, lost = t.lost + l.lost
    from (
        select k.tenant_id, k.rollout_id, k.ring, k.segment, c.offered, c.failed, c.lost
        from segment_tally k
        join (
            select tenant_id, rollout_id, ring, segment,
                coalesce(sum(change) filter (where state not in (0, 2, 3, 12)), 0)::int as offered,
                coalesce(sum(change) filter (where state = 7), 0)::int as failed,
                coalesce(sum(change) filter (where state = 6), 0)::int as lost
            from (
                select tenant_id, rollout_id, ring, state, segments, 1 as change from new_rows where not aside
                union all
                select tenant_id, rollout_id, ring, state, segments, -1 from old_rows where not aside
            ) changes cross join lateral unnest(segments) as segment
            group by 1, 2, 3, 4
        ) c using (tenant_id, rollout_id, ring, segment)
        where c.offered <> 0 or c.failed <> 0 or c.lost <> 0
        order by k.rollout_id, k.ring, k.segment for no key update of k
    ) l
    where (t.tenant_id, t.rollout_id, t.ring, t.segment) = (l.tenant_id, l.rollout_id, l.ring, l.segment);

    insert into failure_tally (tenant_id, rollout_id, ring, state, code, devices)
    select distinct tenant_id, rollout_id, ring, state, coalesce(code, ''), 0
    from new_rows where state in (6, 7) order by 1, 2, 3, 4, 5
    on conflict do nothing;
    update failure_tally t set devices = t.devices + l.change
    from (
        select k.tenant_id, k.rollout_id, k.ring, k.state, k.code, c.change
        from failure_tally k
        join (
            select tenant_id, rollout_id, ring, state, code, sum(change)::int as change
            from (
                select tenant_id, rollout_id, ring, state, coalesce(code, '') as code, 1 as change
                from new_rows where state in (6, 7)
                union all
                select tenant_id, rollout_id, ring, state, coalesce(code, ''), -1
                from old_rows where state in (6, 7)
            ) changes
            group by 1, 2, 3, 4, 5
            having sum(change) <> 0
        ) c using (tenant_id, rollout_id, ring, state, code)
        order by k.rollout_id, k.ring, k.state, k.code for no key update of k
    ) l
    where (t.tenant_id, t.rollout_id, t.ring, t.state, t.code)
        = (l.tenant_id, l.rollout_id, l.ring, l.state, l.code);
    return null;
end $$;

create trigger tally_follow after update on attempt
    referencing old table as old_rows new table as new_rows
    for each statement execute function tally_follow();

-- What a check-in makes of an attempt. moves is the domain's table of 13 x 13 moves; a device heard
-- of again on the new build long enough after it was first seen there (or after it was given up)
-- is confirmed; a device found on the old build has removed the update only since it was told to.
create function checkin_outcome(
    moves smallint[], states int, state smallint, state_at timestamptz,
    reported smallint, at timestamptz, latest timestamptz, confirm_after interval)
returns smallint language sql stable parallel safe as -- immutable it would not be inlined
$$ select case
    when reported = 10 and at <= state_at then state
    else moves[state * states + 1 + case
        when reported = 5 and state = 5 and latest >= least(state_at, at) + confirm_after then 8
        when reported = 5 and state in (6, 7) and latest >= state_at + confirm_after then 8
        else reported end]
    end $$;

-- Statistics for the planner when a fleet has grown by half, or (null) in any case. Autovacuum comes
-- a minute later, and until then batches of check-ins are planned as if there were no devices.
create function devices_analyze(added bigint) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if added is null
        or added > (select greatest(reltuples, 0) / 2 from pg_class where oid = 'device'::regclass)
    then
        analyze device;
    end if;
end $$;
revoke execute on function devices_analyze from public;
grant execute on function devices_analyze to concentric_app;

-- What devices have in common, as people call it.
create function device_model(manufacturer text, model text) returns text
language sql immutable parallel safe as -- many put their name before the model's
$$ select case when starts_with(lower(model), lower(manufacturer)) then model else manufacturer || ' ' || model end $$;
create function device_build(major int, minor int, build int) returns text
language sql immutable parallel safe as $$ select major || '.' || minor || '.' || build $$;

-- Makes the partition of a rollout from the members of a ring set: filled bare, indexed, then
-- attached, which is twice as fast as inserting through the parent. With the rights of the owner,
-- because the application may not create tables; for the current tenant only. Joined by hash,
-- whatever is known of a fleet that has only just been read.
-- The segments come as a list of their numbers and the values that devices of each have: compared as
-- they stand, for making a name of every device costs more than all the rest.
create function attempts_create(of_rollout uuid, of_ring_set uuid, of_update uuid, at timestamptz, inactive_before timestamptz,
    segments jsonb)
returns bigint language plpgsql security definer
set search_path = public, pg_temp set enable_nestloop = off as $$
declare
    part text := 'attempt_' || replace(of_rollout::text, '-', '');
    tenant uuid := current_tenant();
    to_version int; -- the build of a Windows version, of a feature update
    of_app text; -- of a version of a program: which
    of_version bigint[];
    driver boolean; -- no build says who needs it
    made bigint;
begin
    select u.kind, u.app_version into of_app, of_version from catalog_update u
    where u.tenant_id = tenant and u.id = of_update and u.app_version is not null;
    select b.os_build into to_version from catalog_update u
    join update_build b on b.tenant_id = tenant and b.update_id = u.id
    where u.tenant_id = tenant and u.id = of_update and u.kind = 'feature' order by 1 limit 1;
    select u.kind = 'driver' into driver from catalog_update u where u.tenant_id = tenant and u.id = of_update;
    perform 1 from rollout r where r.id = of_rollout and r.tenant_id = tenant;
    if not found then
        raise exception 'rollout % is not of the current tenant', of_rollout;
    end if;
    execute format('create table %I (like attempt including defaults including constraints) with (fillfactor = 90)', part);
    execute format($sql$
        insert into %I (tenant_id, rollout_id, device_id, ring, position, state, state_at, code, segments)
        select $1, $2, m.device_id, m.ring, m.position, case when e.reason is null then 0 else 12 end, $3, e.reason,
            nullif(array_remove(array[sm.number, sb.number, sc.number], null), '{}')
        from ring_member m
        join device d on d.id = m.device_id and d.tenant_id = m.tenant_id
        left join (
            select device_id from device_control
            where tenant_id = $1 and kind = 'hold' and (expires_at is null or expires_at > $3)
            union
            select c.device_id from cohort_member c
            join cohort_hold o on o.tenant_id = $1 and o.id = c.hold_id
            where c.tenant_id = $1 and (o.expires_at is null or o.expires_at > $3)
        ) h on h.device_id = m.device_id
        left join (
            select os_major, os_minor, os_build, min(os_revision) as os_revision, max(os_revision) as highest
            from update_build
            where update_id = $4 and tenant_id = $1 group by 1, 2, 3
        ) b on (b.os_major, b.os_minor, b.os_build) = (d.os_major, d.os_minor, d.os_build)
        left join jsonb_to_recordset($7) as sm(number smallint, manufacturer text, model text)
            on (sm.manufacturer, sm.model) = (d.manufacturer, d.model)
        left join jsonb_to_recordset($7) as sb(number smallint, os_major int, os_minor int, os_build int)
            on (sb.os_major, sb.os_minor, sb.os_build) = (d.os_major, d.os_minor, d.os_build)
        left join jsonb_to_recordset($7) as sc(number smallint, category text) on sc.category = d.category
        left join version_floor f on f.tenant_id = $1
            and (f.os_major, f.os_minor, f.os_build) = (d.os_major, d.os_minor, d.os_build)
        left join device_app p on p.tenant_id = $1 and p.device_id = m.device_id and p.kind = $9
        left join driver_match dm on $11 and dm.tenant_id = $1 and dm.update_id = $4 and dm.device_id = d.id
        cross join lateral (select case
            when d.entra_device_id is null or d.object_id is null then 'not_registered'
            when d.last_sync is null or d.last_sync < $5 then 'inactive'
            when $9 is not null then case
                when p.version is null then 'not_applicable'
                when p.version > $10 then 'ahead'
                when p.version = $10 then 'already_current'
                when h.device_id is not null then 'held' end
            when $11 and dm.device_id is null then 'not_applicable'
            when $11 then case when h.device_id is not null then 'held' end
            when $8 is null and b.os_revision is null or d.os_build is null then 'no_content'
            when $8 is null and d.os_revision > b.highest then 'ahead' -- never moved back
            when d.os_revision >= b.os_revision or d.os_build >= $8 then 'already_current'
            when b.highest < f.os_revision then 'below_floor'
            when h.device_id is not null then 'held' -- last, for it may be lifted
        end as reason) e
        where m.ring_set_id = $6 and m.tenant_id = $1
        order by m.ring, m.position, m.device_id
    $sql$, part) using tenant, of_rollout, at, of_update, inactive_before, of_ring_set, segments, to_version, of_app, of_version, driver;
    get diagnostics made = row_count;
    execute format('alter table %I add primary key (device_id, rollout_id, tenant_id)', part);
    execute format('create index on %I (ring, position, device_id)', part);
    -- Until autovacuum came, a batch of check-ins would read all of it for every device.
    execute format('analyze %I', part);
    execute format('alter table %I add constraint of_rollout check (rollout_id is not null and rollout_id = %L)', part, of_rollout);
    execute format('alter table attempt attach partition %I for values in (%L)', part, of_rollout);
    execute format('alter table %I drop constraint of_rollout', part);
    return made;
end $$;
revoke execute on function attempts_create from public;
grant execute on function attempts_create to concentric_app;

-- Reading rollouts ---------------------------------------------------------------------------

-- A rollout as it is read, with its rings, but for what its plan says, which never changes. Of the counters
-- only those that count something: `[ring, state, devices, of them aside]`. By row-level security of who reads.
create view rollout_now with (security_invoker = true) as
    select r.tenant_id, r.id, r.release_id, l.name as release_name, r.ring_set_id, r.plan_id, r.phase, r.generation,
        (select e.seq from event e where e.tenant_id = r.tenant_id and e.rollout_id = r.id
            order by e.seq desc limit 1) as version,
        r.wish, r.wish_at, r.wish_by, r.wish_reason, r.take_back, r.promoted, r.segments_held,
        r.segments_released, r.held, r.level, r.observed_at, r.superseded_by, r.waiting, r.decided_at, r.created_at,
        (select json_agg(s order by s.at, s.id) from (
            select id, release_id, rollout_id, ring, take_back, reason, paused_by, at
            from pause p where p.tenant_id = r.tenant_id and (p.rollout_id = r.id
                or p.release_id = r.release_id
                or p.rollout_id is null and p.release_id is null)
        ) s) as pauses,
        (select json_agg(g order by g.ring) from (
            select ring, waves, removal_waves, wanted_access, wanted_at, accepted_access, accepted_at, enforce_error
            from rollout_ring g where g.tenant_id = r.tenant_id and g.rollout_id = r.id
        ) g) as rings,
        (select array_agg(array[t.ring, t.state, t.devices, case when t.aside then t.devices else 0 end])
            from tally t
            where t.tenant_id = r.tenant_id and t.rollout_id = r.id and t.devices > 0) as counters,
        (select array_agg(w.ring) from wave w
            where w.tenant_id = r.tenant_id and w.rollout_id = r.id and w.delivered_at is null) as pending_waves
    from rollout r
    join release l on l.tenant_id = r.tenant_id and l.id = r.release_id;
grant select on rollout_now to concentric_app;

-- One of them in one round trip: it enters the tenant for as long as its statement lasts.
create function rollout_read(of_tenant uuid, of_rollout uuid) returns json language plpgsql as $$
begin
    perform set_config('concentric.tenant', of_tenant::text, true);
    return (select row_to_json(w) from rollout_now w where w.tenant_id = of_tenant and w.id = of_rollout);
end $$;
revoke execute on function rollout_read from public;
grant execute on function rollout_read to concentric_app;
