//! Who we are to the system, and to whom we may give a file.

/// The bits of `CAP_CHOWN` and `CAP_FOWNER`: to give a file away, and to set its mode afterwards.
const GIVE: u64 = 1;
const SET_MODE: u64 = 1 << 3;

/// What the kernel tells of our process.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Owner {
    user: u32,
    groups: Vec<u32>,
    capabilities: u64,
}

impl Owner {
    /// Reads `/proc/self/status`; `None` where it tells something else.
    pub(super) fn read(status: &str) -> Option<Self> {
        let line = |name: &str| {
            let mut lines = status.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(known, _)| *known == name).map(|(_, value)| value.trim())
        };
        // The fourth is the one that new files have.
        let file_system = |name: &str| line(name)?.split_whitespace().nth(3)?.parse().ok();
        let groups = line("Groups")?.split_whitespace().filter_map(|group| group.parse().ok());
        Some(Self {
            user: file_system("Uid")?,
            groups: groups.chain([file_system("Gid")?]).collect(),
            capabilities: u64::from_str_radix(line("CapEff")?, 16).ok()?,
        })
    }

    /// Says whether a new file can belong to a user and a group.
    pub(super) fn may_give(&self, user: u32, group: u32) -> bool {
        let may = |needed: u64| self.capabilities & needed == needed;
        if user == self.user {
            self.groups.contains(&group) || may(GIVE)
        } else {
            may(GIVE | SET_MODE)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_given_to_whom_the_kernel_allows() {
        let status = |user: u32, capabilities: &str| {
            format!(
                "Name:\tx\nUid:\t{user}\t{user}\t{user}\t{user}\nGid:\t7\t7\t7\t7\n\
                 Groups:\t8 9 \nCapEff:\t{capabilities}\n"
            )
        };
        let all = "000001ffffffffff";
        for (user, capabilities, to, expected) in [
            (0, all, (1000, 1000), true),
            (0, "0000000000000000", (1000, 7), false),
            (0, "0000000000000001", (1000, 7), false),
            (0, "0000000000000009", (1000, 1000), true),
            (1000, "0000000000000000", (1000, 7), true),
            (1000, "0000000000000000", (1000, 9), true),
            (1000, "0000000000000000", (1000, 10), false),
            (1000, "0000000000000000", (0, 7), false),
        ] {
            let we = Owner::read(&status(user, capabilities)).unwrap();
            assert_eq!(we.may_give(to.0, to.1), expected, "{user} {capabilities} {to:?}");
        }
        assert_eq!(Owner::read("Uid:\t0\n"), None);
    }
}
