//! Tests of the HTTP API.

mod document;
