//! What changed between two assessments.
