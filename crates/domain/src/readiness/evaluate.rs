//! From facts to findings.
