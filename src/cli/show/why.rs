//! What people decided and how containers are judged, as text.

use std::fmt::Write as _;

use crate::core::rule::Rule;
use crate::core::text::{self, Language};
use crate::http::view::verdict::{PauseView, VerdictView};
use crate::http::view::why::WhyView;
use crate::logging::printable;

/// Returns the chain of a judgement, its reason, cause, end and cure.
pub fn why(view: &WhyView, language: Language) -> String {
    let [asked, because, lifts, cure] = text::of_headings(language);
    let mut shown = format!("{} ({}): {}\n", view.name, view.image, view.reason.message);
    let _ = writeln!(shown, "\n{asked}:");
    for (number, asked) in (1..).zip(&view.chain) {
        let mark = if asked.ended.is_some() { "✗" } else { "✓" };
        let _ = writeln!(shown, "{number:>4}. {mark} {} {}", asked.text, asked.answer);
    }
    let _ = writeln!(shown, "\n{because}: {} [{}]", view.cause.text, view.reason.code);
    let _ = writeln!(shown, "{lifts}: {}", view.lifts.text);
    let _ = writeln!(shown, "{cure}: {}", view.cure);
    shown.lines().map(|line| printable(line) + "\n").collect()
}

/// Returns a person's word, and how the container is judged from now on.
pub fn verdict(view: &VerdictView) -> String {
    let digest = view.candidate.as_ref().map(|candidate| {
        let short = super::short(candidate.digest.as_deref());
        format!(" ({} {short})", candidate.reference)
    });
    let digest = digest.unwrap_or_default();
    let lines =
        [format!("{}{digest}: {}", view.name, view.message), format!("  {}", view.reason.message)];
    lines.iter().map(|line| printable(line) + "\n").collect()
}

/// Returns what is paused, a line for each.
pub fn pauses(views: &[PauseView]) -> String {
    if views.is_empty() {
        return "nothing is paused\n".to_owned();
    }
    let line = |view: &PauseView| {
        printable(&format!(
            "paused: {}, by {} at {}",
            view.message,
            view.by,
            super::moment(view.at)
        ))
    };
    views.iter().map(|view| line(view) + "\n").collect()
}

/// Returns the rules, a line for each, in the order in which they are laid over one another.
pub fn rules(rules: &[Rule]) -> String {
    if rules.is_empty() {
        return "no rules\n".to_owned();
    }
    let line = |rule: &Rule| {
        let matches = serde_json::to_string(&rule.matches).unwrap_or_default();
        let set: Vec<_> = rule.set.iter().map(|(key, value)| format!("{key}={value}")).collect();
        printable(&format!("{} ({}) {matches}: {}", rule.name, rule.priority, set.join(" ")))
    };
    rules.iter().map(|rule| line(rule) + "\n").collect()
}
