//! The store against a real PostgreSQL: a database of its own for every test, on the server that
//! `DATABASE_URL` names (`cargo xtask test` starts one).

mod approvals;
mod chain;
mod controls;
mod devices;
mod enforcement;
mod enrollment;
mod feeds;
mod groups;
mod ingest;
mod isolation;
mod journal;
mod kinds;
mod model;
mod placement;
mod registration;
mod ring_sets;
mod schema;
mod segments;
mod signals;
mod tenants;
mod tokens;
mod work;
mod world;
