//! What the kernel says of a running process: memory, processor time, wake-ups.

use crate::fault::{Fault, while_doing};
use std::fs;
use std::time::Duration;

/// A running process by its number.
#[derive(Clone, Copy)]
pub(crate) struct Resident(pub(crate) u32);

/// Memory in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    pub(crate) anonymous: u64,
    pub(crate) peak: u64,
}

/// What all threads together have done so far.
#[derive(Clone, Copy)]
pub(crate) struct Activity {
    pub(crate) cpu: Duration,
    /// How often a thread got the processor.
    pub(crate) wake_ups: u64,
}

impl Resident {
    /// Returns the memory of the process.
    pub(crate) fn memory(self) -> Result<Memory, Fault> {
        let status = self.read("status")?;
        let bytes = |key: &str| -> Result<u64, Fault> {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            let kibibytes = line.and_then(|rest| rest.split_whitespace().next());
            Ok(kibibytes
                .ok_or_else(|| format!("no {key} in the process's status"))?
                .parse::<u64>()?
                * 1024)
        };
        Ok(Memory {
            resident: bytes("VmRSS:")?,
            anonymous: bytes("RssAnon:")?,
            peak: bytes("VmHWM:")?,
        })
    }

    /// Returns processor time and wake-ups of the threads that live.
    pub(crate) fn activity(self) -> Result<Activity, Fault> {
        let mut activity = Activity { cpu: Duration::ZERO, wake_ups: 0 };
        let threads = fs::read_dir(format!("/proc/{}/task", self.0))
            .map_err(while_doing("listing the process's threads"))?;
        for thread in threads {
            // A thread may end while we read.
            let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            let mut fields = text.split_whitespace().map(str::parse::<u64>);
            if let (Some(Ok(running)), Some(_), Some(Ok(slices))) =
                (fields.next(), fields.next(), fields.next())
            {
                activity.cpu += Duration::from_nanos(running);
                activity.wake_ups += slices;
            }
        }
        Ok(activity)
    }

    fn read(self, file: &str) -> Result<String, Fault> {
        fs::read_to_string(format!("/proc/{}/{file}", self.0))
            .map_err(while_doing("reading what the kernel says of the process"))
    }
}
