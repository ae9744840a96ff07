//! size: the binary, and the image that would hold nothing else.

use crate::elf::Elf;
use crate::fault::{Fault, while_doing};
use crate::figure::{Figure, Goal, Line, Unit, float};
use crate::harness::Harness;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Measures the file, and what gzip (as registries do) and zstd make of it.
pub(crate) fn run(harness: &mut Harness) -> Result<(), Fault> {
    let path = harness.product.path()?.to_owned();
    let file = fs::read(&path).map_err(while_doing("reading the binary"))?;
    let megabytes = |length: usize| float(length / 1000) / 1000.0;
    let name = if Elf::parse(&file)?.fixed { "binary, static" } else { "binary, NOT static" };
    let figure = Figure::new(name, Unit::Megabytes, vec![megabytes(file.len())]);
    harness.report.add(figure.goal(Goal::AtMost(14.0)).line());
    for (tool, arguments, goal) in
        [("gzip", ["-6", "-c"], Some(7.0)), ("zstd", ["-19", "-c"], None)]
    {
        let name = format!("image of it, compressed with {tool}");
        match compressed(tool, &arguments, &path) {
            Ok(length) => {
                let mut figure = Figure::new(name, Unit::Megabytes, vec![megabytes(length)]);
                figure.goal = goal.map(Goal::AtMost);
                harness.report.add(figure.line());
            }
            Err(fault) => harness.report.add(Line::skipped(&name, &fault.to_string())),
        }
    }
    Ok(())
}

fn compressed(tool: &str, arguments: &[&str], file: &Path) -> Result<usize, Fault> {
    let doing = format!("running {tool}");
    let output = Command::new(tool)
        .args(arguments)
        .arg(file)
        .stdin(Stdio::null())
        .output()
        .map_err(while_doing(&doing))?;
    if output.status.success() {
        return Ok(output.stdout.len());
    }
    Err(format!("{doing}: {}", output.status).into())
}
