//! Transactions: all or nothing, steps within them, their numbers, what others see meanwhile.

mod support;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

use hippocamp_store::{
    Error, Lsn,
    PutMode::{Insert, Upsert},
    ReadTx, RowId,
};
use support::{all, begin, changes, lsn, place, put, read, told_put, write};

/// A caller's own error, as the engine has one.
#[derive(Debug, PartialEq)]
enum Caller {
    Refused(&'static str),
    Store(Error),
}

impl From<Error> for Caller {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

#[test]
fn a_failed_transaction_leaves_nothing() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    write(&store, |tx| put(tx, ns, "a", 1, Insert)).unwrap();
    let before = all(&store, ns);
    let result: Result<(), Caller> = store.write(|tx| {
        put(tx, ns, "b", 2, Insert)?;
        put(tx, ns, "a", 3, Upsert)?;
        tx.delete(ns, "a")?;
        Err(Caller::Refused("not today"))
    });
    assert_eq!(result, Err(Caller::Refused("not today")));
    assert_eq!(all(&store, ns), before);
    assert_eq!(read(&store, |tx| Ok((tx.lsn()?, tx.count(ns)?))).unwrap(), (Lsn(2), 1));
    let result: Result<(), Caller> = store.read(|_| Err(Caller::Refused("nor now")));
    assert_eq!(result, Err(Caller::Refused("nor now")));
}

#[test]
fn a_panic_leaves_nothing_and_the_store_usable() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        write(&store, |tx| -> Result<(), Error> {
            put(tx, ns, "a", 1, Insert)?;
            panic!("in the middle");
        })
    }));
    assert!(caught.is_err());
    let caught =
        catch_unwind(AssertUnwindSafe(|| read(&store, |_| -> Result<(), Error> { panic!() })));
    assert!(caught.is_err());
    assert_eq!(all(&store, ns), []);
    write(&store, |tx| put(tx, ns, "a", 1, Insert)).unwrap();
    assert_eq!(all(&store, ns).len(), 1);
    store.close().unwrap();
}

#[test]
fn only_transactions_that_change_something_are_counted() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let lsn = || support::lsn(&store);
    assert_eq!(lsn(), Lsn(1));
    write(&store, |tx| {
        assert_eq!(tx.lsn(), Lsn(2));
        tx.delete(ns, "nobody")?;
        tx.clear(ns)?;
        tx.get(ns, "nobody", true)
    })
    .unwrap();
    assert_eq!(lsn(), Lsn(1));
    write(&store, |tx| {
        put(tx, ns, "a", 1, Insert)?;
        put(tx, ns, "b", 1, Insert)
    })
    .unwrap();
    assert_eq!(lsn(), Lsn(2));
    let undone = write(&store, |tx| {
        let step = tx.savepoint(|tx| {
            put(tx, ns, "c", 1, Insert)?;
            Err::<(), _>(Caller::Refused("undone"))
        });
        assert_eq!(step, Err(Caller::Refused("undone")));
        Ok(())
    });
    assert_eq!((undone, lsn()), (Ok(()), Lsn(2)));
    write(&store, |tx| tx.delete(ns, "a")).unwrap();
    assert_eq!((lsn(), store.changed_lsn().unwrap()), (Lsn(3), Lsn(3)));
}

#[test]
fn a_failing_step_leaves_the_others() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    write(&store, |tx| put(tx, ns, "taken", 1, Insert)).unwrap();
    let steps: [&[&str]; 4] = [&["a", "b"], &["c", "taken", "d"], &["a"], &["e"]];
    let results = write(&store, |tx| {
        Ok(steps.map(|keys| {
            tx.savepoint(|tx| {
                keys.iter().try_for_each(|key| put(tx, ns, key, 2, Insert).map(|_| ()))
            })
        }))
    })
    .unwrap();
    let exists = |key: &str| Err(Error::Exists { key: key.to_owned() });
    assert_eq!(results, [Ok(()), exists("taken"), exists("a"), Ok(())]);
    let rows = all(&store, ns);
    let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    assert_eq!(keys, ["taken", "a", "b", "e"]);
    assert!(rows[1..].iter().all(|row| row.lsn == Lsn(3)), "one transaction, one number");
    assert_eq!(read(&store, |tx| tx.count(ns)).unwrap(), 4);
    store.close().unwrap();
    support::assert_sound(&path);
}

#[test]
fn a_refused_insert_uses_up_no_id() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let put_a = |seed| write(&store, |tx| put(tx, ns, "a", seed, Insert));
    let first = put_a(1).unwrap().row;
    assert!(put_a(2).is_err());
    let second = write(&store, |tx| {
        assert_eq!(put(tx, ns, "a", 3, Insert), Err(Error::Exists { key: "a".to_owned() }));
        put(tx, ns, "b", 4, Insert)
    });
    assert_eq!(second.unwrap().row, RowId(first.0 + 1));
}

#[test]
fn a_transaction_counts_its_own_records() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let tell = |tx: &ReadTx<'_>| {
        let collection = tx.collections()?[0].id;
        let listed = tx.namespaces(collection)?;
        assert_eq!(tx.namespaces_below(collection, b"")?, listed);
        assert!(listed.iter().all(|(ns, _, records)| tx.count(*ns) == Ok(*records)));
        Ok::<_, Error>(listed.iter().map(|(_, _, records)| *records).collect::<Vec<_>>())
    };
    let counts = write(&store, |tx| {
        put(tx, ns, "a", 1, Insert)?;
        put(tx, ns, "b", 1, Upsert)?;
        assert_eq!(tell(tx)?, [2]);
        let collection = tx.collections()?[0].id;
        let other = tx.namespace(collection, b"other", true)?.unwrap();
        put(tx, other, "a", 1, Insert)?;
        assert_eq!(tell(tx)?, [2, 1]);
        put(tx, ns, "c", 1, Insert)?;
        let undone = tx.savepoint(|tx| {
            put(tx, ns, "d", 1, Insert)?;
            put(tx, other, "d", 1, Insert)?;
            assert_eq!(tell(tx)?, [4, 2]);
            put(tx, ns, "a", 2, Insert)
        });
        assert_eq!(undone, Err(Error::Exists { key: "a".to_owned() }));
        assert_eq!(tell(tx)?, [3, 1]);
        tx.savepoint(|tx| put(tx, ns, "e", 1, Insert))?;
        tx.delete(ns, "a")?;
        put(tx, other, "b", 1, Insert)?;
        assert_eq!(tx.clear(other)?, 2);
        put(tx, other, "c", 1, Insert)?;
        tell(tx)
    });
    assert_eq!(counts.unwrap(), [3, 1]);
    assert_eq!(read(&store, tell).unwrap(), [3, 1]);
    store.close().unwrap();
    support::assert_sound(&path);
}

#[test]
fn steps_nest() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let result: Result<(), Caller> = store.write(|tx| {
        tx.savepoint(|tx| {
            put(tx, ns, "outer", 1, Insert)?;
            let inner = tx.savepoint(|tx| {
                put(tx, ns, "inner", 1, Insert)?;
                tx.savepoint(|tx| put(tx, ns, "innermost", 1, Insert))?;
                Err::<(), _>(Caller::Refused("inner"))
            });
            assert_eq!(inner, Err(Caller::Refused("inner")));
            put(tx, ns, "after", 1, Insert)?;
            Ok(())
        })
    });
    assert_eq!(result, Ok(()));
    let keys: Vec<String> = all(&store, ns).into_iter().map(|row| row.key).collect();
    assert_eq!(keys, ["outer", "after"]);
}

#[test]
fn a_panic_caught_around_a_step_fails_the_transaction() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let result = write(&store, |tx| {
        let caught = catch_unwind(AssertUnwindSafe(|| {
            tx.savepoint(|tx| -> Result<(), Error> {
                put(tx, ns, "half", 1, Insert)?;
                panic!("in the middle");
            })
        }));
        assert!(caught.is_err());
        put(tx, ns, "after", 1, Insert)
    });
    assert!(matches!(result, Err(Error::Unexpected { .. })), "{result:?}");
    assert_eq!(all(&store, ns), []);
    write(&store, |tx| put(tx, ns, "a", 1, Insert)).unwrap();
    let result = write(&store, |tx| {
        tx.savepoint(|tx| {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                tx.savepoint(|_| -> Result<(), Error> { panic!("in the middle") })
            }));
            assert!(caught.is_err());
            Ok(())
        })
    });
    assert!(matches!(result, Err(Error::Unexpected { .. })), "{result:?}");
    assert_eq!(all(&store, ns).len(), 1);
}

#[test]
fn a_snapshot_does_not_see_what_is_committed_meanwhile() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    write(&store, |tx| put(tx, ns, "a", 1, Insert)).unwrap();
    read(&store, |tx| {
        let lsn = tx.lsn()?;
        let told = changes(tx, ns, Lsn(0))?;
        write(&store, |tx| put(tx, ns, "a", 2, Upsert))?;
        write(&store, |tx| put(tx, ns, "b", 2, Insert))?;
        assert_eq!(tx.lsn()?, lsn);
        assert_eq!(tx.count(ns)?, 1);
        assert_eq!(tx.get(ns, "b", true)?, None);
        assert_eq!(changes(tx, ns, Lsn(0))?, told);
        Ok(())
    })
    .unwrap();
    assert_eq!(lsn(&store), Lsn(4));
}

#[test]
fn reads_go_on_while_a_write_is_in_progress() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let row = write(&store, |tx| put(tx, ns, "a", 1, Insert)).unwrap().row;
    write(&store, |tx| {
        put(tx, ns, "a", 2, Upsert)?;
        // More at once than are kept.
        thread::scope(|scope| {
            for _ in 0..9 {
                scope.spawn(|| {
                    let told = read(&store, |tx| changes(tx, ns, Lsn(0))).unwrap();
                    assert_eq!(told, [told_put(row, "a", 1)]);
                    assert_eq!(store.changed_lsn().unwrap(), Lsn(2));
                });
            }
        });
        Ok(())
    })
    .unwrap();
    assert_eq!(store.changed_lsn().unwrap(), Lsn(3));
}

#[test]
fn writers_of_many_threads_come_one_after_the_other() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for step in 0..25 {
                    let key = format!("{thread}-{step}");
                    write(store, |tx| put(tx, ns, &key, step, Insert)).unwrap();
                    assert!(read(store, |tx| tx.get(ns, &key, true)).unwrap().is_some());
                }
            });
        }
    });
    let rows = all(&store, ns);
    assert_eq!(rows.len(), 100);
    let mut lsns: Vec<i64> = rows.iter().map(|row| row.lsn.0).collect();
    lsns.sort_unstable();
    assert_eq!(lsns, (2..102).collect::<Vec<_>>());
}

#[test]
fn closing_waits_for_calls_in_progress_and_refuses_later_ones() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let (begun, waiting) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            write(&store, |tx| {
                begun.send(()).unwrap();
                for step in 0..500 {
                    put(tx, ns, &step.to_string(), step, Insert)?;
                }
                Ok(())
            })
            .unwrap();
        });
        waiting.recv().unwrap();
        store.close().unwrap();
    });
    let closed = Error::Closed { path: path.clone() };
    assert_eq!(write(&store, |_| Ok(())), Err(closed.clone()));
    assert_eq!(read(&store, |_| Ok(())), Err(closed.clone()));
    assert_eq!(store.changed_lsn(), Err(closed));
    store.close().unwrap();
    assert_eq!(all(&support::open(&path), ns).len(), 500);
}
