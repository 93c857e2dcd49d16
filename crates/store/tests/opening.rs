//! Opening and opening again: paths, what is refused and with which words, reading only.

mod support;

use std::{
    fs::{self, Permissions},
    path::Path,
    time::Duration,
};

use hippocamp_store::{
    Durability, Error, Lsn, OpenOptions,
    PutMode::{Insert, Upsert},
    Store,
};
use rusqlite::Connection;
use support::{Told, all, begin, changes, collections, open, place, put, read, told_put, write};

fn reading() -> OpenOptions {
    OpenOptions { read_only: true, ..OpenOptions::default() }
}

fn refused(path: &Path, options: &OpenOptions) -> Error {
    Store::open(path, options).err().unwrap()
}

/// The names of the files beside `path`.
fn beside(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path.parent().unwrap()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_store_opened_again_has_everything() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let a = write(&store, |tx| put(tx, ns, "a", 1, Insert)).unwrap().row;
    let b = write(&store, |tx| put(tx, ns, "b", 2, Insert)).unwrap().row;
    write(&store, |tx| put(tx, ns, "a", 3, Upsert)).unwrap();
    write(&store, |tx| tx.delete(ns, "b")).unwrap();
    let before = all(&store, ns);
    store.close().unwrap();
    assert_eq!(beside(&path), ["memory.db"], "the WAL is folded into the file");
    let store = open(&path);
    assert_eq!(all(&store, ns), before);
    assert_eq!(store.changed_lsn().unwrap(), Lsn(5));
    let told = read(&store, |tx| changes(tx, ns, Lsn(2))).unwrap();
    assert_eq!(told, [told_put(a, "a", 3), Told::Deleted(b)]);
    drop(store);
    assert_eq!(beside(&path), ["memory.db"], "dropping closes, too");
    let store = open(&path);
    let c = write(&store, |tx| put(tx, ns, "c", 1, Insert)).unwrap().row;
    assert!(c > b, "ids are never used again, reopened or not");
}

#[test]
fn every_durability_keeps_what_was_written() {
    for durability in [Durability::Durable, Durability::Relaxed, Durability::Memory] {
        let (_folder, path) = place();
        let options = OpenOptions { durability, ..OpenOptions::default() };
        drop(begin(&path));
        let store = Store::open(&path, &options).unwrap();
        let ns = write(&store, support::default_namespace).unwrap();
        write(&store, |tx| put(tx, ns, "a", 1, Insert)).unwrap();
        drop(store);
        assert_eq!(all(&open(&path), ns).len(), 1, "{durability:?}");
    }
}

#[test]
fn a_long_wal_is_folded_into_the_file_while_the_store_is_open() {
    let (_folder, path) = place();
    drop(begin(&path));
    let options = OpenOptions { durability: Durability::Relaxed, ..OpenOptions::default() };
    let store = Store::open(&path, &options).unwrap();
    let ns = write(&store, support::default_namespace).unwrap();
    let wal = path.with_extension("db-wal");
    let long = "x".repeat(100_000);
    for step in 0..400_u32 {
        let key = (step % 100).to_string();
        let new = hippocamp_store::NewRow {
            key: &key,
            text: Some(&long),
            meta: None,
            vectors: &support::vector(step),
        };
        write(&store, |tx| tx.put(ns, &new, 0, Upsert)).unwrap();
    }
    // 400 writes of 100 KB went through it.
    let (file, wal) = (fs::metadata(&path).unwrap().len(), fs::metadata(wal).unwrap().len());
    assert!(file > 10_000_000 && wal < 12_000_000, "file {file}, WAL {wal}");
    assert_eq!(store.bytes(), file + wal);
}

#[test]
fn a_missing_store_is_made_only_on_demand() {
    let (_folder, path) = place();
    let not_found = Error::NotFound { path: path.clone() };
    assert_eq!(refused(&path, &reading()), not_found);
    let options = OpenOptions { create: false, ..OpenOptions::default() };
    let error = refused(&path, &options);
    assert_eq!(error, not_found);
    let expected = format!(
        "there is no store at {}: check the path, or open it with `create`",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(beside(&path), [""; 0], "asking made nothing");
    drop(open(&path));
    assert_eq!(Store::open(&path, &options).unwrap().path(), path);
}

#[test]
fn an_empty_file_becomes_a_store_only_on_demand() {
    let (_folder, path) = place();
    fs::write(&path, "").unwrap();
    let reason = "it has no tables".to_owned();
    let empty = Error::NotOurs { path: path.clone(), reason };
    assert_eq!(refused(&path, &reading()), empty);
    assert_eq!(refused(&path, &OpenOptions { create: false, ..OpenOptions::default() }), empty);
    let (store, ns) = begin(&path);
    assert_eq!(read(&store, |tx| tx.count(ns)).unwrap(), 0);
}

#[test]
fn special_names_are_plain_files() {
    let folder = tempfile::tempdir().unwrap();
    for name in [":memory:", "file:memory.db?mode=memory", "带 空格 % ? #.db"] {
        let path = folder.path().join(name);
        drop(begin(&path));
        assert!(fs::metadata(&path).unwrap().len() > 0, "{name}");
    }
}

#[test]
fn a_path_that_cannot_be_a_store_is_refused_with_the_reason() {
    let (folder, path) = place();
    let reason_of = |path: &Path| match refused(path, &OpenOptions::default()) {
        Error::CannotOpen { reason, .. } => reason,
        other => panic!("{other}"),
    };
    assert_eq!(reason_of(folder.path()), "it is a folder; give the path of a file");
    let missing = folder.path().join("no/such.db");
    let expected =
        format!("there is no folder {}; make it first", folder.path().join("no").display());
    assert_eq!(reason_of(&missing), expected);
    assert!(reason_of(Path::new("")).contains("give the path of a file"));
    fs::write(&path, "").unwrap();
    assert!(reason_of(&path.join("below-a-file.db")).contains("check its permissions"));
    assert!(reason_of(&folder.path().join("a\0b")).contains("NUL"));
}

#[test]
fn a_file_that_is_not_sqlite_is_refused_untouched() {
    let (_folder, path) = place();
    for content in ["id,name\n1,tea\n".repeat(100), "x".to_owned(), "SQLite format 3\0".repeat(9)] {
        fs::write(&path, &content).unwrap();
        for options in [OpenOptions::default(), reading()] {
            let error = refused(&path, &options);
            assert_eq!(error, Error::NotADatabase { path: path.clone() });
            assert!(error.to_string().contains("is not a SQLite file"), "{error}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
        assert_eq!(beside(&path), ["memory.db"]);
    }
}

#[test]
fn another_application_s_database_is_refused_untouched() {
    let statements = [
        "CREATE TABLE t(x); INSERT INTO t VALUES (1)",
        "PRAGMA journal_mode = WAL; CREATE TABLE records(id)",
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 1",
    ];
    for statement in statements {
        let (_folder, path) = place();
        Connection::open(&path).unwrap().execute_batch(statement).unwrap();
        let before = fs::read(&path).unwrap();
        let error = refused(&path, &OpenOptions::default());
        assert!(matches!(&error, Error::NotOurs { .. }), "{statement}: {error:?}");
        assert!(error.to_string().contains("its application id is"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before, "{statement}");
        assert_eq!(beside(&path), ["memory.db"], "{statement}");
    }
}

#[test]
fn another_application_s_wal_is_not_folded() {
    let (_folder, path) = place();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t(x)").unwrap();
    let files = [path.clone(), path.with_extension("db-wal")];
    let before = files.clone().map(|file| fs::read(file).unwrap());
    // As after a crash of that application: its WAL is there, but nobody has it open.
    let (_copies, copy) = place();
    let copies = [copy.clone(), copy.with_extension("db-wal")];
    for (from, to) in files.iter().zip(&copies) {
        fs::copy(from, to).unwrap();
    }
    assert!(matches!(refused(&copy, &OpenOptions::default()), Error::NotOurs { .. }));
    assert_eq!(copies.map(|file| fs::read(file).unwrap()), before);
}

#[test]
fn a_store_opened_for_reading_reads_and_refuses_writes() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    write(&store, |tx| put(tx, ns, "a", 1, Insert)).unwrap();
    let reader = Store::open(&path, &reading()).unwrap();
    assert_eq!(all(&reader, ns), all(&store, ns));
    let error = write(&reader, |tx| tx.clear(ns)).unwrap_err();
    assert_eq!(error, Error::ReadOnly { path: path.clone() });
    assert!(error.to_string().contains("open it without `readOnly`"), "{error}");
    write(&store, |tx| put(tx, ns, "b", 1, Insert)).unwrap();
    assert_eq!(reader.changed_lsn().unwrap(), Lsn(3));
    drop(store);
    assert_eq!(all(&reader, ns).len(), 2);
    drop(reader);
    let reader = Store::open(&path, &reading()).unwrap();
    assert_eq!(all(&reader, ns).len(), 2, "also when nobody else has it open");
}

/// As a user without rights, to whom permissions apply, unlike root.
#[test]
#[cfg(unix)]
fn a_file_without_write_permission_can_be_read_but_not_written() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let (folder, path) = place();
    drop(begin(&path));
    fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let root = fs::metadata(folder.path()).unwrap().uid() == 0;
    assert_eq!(as_nobody(root, folder.path(), &path), "write: ReadOnly, read: 1 collection");
    // What the reader has left, as it may not write to the file.
    for name in beside(&path).iter().filter(|name| *name != "memory.db") {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o555)).unwrap();
    assert_eq!(
        as_nobody(root, folder.path(), &path),
        "write: FolderNotWritable, read: FolderNotWritable"
    );
    fs::set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
    assert_eq!(as_nobody(root, folder.path(), &path), "write: CannotOpen, read: CannotOpen");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
}

/// Runs [`open_and_tell`] as nobody if this process is root; what it told.
#[cfg(unix)]
fn as_nobody(root: bool, folder: &Path, path: &Path) -> String {
    use std::os::unix::{fs::PermissionsExt, process::CommandExt};

    let mut command = support::child("open_and_tell", path);
    let copy = tempfile::tempdir().unwrap();
    if root {
        // The build folder may be closed to others.
        let exe = copy.path().join("opening");
        fs::copy(std::env::current_exe().unwrap(), &exe).unwrap();
        fs::set_permissions(copy.path(), Permissions::from_mode(0o755)).unwrap();
        let mut unprivileged = std::process::Command::new(exe);
        unprivileged.args(command.get_args()).env("HIPPOCAMP_STORE_CHILD", path);
        unprivileged.uid(65534).gid(65534).current_dir(folder);
        command = unprivileged;
    }
    let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let told = output.lines().find_map(|line| line.strip_prefix("> "));
    told.unwrap_or_else(|| panic!("{output}")).to_owned()
}

#[test]
#[ignore = "the other process of a_file_without_write_permission_can_be_read_but_not_written"]
fn open_and_tell() {
    let Some(path) = support::child_path() else { return };
    let name = |error: Error| {
        let name = format!("{error:?}");
        name.split(' ').next().unwrap_or_default().to_owned()
    };
    let written = match Store::open(&path, &OpenOptions::default()) {
        Ok(_) => "opened".to_owned(),
        Err(error) => name(error),
    };
    let known = match Store::open(&path, &reading()) {
        Ok(store) => {
            format!("{} collection", collections(&store).len())
        }
        Err(error) => name(error),
    };
    println!("\n> write: {written}, read: {known}");
}

#[test]
fn a_timeout_beyond_what_sqlite_counts_is_cut() {
    let (_folder, path) = place();
    let options = OpenOptions { busy_timeout: Duration::MAX, ..OpenOptions::default() };
    let store = Store::open(&path, &options).unwrap();
    assert_eq!(store.changed_lsn().unwrap(), Lsn(0));
}
