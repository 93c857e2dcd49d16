//! The statements that a transaction has at hand.
//!
//! A connection keeps its statements prepared, under the hash of their text; a transaction that
//! puts a thousand records would look four of them up a thousand times. So it keeps those that it
//! has used, found by the address of their text, and gives them back at its end: 10 % of a put and
//! a seventh of reading a row.

use std::{cell::RefCell, ptr};

use rusqlite::{CachedStatement, Connection};

pub(crate) struct Statements<'a> {
    conn: &'a Connection,
    held: RefCell<Vec<(&'static str, CachedStatement<'a>)>>,
}

impl<'a> Statements<'a> {
    pub(crate) fn new(conn: &'a Connection) -> Self {
        Self { conn, held: RefCell::default() }
    }

    /// The statement of that text, for the caller alone until it is put back. It has to be reset:
    /// without rows that are still being read.
    pub(crate) fn take(&self, sql: &'static str) -> rusqlite::Result<CachedStatement<'a>> {
        let mut held = self.held.borrow_mut();
        match held.iter().position(|(text, _)| ptr::eq(*text, sql)) {
            Some(at) => Ok(held.swap_remove(at).1),
            None => self.conn.prepare_cached(sql),
        }
    }

    /// Keeps a statement for the next use; one that is not put back goes to the connection.
    pub(crate) fn put_back(&self, sql: &'static str, statement: CachedStatement<'a>) {
        self.held.borrow_mut().push((sql, statement));
    }
}
