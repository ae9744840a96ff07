//! How far a pull is, added up over its layers from the lines of either image store.

use std::collections::HashMap;

use bollard::models::CreateImageInfo;

use crate::core::event::PullProgress;

/// The layers that the engine has spoken of.
#[derive(Debug, Default)]
pub(super) struct Layers(HashMap<String, Layer>);

#[derive(Debug, Default)]
struct Layer {
    arrived: u64,
    size: u64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Arriving,
    Arrived,
    Done,
}

impl Layers {
    /// Reads one line; those that speak of no layer change nothing.
    pub(super) fn read(&mut self, line: &CreateImageInfo) {
        let (Some(id), Some(status)) = (&line.id, &line.status) else { return };
        let detail = line.progress_detail.as_ref();
        let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
        let current = number(detail.and_then(|detail| detail.current));
        let total = number(detail.and_then(|detail| detail.total)).filter(|total| *total > 0);
        let stage = match status.as_str() {
            "Pulling fs layer" | "Waiting" | "Downloading" | "Retrying" => Stage::Arriving,
            "Verifying Checksum" | "Download complete" | "Extracting" => Stage::Arrived,
            "Pull complete" | "Already exists" => Stage::Done,
            text if text.starts_with("Retrying in") => Stage::Arriving,
            _ => return,
        };
        let layer = self.0.entry(id.clone()).or_default();
        layer.stage = stage;
        layer.size = total.unwrap_or(layer.size);
        // While extracting, the containerd store counts seconds there.
        if status == "Downloading" {
            layer.arrived = current.unwrap_or(layer.arrived);
        }
    }

    /// Returns the sum.
    pub(super) fn progress(&self) -> PullProgress {
        let mut sum = PullProgress::default();
        for layer in self.0.values() {
            sum.layers += 1;
            sum.layers_done += u32::from(layer.stage == Stage::Done);
            sum.total_bytes += layer.size;
            sum.done_bytes += match layer.stage {
                Stage::Arriving => layer.arrived.min(layer.size),
                Stage::Arrived | Stage::Done => layer.size,
            };
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads lines as they come over the wire and returns what is known after each.
    fn check(lines: &str, expected: &[(u64, u64, u32, u32)]) {
        let mut layers = Layers::default();
        let seen: Vec<_> = lines
            .lines()
            .map(|line| {
                layers.read(&serde_json::from_str(line).unwrap());
                let now = layers.progress();
                (now.done_bytes, now.total_bytes, now.layers_done, now.layers)
            })
            .collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn graph_driver_lines_are_added_up() {
        check(
            r#"{"status":"Pulling from a/b","id":"1.0"}
{"status":"Pulling fs layer","progressDetail":{},"id":"l1"}
{"status":"Already exists","progressDetail":{},"id":"l2"}
{"status":"Downloading","progressDetail":{"current":10,"total":100},"progress":"[> ]","id":"l1"}
{"status":"Retrying in 5 seconds","progressDetail":{},"id":"l1"}
{"status":"Downloading","progressDetail":{"current":60,"total":100},"id":"l1"}
{"status":"Verifying Checksum","progressDetail":{},"id":"l1"}
{"status":"Extracting","progressDetail":{"current":5,"total":100},"id":"l1"}
{"status":"Pull complete","progressDetail":{},"id":"l1"}
{"status":"Digest: sha256:00"}
{"status":"Status: Downloaded newer image for a/b:1.0"}"#,
            &[
                (0, 0, 0, 0),
                (0, 0, 0, 1),
                (0, 0, 1, 2),
                (10, 100, 1, 2),
                (10, 100, 1, 2),
                (60, 100, 1, 2),
                (100, 100, 1, 2),
                (100, 100, 1, 2),
                (100, 100, 2, 2),
                (100, 100, 2, 2),
                (100, 100, 2, 2),
            ],
        );
    }

    #[test]
    fn containerd_seconds_are_no_bytes() {
        check(
            r#"{"status":"Pulling fs layer","progressDetail":{},"id":"l1"}
{"status":"Downloading","progressDetail":{"current":7,"total":50},"id":"l1"}
{"status":"Download complete","progressDetail":{"hidecounts":true},"id":"l1"}
{"status":"Extracting","progressDetail":{"current":3,"units":"s"},"id":"l1"}
{"status":"Pull complete","progressDetail":{"hidecounts":true},"id":"l1"}"#,
            &[(0, 0, 0, 1), (7, 50, 0, 1), (50, 50, 0, 1), (50, 50, 0, 1), (50, 50, 1, 1)],
        );
    }
}
