//! What people decided and how containers are judged, as text.

use std::fmt::Write as _;

use crate::core::rule::Rule;
use crate::core::text::{self, Language};
use crate::http::view::hook::HookView;
use crate::http::view::verdict::{ForgottenView, PauseView, VerdictView};
use crate::http::view::why::WhyView;
use crate::logging::printable;

/// Returns the chain of a judgement, its reason, cause, end and cure.
pub fn why(view: &WhyView, language: Language) -> String {
    let [asked, because, lifts, cure] = text::of_headings(language);
    let mut shown = format!("{} ({}): {}\n", view.name, view.image, view.reason.message);
    let about = view.candidate.as_ref().and_then(|candidate| candidate.about(language));
    if let Some(about) = about {
        let _ = writeln!(shown, "  {about}");
    }
    let _ = writeln!(shown, "\n{asked}:");
    for (number, asked) in (1..).zip(&view.chain) {
        let mark = if asked.ended.is_some() { "✗" } else { "✓" };
        let _ = writeln!(shown, "{number:>4}. {mark} {} {}", asked.text, asked.answer);
    }
    let _ = writeln!(shown, "\n{because}: {} [{}]", view.cause.text, view.reason.code);
    let _ = writeln!(shown, "{lifts}: {}", view.lifts.text);
    let _ = writeln!(shown, "{cure}: {}", view.cure);
    if !view.problems.is_empty() {
        let _ = writeln!(shown, "\n{}:", text::of_problems_heading(language));
    }
    for problem in &view.problems {
        // One problem, one line: a label's value may hold more.
        let _ = writeln!(shown, "  {}", printable(problem));
    }
    if !view.hooks.is_empty() {
        let _ = writeln!(shown, "\n{}:", text::of_hooks_heading(language));
    }
    view.hooks.iter().for_each(|ended| hook(&mut shown, ended));
    shown.lines().map(|line| printable(line) + "\n").collect()
}

/// Adds how a hook ended; what it wrote is marked, so that nobody takes it for ours.
fn hook(shown: &mut String, ended: &HookView) {
    let HookView { hook, at, duration_ms, result, text } = ended;
    let (at, tenths) = (super::moment(*at), duration_ms / 100);
    let _ = writeln!(shown, "  {hook} at {at} ({}.{} s): {result}", tenths / 10, tenths % 10);
    for line in text.lines() {
        let _ = writeln!(shown, "    | {line}");
    }
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

/// Returns what is taken back.
pub fn forgotten(view: &ForgottenView, language: Language) -> String {
    printable(&text::of_forgotten(&view.name, &view.forgotten, language)) + "\n"
}

/// Returns what is paused, a line for each.
pub fn pauses(views: &[PauseView], language: Language) -> String {
    if views.is_empty() {
        return format!("{}\n", text::of_no_pause(language));
    }
    let line = |view: &PauseView| {
        let said = (view.by.as_str(), &*super::moment(view.at));
        printable(&text::of_pause(&view.message, said, language))
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
