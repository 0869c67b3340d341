//! The store against a real PostgreSQL: a database of its own for every test, on the server that
//! `DATABASE_URL` names (`cargo xtask test` starts one).

mod chain;
mod devices;
mod enforcement;
mod feeds;
mod ingest;
mod isolation;
mod journal;
mod model;
mod placement;
mod schema;
mod tenants;
mod tokens;
mod work;
mod world;
