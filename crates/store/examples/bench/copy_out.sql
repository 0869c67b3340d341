copy (select d.id, d.name, d.entra_device_id, d.serial, d.manufacturer, d.model, d.category,
     d.os_major, d.os_minor, d.os_build, d.os_revision, d.last_sync, d.standing, d.reasons,
     d.quality_only, d.standing_at, m.ring_set_id, m.ring, a.rollout_id, a.state, a.state_at,
     a.code, a.aside, a.safeguard
 from device d
 left join ring_member m on m.tenant_id = d.tenant_id and m.device_id = d.id
 left join attempt a on a.tenant_id = d.tenant_id and a.device_id = d.id
 where d.tenant_id = '$tenant') to stdout (format csv)
