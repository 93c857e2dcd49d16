//! The Node.js addon: N-API classes, conversions, error codes.
