//! The container that this program runs in, as it can be seen from inside.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use crate::config::Config;
use crate::core::id::ContainerId;
use crate::core::ourselves::{Needs, Place};
use crate::docker::Address;
use crate::engine::ourselves::Own;

/// The digits of an ID, and those that an engine makes a hostname of.
const ID: usize = 64;
const SHORT_ID: usize = 12;
/// The folder in which an engine has one for each container.
const CONTAINERS: &str = "/containers/";

/// Returns the container, if this is one; the engine is still to confirm it.
pub(super) fn own(config: &Config, address: &Address) -> Option<Own> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let container = found(&Seen {
        mounts: &read("/proc/self/mountinfo"),
        groups: &read("/proc/self/cgroup"),
        hostname: &read("/proc/sys/kernel/hostname"),
    })?;
    let program = fs::read_link("/proc/self/exe").ok()?;
    let command = read("/proc/self/cmdline").split_terminator('\0').map(str::to_owned).collect();
    let mut access = Vec::new();
    if let Address::Socket(path) = address {
        access.push(place(path));
    }
    if let (Address::Tls { .. }, Some(folder)) = (address, &config.docker.cert_path) {
        access.push(place(folder));
    }
    let needs = Needs { data: place(&config.data), access, loopback: is_loopback(address) };
    let (program, file) = (program.display().to_string(), config.file.clone());
    Some(Own { container, command, program, file, needs })
}

fn is_loopback(address: &Address) -> bool {
    let (Address::Plain { host, .. } | Address::Tls { host, .. }) = address else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A mount is known by the path that was asked for, which may lead over links.
fn place(path: &Path) -> Place {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    [path, &real].map(|path| path.display().to_string()).to_vec()
}

/// What tells a process where it is.
struct Seen<'a> {
    mounts: &'a str,
    groups: &'a str,
    hostname: &'a str,
}

/// The engine mounts files of its own into every container, from a folder that is named after it, or
/// after the one whose network it lives in; where it does not, the control group has the name, or the
/// hostname.
fn found(seen: &Seen<'_>) -> Option<ContainerId> {
    let hostname = seen.hostname.trim();
    let short = || (hostname.len() == SHORT_ID && is_hexadecimal(hostname)).then_some(hostname);
    let in_groups = || seen.groups.lines().find_map(of_group);
    let id = seen.mounts.lines().find_map(of_mount).or_else(in_groups).or_else(short)?;
    Some(ContainerId::new(id))
}

fn of_mount(line: &str) -> Option<&str> {
    // A folder above the engine's own may have the same name.
    line.match_indices(CONTAINERS).find_map(|(at, _)| {
        let (id, file) = line.get(at + CONTAINERS.len()..)?.split_once('/')?;
        let ours = ["hostname", "hosts", "resolv.conf"].iter().any(|own| file.starts_with(own));
        (is_id(id) && ours).then_some(id)
    })
}

/// As in `…:/docker/<id>` and `…/docker-<id>.scope`.
fn of_group(line: &str) -> Option<&str> {
    let (_, last) = line.rsplit_once('/')?;
    let last = last.strip_suffix(".scope").unwrap_or(last);
    let id = last.rsplit_once('-').map_or(last, |(_, id)| id);
    is_id(id).then_some(id)
}

fn is_id(text: &str) -> bool {
    text.len() == ID && is_hexadecimal(text)
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_container_is_read_from_what_surrounds_us() {
        let (a, b) = ("a".repeat(ID), "b".repeat(ID));
        let mount = |path: &str| format!("1 2 8:1 {path} /etc/hostname rw - ext4 /dev/sda rw");
        let hostname = "cccccccccccc";
        for (mounts, groups, name, expected) in [
            (
                mount(&format!("/docker/containers/{a}/hostname")),
                format!("0::/docker/{b}"),
                hostname,
                &*a,
            ),
            (mount(&format!("/srv/containers/docker/containers/{a}/hosts")), String::new(), "", &a),
            (mount(&format!("/data/containers/{a}/mounts/shm")), format!("0::/docker/{b}"), "", &b),
            (mount("/containers/short/hostname"), format!("1:cpu:/docker-{b}.scope\n"), "", &b),
            (mount("/"), "0::/".to_owned(), hostname, hostname),
            (mount("/"), "0::/system.slice/docker.service".to_owned(), "host", ""),
            (String::new(), String::new(), "cccccccccccg", ""),
        ] {
            let seen = Seen { mounts: &mounts, groups: &groups, hostname: &format!("{name}\n") };
            let id = found(&seen);
            assert_eq!(id.as_ref().map_or("", ContainerId::as_str), expected, "{mounts} {groups}");
        }
    }

    #[test]
    fn a_loopback_address_is_known() {
        for (host, expected) in [
            ("127.0.0.1", true),
            ("127.9.0.1", true),
            ("localhost", true),
            ("[::1]", true),
            ("proxy", false),
            ("172.17.0.1", false),
        ] {
            let address = Address::Plain { host: host.to_owned(), port: 2375 };
            assert_eq!(is_loopback(&address), expected, "{host}");
        }
        assert!(!is_loopback(&Address::Socket("/var/run/docker.sock".into())));
    }

    #[test]
    fn a_place_is_written_in_all_its_ways() {
        let folder = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(folder.path()).unwrap();
        let link = real.join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let shown = [&link, &real].map(|path| path.display().to_string());
        assert_eq!(place(&link), shown);
        assert_eq!(place(Path::new("/gone")), ["/gone", "/gone"]);
    }
}
