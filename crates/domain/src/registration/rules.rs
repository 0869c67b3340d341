//! The rules themselves, in the order in which reasons are told.
