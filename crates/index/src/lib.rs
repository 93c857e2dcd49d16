//! Derived indexes of a partition: vectors and attributes.
