//! Random histories against a model that is too simple to be wrong: maps, and a list of deletions.

mod support;

use std::{collections::BTreeMap, path::Path};

use hippocamp_store::{
    Durability, Error, Lsn, NamespaceId, OpenOptions, PutMode, RowId, Store, WriteTx,
};
use proptest::{collection::vec, prelude::*};
use support::{Told, all, begin, changes, place, put, read, told_put, vector, write};

/// One call of a transaction; `ns` is 0 or 1.
#[derive(Debug, Clone)]
enum Call {
    Put { ns: usize, key: u8, seed: u32, mode: PutMode },
    Delete { ns: usize, key: u8 },
    Clear { ns: usize },
}

/// One step of a transaction, and whether its closure fails at its end.
#[derive(Debug, Clone)]
struct Step {
    calls: Vec<Call>,
    fails: bool,
}

#[derive(Debug, Clone)]
enum Action {
    /// A transaction of steps, each in a savepoint, and whether its closure fails at its end.
    Transaction {
        steps: Vec<Step>,
        fails: bool,
    },
    Reopen,
    /// The follower applies what is new to it.
    Follow,
}

fn call() -> impl Strategy<Value = Call> {
    let mode = prop_oneof![Just(PutMode::Insert), Just(PutMode::Upsert), Just(PutMode::Upsert)];
    prop_oneof![
        8 => (0..2_usize, 0..8_u8, 0..1000_u32, mode)
            .prop_map(|(ns, key, seed, mode)| Call::Put { ns, key, seed, mode }),
        4 => (0..2_usize, 0..8_u8).prop_map(|(ns, key)| Call::Delete { ns, key }),
        1 => (0..2_usize).prop_map(|ns| Call::Clear { ns }),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let step = (vec(call(), 0..6), prop::bool::weighted(0.15))
        .prop_map(|(calls, fails)| Step { calls, fails });
    prop_oneof![
        12 => (vec(step, 1..4), prop::bool::weighted(0.1))
            .prop_map(|(steps, fails)| Action::Transaction { steps, fails }),
        1 => Just(Action::Reopen),
        2 => Just(Action::Follow),
    ]
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    row: RowId,
    seed: u32,
    created: i64,
    lsn: Lsn,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Space {
    records: BTreeMap<String, Entry>,
    deletions: Vec<(Lsn, RowId)>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    spaces: [Space; 2],
    lsn: i64,
    last_row: i64,
}

impl Model {
    /// Does `call` in the transaction and in the model; they must agree on its answer.
    fn call(
        &mut self,
        tx: &mut WriteTx<'_>,
        ids: [NamespaceId; 2],
        call: &Call,
    ) -> Result<(), Error> {
        let lsn = tx.lsn();
        match *call {
            Call::Put { ns, key, seed, mode } => {
                let key = format!("记 {key}");
                let result = put(tx, ids[ns], &key, seed, mode);
                let found = self.spaces[ns].records.get(&key).cloned();
                if found.is_some() && mode == PutMode::Insert {
                    assert_eq!(result, Err(Error::Exists { key }));
                    return result.map(|_| ());
                }
                let done = result.unwrap();
                assert_eq!(done.replaced, found.is_some());
                let created = found.as_ref().map_or(1000 + i64::from(seed), |found| found.created);
                if let Some(found) = found {
                    assert_eq!(done.row, found.row);
                } else {
                    assert!(done.row.0 > self.last_row, "ids grow");
                    self.last_row = done.row.0;
                }
                self.spaces[ns].records.insert(key, Entry { row: done.row, seed, created, lsn });
            }
            Call::Delete { ns, key } => {
                let key = format!("记 {key}");
                let removed = self.spaces[ns].records.remove(&key).map(|entry| entry.row);
                assert_eq!(tx.delete(ids[ns], &key).unwrap(), removed);
                self.spaces[ns].deletions.extend(removed.map(|row| (lsn, row)));
            }
            Call::Clear { ns } => {
                let removed = std::mem::take(&mut self.spaces[ns].records);
                assert_eq!(tx.clear(ids[ns]).unwrap(), removed.len() as u64);
                self.spaces[ns].deletions.extend(removed.values().map(|entry| (lsn, entry.row)));
            }
        }
        let counts = ids.map(|ns| tx.count(ns).unwrap() as usize);
        assert_eq!(counts, [0, 1].map(|ns: usize| self.spaces[ns].records.len()));
        Ok(())
    }

    fn transaction(&mut self, store: &Store, ids: [NamespaceId; 2], steps: &[Step], fails: bool) {
        let before = self.clone();
        let result = write(store, |tx| {
            for step in steps {
                let before = self.clone();
                let result = tx.savepoint(|tx| {
                    step.calls.iter().try_for_each(|call| self.call(tx, ids, call))?;
                    if step.fails { Err(refusal()) } else { Ok(()) }
                });
                if result.is_err() {
                    *self = before;
                }
            }
            if fails { Err(refusal()) } else { Ok(()) }
        });
        assert_eq!(result.is_err(), fails);
        if fails {
            *self = before;
        } else if *self != before {
            // Every put and every deletion leaves its trace in the model, so this is a change.
            self.lsn += 1;
        }
    }

    fn told(&self, ns: usize, since: Lsn) -> Vec<Told> {
        let space = &self.spaces[ns];
        let mut told: Vec<(Lsn, bool, RowId, Told)> = space
            .records
            .iter()
            .filter(|(_, entry)| entry.lsn > since)
            .map(|(key, entry)| (entry.lsn, true, entry.row, told_put(entry.row, key, entry.seed)))
            .collect();
        if since == Lsn(0) {
            told.sort_by_key(|(_, _, row, _)| *row);
        } else {
            let deleted = space.deletions.iter().filter(|(lsn, _)| *lsn > since);
            told.extend(deleted.map(|(lsn, row)| (*lsn, false, *row, Told::Deleted(*row))));
            told.sort_by_key(|(lsn, put, row, _)| (*lsn, *put, *row));
        }
        told.into_iter().map(|(.., told)| told).collect()
    }

    fn check(&self, store: &Store, ids: [NamespaceId; 2]) {
        assert_eq!(support::lsn(store), Lsn(self.lsn));
        assert_eq!(store.changed_lsn().unwrap(), Lsn(self.lsn));
        for (ns, id) in ids.into_iter().enumerate() {
            let space = &self.spaces[ns];
            let mut expected: Vec<(&String, &Entry)> = space.records.iter().collect();
            expected.sort_by_key(|(_, entry)| entry.row);
            let rows = all(store, id);
            assert_eq!(rows.len(), expected.len());
            assert_eq!(read(store, |tx| tx.count(id)).unwrap(), rows.len() as u64);
            for (row, (key, entry)) in rows.iter().zip(expected) {
                assert_eq!(&row.key, key);
                let found = Entry {
                    row: row.row,
                    seed: u32::try_from(row.updated_ms - 1000).unwrap(),
                    created: row.created_ms,
                    lsn: row.lsn,
                };
                assert_eq!(&found, entry);
                assert_eq!(row.vectors.as_deref(), Some(&vector(entry.seed)[..]));
                let got = read(store, |tx| tx.get(id, key, true)).unwrap();
                assert_eq!(got.as_ref(), Some(row));
                let by_id = read(store, |tx| tx.rows(&[row.row], true)).unwrap();
                assert_eq!(by_id[0].as_ref(), Some(row));
            }
            for since in [0, self.lsn / 2, self.lsn - 1, self.lsn] {
                let told = read(store, |tx| changes(tx, id, Lsn(since))).unwrap();
                assert_eq!(told, self.told(ns, Lsn(since)), "since {since}");
            }
        }
    }
}

/// An index that only ever hears of changes.
#[derive(Debug, Default)]
struct Follower {
    rows: BTreeMap<RowId, Vec<f32>>,
    lsn: Lsn,
}

impl Follower {
    fn follow(&mut self, store: &Store, ns: NamespaceId) {
        let (told, lsn) = read(store, |tx| Ok((changes(tx, ns, self.lsn)?, tx.lsn()?))).unwrap();
        for change in told {
            match change {
                Told::Put(row, _, vector, _, _) => self.rows.insert(row, vector),
                Told::Deleted(row) => self.rows.remove(&row),
            };
        }
        self.lsn = lsn;
        let live = all(store, ns).into_iter().map(|row| (row.row, row.vectors.unwrap()));
        assert_eq!(self.rows, live.collect());
    }
}

fn refusal() -> Error {
    Error::TooLarge
}

fn reopened(path: &Path) -> Store {
    let options =
        OpenOptions { durability: Durability::Memory, private: true, ..OpenOptions::default() };
    Store::open(path, &options).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_history_leaves_what_the_model_has(actions in vec(action(), 1..25)) {
        let (_folder, path) = place();
        let (store, first) = begin(&path);
        let made = write(&store, |tx| {
            let notes = tx.collection("notes")?.unwrap().id;
            tx.namespace(notes, b"second", true)
        });
        let ids = [first, made.unwrap().unwrap()];
        drop(store);
        let mut store = reopened(&path);
        let mut model = Model { lsn: 2, ..Model::default() };
        let mut follower = Follower::default();
        for action in actions {
            match action {
                Action::Transaction { steps, fails } => {
                    model.transaction(&store, ids, &steps, fails);
                }
                Action::Reopen => {
                    drop(store);
                    store = reopened(&path);
                }
                Action::Follow => follower.follow(&store, first),
            }
            model.check(&store, ids);
        }
        follower.follow(&store, first);
        drop(store);
        support::assert_sound(&path);
    }
}
