//! Rows from raw facts, plane by plane.
