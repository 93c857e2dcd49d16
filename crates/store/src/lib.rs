//! SQLite storage: records, vectors, change sequence, durability.
