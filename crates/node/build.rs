//! Links the addon as Node.js expects it.
fn main() {
    napi_build::setup();
    // Worker threads of ours may still be running when the last environment that loaded the addon ends
    // (a worker thread of Node.js that is terminated, say): the code under them must stay mapped.
    let target = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if target == "linux" {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
