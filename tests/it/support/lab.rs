//! The lab that `tests/run` and `tests/lab/up` start, as its variables describe it.

use std::env;
use std::path::PathBuf;
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// What the variables of the lab say.
#[derive(Debug)]
pub(crate) struct Lab {
    /// Its folder, which goes with it.
    pub(crate) dir: PathBuf,
    /// The address of its own end of the switch, where registries and test servers listen.
    pub(crate) address: String,
    /// Certificates and keys: `ca.crt`, `foreign-ca.crt`, `server.crt`, `client/` and more.
    pub(crate) pki: PathBuf,
    /// The command line client of the newest engine, and its configuration with plugins.
    pub(crate) client: PathBuf,
    pub(crate) client_config: PathBuf,
}

/// Returns the lab, if the tests run in one.
pub(crate) fn lab() -> Option<&'static Lab> {
    static LAB: OnceLock<Option<Lab>> = OnceLock::new();
    LAB.get_or_init(|| {
        Some(Lab {
            dir: variable("LAB_DIR")?.into(),
            address: variable("LAB_ADDRESS")?,
            pki: variable("LAB_PKI")?.into(),
            client: variable("LAB_CLIENT")?.into(),
            client_config: variable("LAB_CLIENT_CONFIG")?.into(),
        })
    })
    .as_ref()
}

/// Returns the lab for a test that has checked with `needs!(lab)` that there is one.
pub(crate) fn the_lab() -> &'static Lab {
    lab().expect("a test that uses the lab begins with needs!(lab)")
}

/// Returns an environment variable.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var_os(name)?.into_string().ok()
}

/// Returns the value of a variable that every lab sets.
pub(crate) fn lab_variable(name: &str) -> String {
    variable(name).unwrap_or_else(|| panic!("the lab does not set {name}"))
}

/// Returns the path of a script of the lab.
pub(crate) fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/lab").join(name)
}

/// Returns a prefix for names of repositories, containers, networks and volumes that no other test has,
/// and that no other prefix begins with.
pub(crate) fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("t-{}-{:04}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Returns why a test that needs the lab is skipped; panics where that is not allowed.
pub(crate) fn missing_lab() -> Option<&'static str> {
    if lab().is_some() {
        return None;
    }
    assert!(
        variable("CI").as_deref() != Some("true"),
        "CI=true must not skip a test: run it by tests/run"
    );
    Some("no lab; tests/run starts one")
}

/// Ends a test early, saying so, on a machine that lacks what it needs; panics there if `CI=true`.
macro_rules! needs {
    (lab) => {
        if let Some(why) = $crate::support::lab::missing_lab() {
            println!("skipped: {why}");
            return;
        }
    };
}
pub(crate) use needs;
