//! The choice of a level by environment variable. It is made once in a process, so each case runs this test again as a
//! process of its own.

use std::process::{Command, Output};

use hippocamp_simd::{Kernels, Level};

const VARIABLE: &str = "HIPPOCAMP_CPU";

#[test]
#[ignore = "run by the other tests as a child process"]
fn report() {
    match Kernels::detect() {
        Ok(kernels) => println!("level: {}", kernels.level()),
        Err(error) => println!("error: {error}"),
    }
}

fn run(level: Option<&str>) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["report", "--exact", "--ignored", "--nocapture"]).env_remove(VARIABLE);
    if let Some(level) = level {
        command.env(VARIABLE, level);
    }
    let Output { stdout, status, .. } = command.output().unwrap();
    assert!(status.success());
    String::from_utf8(stdout).unwrap()
}

#[test]
fn without_the_variable_the_best_level_is_chosen() {
    let best = Level::all_available().pop().unwrap();
    assert!(run(None).contains(&format!("level: {best}")));
    assert!(run(Some("")).contains(&format!("level: {best}")));
}

#[test]
fn the_variable_forces_each_level_that_there_is() {
    for level in Level::all_available() {
        assert!(run(Some(level.as_str())).contains(&format!("level: {level}")));
    }
}

#[test]
fn an_unknown_level_is_refused_by_name() {
    let said = run(Some("avx9"));
    assert!(
        said.contains("error: there is no CPU level \"avx9\": this CPU has \"scalar\""),
        "{said}"
    );
}

#[test]
fn a_level_that_this_cpu_does_not_have_is_refused_by_name() {
    let missing: Vec<Level> =
        Level::ALL.into_iter().filter(|level| !level.is_available()).collect();
    assert!(!missing.is_empty(), "no CPU has the vectors of two architectures");
    for level in missing {
        let said = run(Some(level.as_str()));
        let expected =
            format!("error: this CPU does not have the level \"{level}\": it has \"scalar\"");
        assert!(said.contains(&expected), "{said}");
        assert!(Kernels::at(level).is_err());
    }
}
