//! How many threads can compute at full speed.
//!
//! Two threads of one physical core share its arithmetic units and its caches, and the products of an encoder keep
//! both busy with one. So there is one worker for each core on which this process may run, where Linux tells
//! which processors are of one core; and never more than the standard library counts, which knows of limits that are
//! set to containers.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::Path;
use std::thread;

/// The physical cores that this process may use, at least 1.
pub(crate) fn usable() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let cores = allowed(&status)
        .and_then(|allowed| distinct(Path::new("/sys/devices/system/cpu"), &allowed));
    cores.map_or(processors, |cores| cores.clamp(1, processors))
}

/// The numbers of the processors on which a thread may run, from its status in `/proc`.
fn allowed(status: &str) -> Option<Vec<usize>> {
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    let mut numbers = Vec::new();
    for range in list.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        numbers.extend(first..=last.min(first + 0xffff));
    }
    Some(numbers)
}

/// How many cores these processors are of: each lists those that it shares its core with, itself among them.
fn distinct(processors: &Path, numbers: &[usize]) -> Option<usize> {
    let siblings = |number: &usize| {
        let file = processors.join(format!("cpu{number}/topology/thread_siblings_list"));
        std::fs::read_to_string(file).ok()
    };
    let cores: Option<BTreeSet<String>> = numbers.iter().map(siblings).collect();
    cores.map(|cores| cores.len()).filter(|count| *count > 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn machine(siblings: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (number, siblings) in siblings.iter().enumerate() {
            let topology = folder.path().join(format!("cpu{number}/topology"));
            fs::create_dir_all(&topology).unwrap();
            fs::write(topology.join("thread_siblings_list"), format!("{siblings}\n")).unwrap();
        }
        folder
    }

    #[test]
    fn threads_of_one_core_count_once() {
        let hyperthreads = machine(&["0,4", "1,5", "2,6", "3,7", "0,4", "1,5", "2,6", "3,7"]);
        let cores = |numbers: &[usize]| distinct(hyperthreads.path(), numbers);
        assert_eq!(cores(&[0, 1, 2, 3, 4, 5, 6, 7]), Some(4));
        // Confined to both threads of one core, and to one thread each of two.
        assert_eq!(cores(&[1, 5]), Some(1));
        assert_eq!(cores(&[1, 6]), Some(2));
        let plain = machine(&["0", "1", "2"]);
        assert_eq!(distinct(plain.path(), &[0, 1, 2]), Some(3));
    }

    #[test]
    fn nothing_is_guessed_of_a_machine_that_does_not_tell() {
        let machine = machine(&["0"]);
        assert_eq!(distinct(machine.path(), &[0, 1]), None);
        assert_eq!(distinct(machine.path(), &[]), None);
    }

    #[test]
    fn the_processors_that_are_allowed_are_read() {
        let of = |list: &str| {
            allowed(&format!("Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t{list}\n"))
        };
        assert_eq!(of("0-3,8,10-11"), Some(vec![0, 1, 2, 3, 8, 10, 11]));
        assert_eq!(of("7"), Some(vec![7]));
        assert_eq!(of("a-b"), None);
        assert_eq!(allowed("Name:\tnode\n"), None);
    }

    #[test]
    fn this_machine_has_at_most_as_many_cores_as_processors() {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        assert!((1..=processors).contains(&usable()));
    }
}
