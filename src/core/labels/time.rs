//! The rows of the labels that say when a container may be updated, and by which instance.

use chrono_tz::Tz;

use crate::core::policy::About;
use crate::core::window::{Blackouts, Schedule, Windows};

use super::table::{set, span};
use super::{Label, OnError};

pub(super) const SCHEDULE: Label = Label {
    name: "docker-auto.schedule",
    values: "five or six cron fields",
    default: "`update.cron`",
    doc: "The times of the container's updates, where it is updated by itself at all: `serve` looks \
          at it then, and no check before updates it. Read in the time zone `TZ`.",
    on_error: OnError::HoldBack(About::Whether),
    read: |patch, text, origin| {
        // The policy that it is laid over knows the time zone.
        let schedule = Schedule::parse(text, Tz::UTC).map_err(|error| error.to_string());
        let schedule = schedule.and_then(|schedule| {
            let often = schedule.is_faster_than_a_minute();
            let cure = || "updates may be a minute apart at least; write one second".to_owned();
            if often { Err(cure()) } else { Ok(schedule) }
        });
        set(&mut patch.schedule, schedule, origin)
    },
};

pub(super) const WINDOW: Label = Label {
    name: "docker-auto.window",
    values: "`DAYS TIMES ZONE`, several with `;` between them, `always`",
    default: "`update.window`",
    doc: "When updates may begin, such as `Mon-Fri 22:00-06:00; Sat,Sun`. A schedule must fall into \
          it; without one `serve` updates as soon as it opens.",
    on_error: OnError::HoldBack(About::Whether),
    read: |patch, text, origin| set(&mut patch.window, Windows::parse(text), origin),
};

pub(super) const BLACKOUT: Label = Label {
    name: "docker-auto.blackout",
    values: "dates, `FIRST..LAST`, separated by commas, `none`",
    default: "`update.blackout`",
    doc: "Days on which no update begins, such as `2026-12-24..2026-12-26`, or every year \
          `12-24..01-02`.",
    on_error: OnError::HoldBack(About::Whether),
    read: |patch, text, origin| set(&mut patch.blackout, Blackouts::parse(text), origin),
};

pub(super) const COOLDOWN: Label = Label {
    name: "docker-auto.cooldown",
    values: "a duration",
    default: "`update.cooldown`",
    doc: "How old an image must be before it is taken: since it was built, or since it was first seen \
          where its date cannot be believed. Only force lifts it.",
    on_error: OnError::HoldBack(About::Whether),
    read: |patch, text, origin| set(&mut patch.cooldown, span(text), origin),
};

pub(super) const SCOPE: Label = Label {
    name: "docker-auto.scope",
    values: "a name, `none`",
    default: "`none`",
    doc: "Whose matter the container is where several instances share a host: see `policy.scope`.",
    on_error: OnError::Ignore,
    read: |patch, text, origin| set(&mut patch.scope, Ok(text.trim().to_owned()), origin),
};
