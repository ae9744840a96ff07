//! The table, in plain text or Markdown, and the raw runs as lines of JSON.

use crate::clock::unix_now;
use crate::fault::{Fault, while_doing};
use crate::figure::{Column, Line};
use chrono::DateTime;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// How the table is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Text,
    Markdown,
}

/// All that a run of the benchmark has to say.
pub(crate) struct Report {
    lines: Vec<Line>,
    notes: Vec<String>,
    broken: Vec<String>,
    raw: Option<File>,
    load: String,
}

impl Report {
    /// Returns an empty report; raw runs go to a file if there is a path.
    pub(crate) fn new(raw: Option<&Path>) -> Result<Self, Fault> {
        let raw = raw
            .map(|path| {
                let doing = format!("creating {}", path.display());
                File::create(path).map_err(while_doing(&doing))
            })
            .transpose()?;
        Ok(Self { lines: Vec::new(), notes: Vec::new(), broken: Vec::new(), raw, load: load() })
    }

    pub(crate) fn add(&mut self, line: Line) {
        progress(&format!("{}: {} (goal {}, met {})", line.name, line.value, line.goal, line.met));
        self.lines.push(line);
    }

    /// Adds a sentence below the table.
    pub(crate) fn note(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        progress(&sentence);
        self.notes.push(sentence);
    }

    /// Adds a line of counts and remembers what is wrong with them.
    pub(crate) fn gate(&mut self, line: Line, wrong: Vec<String>) {
        for wrong in wrong {
            // The same in every run is said once.
            if !self.broken.contains(&wrong) {
                self.broken.push(wrong);
            }
        }
        self.add(line);
    }

    /// Writes one run down.
    pub(crate) fn raw(&mut self, part: &str, mut run: Value) -> Result<(), Fault> {
        if let Some(file) = &mut self.raw {
            run["part"] = json!(part);
            run["load"] = json!(load());
            writeln!(file, "{run}").map_err(while_doing("writing the raw runs"))?;
        }
        Ok(())
    }

    /// Prints everything; returns whether all gates hold.
    pub(crate) fn print(&self, style: Style, subject: &str) -> Result<bool, Fault> {
        let mut out = io::stdout().lock();
        let head = ["figure".to_owned(), "value (least–most)".to_owned()];
        let columns = Column::ALL.map(|column| column.title().to_owned());
        let tail = ["goal".to_owned(), "met".to_owned()];
        let mut rows = vec![[&head[..], &columns[..], &tail[..]].concat()];
        for line in &self.lines {
            let head = [line.name.clone(), line.value.clone()];
            let tail = [line.goal.clone(), line.met.to_owned()];
            rows.push([&head[..], &line.beside[..], &tail[..]].concat());
        }
        match style {
            Style::Markdown => markdown(&mut out, &rows)?,
            Style::Text => text(&mut out, &rows)?,
        }
        writeln!(
            out,
            "\n{subject}\n{}; load average before {}, after {}.",
            machine(),
            self.load,
            load()
        )?;
        for note in &self.notes {
            writeln!(out, "{note}")?;
        }
        for broken in &self.broken {
            writeln!(out, "Broken gate: {broken}")?;
        }
        Ok(self.broken.is_empty())
    }
}

fn markdown(out: &mut impl Write, rows: &[Vec<String>]) -> io::Result<()> {
    for (number, row) in rows.iter().enumerate() {
        writeln!(out, "| {} |", row.join(" | "))?;
        if number == 0 {
            writeln!(out, "|{}", "---|".repeat(row.len()))?;
        }
    }
    Ok(())
}

fn text(out: &mut impl Write, rows: &[Vec<String>]) -> io::Result<()> {
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).map(width).collect();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// Says on the standard error what is going on.
pub(crate) fn progress(text: &str) {
    // Nobody may be listening.
    writeln!(io::stderr(), "{text}").ok();
}

/// Returns the load averages of the last one, five and fifteen minutes.
fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

fn machine() -> String {
    let seconds = i64::try_from(unix_now().as_secs()).unwrap_or_default();
    let now = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{}, {cores} cores of {name}, Linux {}",
        now.format("%Y-%m-%d %H:%M UTC"),
        kernel.trim()
    )
}

/// Prints a line on the standard output.
pub(crate) fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}
