//! Tables for people: aligned, coloured only on a terminal.

pub mod why;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::core::digest::Digest;
use crate::core::event::{PullProgress, What};
use crate::core::history::{HistoryRecord, freed};
use crate::core::id::Timestamp;
use crate::core::plan::OperationKind;
use crate::core::text::{self, Language};
use crate::http::view::container::ContainerView;
use crate::http::view::image::ImageView;
use crate::http::view::operation::OperationView;
use crate::http::view::registry::RegistryView;
use crate::logging::printable;

/// Whether colours may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// A terminal that shows them.
    Yes,
    /// A file, a pipe, or `NO_COLOR`.
    No,
}

const GREEN: &str = "32";
const YELLOW: &str = "33";
const RED: &str = "31";
const DIM: &str = "2";

/// A table: a header, rows of cells, and the colour of each row's second cell.
struct Table {
    header: &'static [&'static str],
    rows: Vec<(Vec<String>, &'static str)>,
}

impl Table {
    /// What stands in a cell was written by whom we do not know: images, labels, registries.
    fn render(mut self, colour: Colour) -> String {
        for cell in self.rows.iter_mut().flat_map(|(cells, _)| cells) {
            *cell = printable(cell);
        }
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|(cells, _)| cells.get(column));
            let longest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
            longest.max(self.header.get(column).map_or(0, |title| title.len()))
        };
        let widths: Vec<usize> = (0..self.header.len()).map(width).collect();
        let mut text = String::new();
        let titles = self.header.iter().map(ToString::to_string).collect::<Vec<_>>();
        line(&mut text, &titles, &widths, (DIM, colour), None);
        for (cells, code) in &self.rows {
            line(&mut text, cells, &widths, (code, colour), Some(1));
        }
        text
    }
}

/// Writes one line; colours the whole of it, or only one cell.
fn line(
    text: &mut String,
    cells: &[String],
    widths: &[usize],
    (code, colour): (&str, Colour),
    only: Option<usize>,
) {
    let last = cells.len().saturating_sub(1);
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let padding = width.saturating_sub(cell.chars().count());
        let painted = colour == Colour::Yes && only.is_none_or(|cell| cell == index);
        if painted {
            let _ = write!(text, "\x1b[{code}m{cell}\x1b[0m");
        } else {
            text.push_str(cell);
        }
        if index < last {
            text.extend(std::iter::repeat_n(' ', padding + 2));
        }
    }
    text.push('\n');
}

/// Returns the table of `check`: name, state, `old → new`, reason; and a line that counts.
pub fn containers(views: &[ContainerView], colour: Colour) -> String {
    let rows = views.iter().map(|view| {
        let change = match &view.candidate {
            Some(candidate) => format!(
                "{} → {}",
                short(view.current_digest.as_deref()),
                short(candidate.digest.as_deref())
            ),
            None => short(view.current_digest.as_deref()).to_owned(),
        };
        let code = paint(&view.status);
        let cells = [&view.name, &view.status, &view.image, &change, &view.reason.message];
        (cells.map(String::clone).to_vec(), code)
    });
    let table = Table {
        header: &["CONTAINER", "STATUS", "IMAGE", "OLD → NEW", "REASON"],
        rows: rows.collect(),
    };
    let count = |status: &str| views.iter().filter(|view| view.status == status).count();
    let mut text = table.render(colour);
    for view in views {
        for problem in &view.problems {
            let _ = writeln!(text, "{}: {}", view.name, printable(problem));
        }
    }
    text.push_str(&waiting_together(views));
    let _ = writeln!(
        text,
        "{} containers: {} up to date, {} outdated, {} skipped, {} errors",
        views.len(),
        count("UpToDate"),
        count("UpdateAvailable"),
        count("Skipped"),
        count("Error")
    );
    text
}

/// Returns a line for each image that several containers wait for.
fn waiting_together(views: &[ContainerView]) -> String {
    let mut waiting: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for view in views {
        if let Some(candidate) = &view.candidate {
            let image = (candidate.reference.as_str(), short(candidate.digest.as_deref()));
            waiting.entry(image).or_default().push(&view.name);
        }
    }
    let several = waiting.iter().filter(|(_, names)| names.len() > 1);
    let line = |((reference, digest), names): (&(&str, &str), &Vec<&str>)| {
        printable(&format!("{reference} {digest}: {} wait for it", names.join(", "))) + "\n"
    };
    several.map(line).collect()
}

/// Returns a line for each registry that said how much it still allows.
pub fn registries(views: &[RegistryView]) -> String {
    views.iter().map(|view| printable(&view.line()) + "\n").collect()
}

/// Returns the table of `images`: reference, status, `before → now`, since when or why not.
pub fn images(views: &[ImageView], language: Language, colour: Colour) -> String {
    if views.is_empty() {
        return format!("{}\n", text::of_nothing_watched(language));
    }
    let rows = views.iter().map(|view| {
        let (before, now) = (view.previous_digest.as_deref(), view.remote_digest.as_deref());
        let details = match (&view.error, view.since) {
            (Some(error), _) => error.message.clone(),
            (None, Some(since)) => text::of_since(&moment(since), language),
            (None, None) => String::new(),
        };
        let change = match before {
            Some(before) => format!("{} → {}", short(Some(before)), short(now)),
            None => short(now).to_owned(),
        };
        (vec![view.reference.clone(), view.status.clone(), change, details], paint(&view.status))
    });
    let header = &["IMAGE", "STATUS", "BEFORE → NOW", "DETAILS"];
    Table { header, rows: rows.collect() }.render(colour)
}

/// Returns the colour of a status.
fn paint(status: &str) -> &'static str {
    match status {
        "UpToDate" => GREEN,
        "UpdateAvailable" => YELLOW,
        "Error" => RED,
        _ => DIM,
    }
}

/// Returns the table of `update` and `rollback`: name, result, reason.
pub fn operations(views: &[OperationView], colour: Colour) -> String {
    if views.is_empty() {
        return "nothing to do\n".to_owned();
    }
    let rows = views.iter().map(|view| {
        let code = match view.exit_code() {
            0 if is_good(&view.result) => GREEN,
            0 if view.result == "held" => YELLOW,
            0 => DIM,
            3 => YELLOW,
            _ => RED,
        };
        let what = match (&view.summary, view.reason.message.as_str()) {
            (Some(summary), "") => summary.clone(),
            (Some(summary), reason) => format!("{summary}: {reason}"),
            (None, reason) => reason.to_owned(),
        };
        (vec![view.name.clone(), view.result.clone(), what], code)
    });
    let table = Table { header: &["CONTAINER", "RESULT", "DETAILS"], rows: rows.collect() };
    let mut text = table.render(colour);
    let notes = views.iter().filter_map(|view| Some((&view.name, view.about_data.as_ref()?)));
    for (name, note) in notes {
        let _ = writeln!(text, "{name}: {}", printable(note));
    }
    text
}

fn is_good(result: &str) -> bool {
    matches!(result, "updated" | "planned" | "rolled_back_by_hand" | "handed_over")
}

/// Returns the table of `history`: when, status, container, change, duration, reason.
pub fn history(records: &[HistoryRecord], name: Option<&str>, colour: Colour) -> String {
    match name {
        Some(name) if records.is_empty() => return format!("no operations of {name}\n"),
        None if records.is_empty() => return "no operations yet\n".to_owned(),
        _ => {}
    }
    let rows = records.iter().map(|record| {
        let status = record.status.as_str();
        let code = match status {
            "success" => GREEN,
            "rollback" => YELLOW,
            _ => RED,
        };
        let cells = vec![
            moment(record.started_at),
            status.to_owned(),
            match record.kind {
                OperationKind::Update => "update",
                OperationKind::Rollback => "rollback",
            }
            .to_owned(),
            record.container.to_string(),
            format!(
                "{} → {}",
                short(record.old_digest.as_ref().map(Digest::as_str)),
                short(record.new_digest.as_ref().map(Digest::as_str))
            ),
            format!("{:.1} s", record.duration_seconds),
            match record.outcome.reason() {
                "" => record.told(),
                reason => {
                    let told = [record.about_data.clone(), freed(&record.removed_images)];
                    let told = std::iter::once(reason.to_owned()).chain(told.into_iter().flatten());
                    told.collect::<Vec<_>>().join("; ")
                }
            },
        ];
        (cells, code)
    });
    let header = &["STARTED", "STATUS", "KIND", "CONTAINER", "OLD → NEW", "TOOK", "DETAILS"];
    Table { header, rows: rows.collect() }.render(colour)
}

/// Returns one line for something that happened on the way; `None` for what is not worth one.
pub fn progress(what: &What) -> Option<String> {
    Some(match what {
        What::OperationStarted { summary } => printable(summary),
        What::OperationWarned { warning } => format!("  warning: {}", printable(warning)),
        What::StepStarted { step } => format!("  {}", printable(step)),
        What::StepFailed { step, error } => format!("  {}: {}", printable(step), printable(error)),
        What::PullProgress(progress) => format!("  pulling {}", pulled(progress)),
        What::HandedOver { helper } => format!("  {helper} goes on with it"),
        _ => return None,
    })
}

/// Returns `12.3 of 40.0 MB, 2 of 5 layers`.
pub fn pulled(progress: &PullProgress) -> String {
    let megabytes = |bytes: u64| {
        let tenths = bytes / 100_000;
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    format!(
        "{} of {} MB, {} of {} layers",
        megabytes(progress.done_bytes),
        megabytes(progress.total_bytes),
        progress.layers_done,
        progress.layers
    )
}

fn moment(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Returns the first twelve digits of a digest or ID, `-` for none.
fn short(digest: Option<&str>) -> &str {
    let Some(digest) = digest else { return "-" };
    let digits = digest.split_once(':').map_or(digest, |(_, digits)| digits);
    digits.get(..12).unwrap_or(digits)
}
