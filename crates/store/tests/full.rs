//! Full and failing disks: a write that cannot be brought to disk leaves the old state, readable.
//!
//! A full disk is a small file system of its own (root on Linux can mount one); a failing one is
//! the limit on the size of files that a process may write, past which the kernel refuses.

#![cfg(target_os = "linux")]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use hippocamp_store::{
    Error, Lsn, NamespaceId, NewRow, OpenOptions,
    PutMode::{Insert, Upsert},
    Row, Store,
};
use support::{all, begin, collections, lsn, open, place, put, read, vector, write};

/// A file system of some size, unmounted at the end.
struct Disk(tempfile::TempDir);

impl Disk {
    /// `None`, and a line on the terminal, where mounting is not allowed.
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        eprintln!("skipped: mounting a small file system needs root");
        None
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("memory.db")
    }

    fn remount(&self, options: &str) {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,{options}")])
            .arg(self.0.path())
            .status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

/// Puts new records of 100 KB until it fails; how many went in, and the error.
fn fill(store: &Store, ns: NamespaceId) -> (u32, Error) {
    let text = "x".repeat(100_000);
    let there = all(store, ns).len();
    for step in 0..1000 {
        let key = format!("filler {there} {step}");
        let new = NewRow { key: &key, text: Some(&text), meta: None, vectors: &vector(step) };
        if let Err(error) = write(store, |tx| tx.put(ns, &new, 0, Insert)) {
            return (step, error);
        }
    }
    panic!("the disk never got full");
}

#[test]
fn a_full_disk_leaves_the_old_state_and_is_survived() {
    let Some(disk) = Disk::mount("2m") else { return };
    let path = disk.path();
    let (store, ns) = begin(&path);
    write(&store, |tx| put(tx, ns, "first", 1, Insert)).unwrap();
    let (filled, error) = fill(&store, ns);
    assert_eq!(error, Error::DiskFull { path: path.clone() });
    let expected = format!(
        "no space is left for {}: free some and try again; nothing was changed",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    assert!(filled > 2);
    let seen = |store: &Store| (all(store, ns).len() as u32, lsn(store).0);
    assert_eq!(seen(&store), (filled + 1, i64::from(filled) + 2));
    assert_eq!(read(&store, |tx| tx.count(ns)).unwrap(), u64::from(filled) + 1);

    // Again and again, alone or as a step beside one that fits.
    for _ in 0..3 {
        let (more, error) = fill(&store, ns);
        assert_eq!((more, error), (0, Error::DiskFull { path: path.clone() }));
    }
    let big = "x".repeat(5_000_000);
    let result = write(&store, |tx| {
        let new = NewRow { key: "big", text: Some(&big), meta: None, vectors: &vector(0) };
        let step = tx.savepoint(|tx| tx.put(ns, &new, 0, Insert).map(|_| ()));
        tx.savepoint(|tx| put(tx, ns, "small", 1, Insert))?;
        Ok(step)
    });
    assert!(matches!(result, Err(Error::DiskFull { .. })), "{result:?}");

    // Opened again on the full disk, then with space.
    let before = all(&store, ns);
    drop(store);
    let reopened = |options: &OpenOptions| Store::open(&path, options).map(|store| all(&store, ns));
    let reading = OpenOptions { read_only: true, ..OpenOptions::default() };
    for options in [OpenOptions::default(), reading] {
        match reopened(&options) {
            Ok(rows) => assert_eq!(rows, before),
            Err(error) => assert_eq!(error, Error::DiskFull { path: path.clone() }),
        }
    }
    disk.remount("size=20m");
    let store = open(&path);
    assert_eq!(all(&store, ns), before);
    write(&store, |tx| put(tx, ns, "after", 1, Insert)).unwrap();
    assert_eq!(all(&store, ns).len(), before.len() + 1);
    store.close().unwrap();
    support::assert_sound(&path);
}

#[test]
fn space_freed_while_the_store_is_open_is_used() {
    let Some(disk) = Disk::mount("2m") else { return };
    let path = disk.path();
    let (store, ns) = begin(&path);
    let (filled, error) = fill(&store, ns);
    assert!(matches!(error, Error::DiskFull { .. }), "{error:?}");
    disk.remount("size=20m");
    write(&store, |tx| put(tx, ns, "after", 1, Insert)).unwrap();
    assert_eq!(all(&store, ns).len() as u32, filled + 1);
}

#[test]
fn a_store_that_cannot_be_made_for_lack_of_space_is_made_later() {
    let Some(disk) = Disk::mount("64k") else { return };
    let path = disk.path();
    let error = Store::open(&path, &OpenOptions::default()).err().unwrap();
    assert_eq!(error, Error::DiskFull { path: path.clone() });
    disk.remount("size=2m");
    let (store, ns) = begin(&path);
    write(&store, |tx| put(tx, ns, "a", 1, Insert)).unwrap();
}

#[test]
fn a_file_system_mounted_for_reading_is_reported() {
    let Some(disk) = Disk::mount("2m") else { return };
    let path = disk.path();
    drop(begin(&path));
    disk.remount("ro");
    let reading = OpenOptions { read_only: true, ..OpenOptions::default() };
    for options in [OpenOptions::default(), reading] {
        let error = Store::open(&path, &options).err().unwrap();
        assert_eq!(error, Error::FolderNotWritable { path: path.clone() });
    }
    let new = Store::open(&path.with_file_name("new.db"), &OpenOptions::default());
    assert!(matches!(new.err(), Some(Error::CannotOpen { .. })));
    disk.remount("rw");
    assert_eq!(collections(&open(&path)).len(), 1);
}

/// The kernel answers the write of a commit with an error other than "no space": from then on what
/// the file holds is unknown to this process, so it writes no more, even when the cause is gone.
#[test]
fn after_an_i_o_error_in_a_commit_the_store_takes_no_more_writes() {
    if Command::new("prlimit").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("skipped: there is no prlimit to make the kernel refuse a write with");
        return;
    }
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    write(&store, |tx| put(tx, ns, "before", 1, Insert)).unwrap();
    drop(store);
    let child = support::child("write_past_the_limit", &path);
    // Without the trap the kernel would kill the process instead of answering with an error.
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; exec prlimit --fsize=300000:unlimited \"$0\" \"$@\""])
        .arg(child.get_program())
        .args(child.get_args())
        .env("HIPPOCAMP_STORE_CHILD", &path);
    let output = limited.output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("> done"), "{told}");

    let store = open(&path);
    let rows: Vec<Row> = all(&store, ns);
    let acknowledged: usize = told
        .lines()
        .find_map(|line| line.strip_prefix("> acknowledged "))
        .and_then(|count| count.parse().ok())
        .unwrap();
    assert_eq!(rows.len(), acknowledged);
    write(&store, |tx| put(tx, ns, "after", 1, Upsert)).unwrap();
    store.close().unwrap();
    support::assert_sound(&path);
}

#[test]
#[ignore = "the process with the limit"]
fn write_past_the_limit() {
    let Some(path) = support::child_path() else { return };
    let store = open(&path);
    let ns = write(&store, support::default_namespace).unwrap();
    let (filled, error) = fill(&store, ns);
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    assert!(error.to_string().contains("disk I/O failed on"), "{error}");
    let before = all(&store, ns);
    assert_eq!(before.len() as u32, filled + 1);

    let refused = |store: &Store| write(store, |tx| put(tx, ns, "after", 1, Upsert)).unwrap_err();
    let error = refused(&store);
    assert!(matches!(&error, Error::ReadOnlyAfterFailure { .. }), "{error:?}");
    assert!(error.to_string().contains("takes no more writes"), "{error}");
    let pid = std::process::id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status();
    assert!(raised.unwrap().success());
    assert_eq!(refused(&store), error, "also when the cause is gone");
    assert_eq!(all(&store, ns), before, "reads go on");
    assert_eq!(lsn(&store), Lsn(i64::from(filled) + 2));
    store.close().unwrap();
    println!("\n> acknowledged {}", before.len());
    assert_wal_is_left(&path);
    println!("> done");
}

/// Closing after a failure leaves the WAL for the next opening to check.
fn assert_wal_is_left(path: &Path) {
    assert!(fs::metadata(path.with_extension("db-wal")).unwrap().len() > 0);
}
