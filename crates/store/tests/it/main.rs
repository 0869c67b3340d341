//! The store against a real PostgreSQL: a database of its own for every test, on the server that
//! `DATABASE_URL` names (`cargo xtask test` starts one).

mod approvals;
mod budget;
mod calendar;
mod catalogue;
mod chain;
mod cohorts;
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
mod pauses;
mod placement;
mod plans;
mod registration;
mod reported;
mod revisions;
mod ring_sets;
mod rollbacks;
mod rules;
mod schema;
mod segments;
mod signals;
mod superseding;
mod tenants;
mod tokens;
mod work;
mod world;
mod year;
