//! Where a time on the wall clock falls in a time zone whose clocks are changed.

use chrono::{
    LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeDelta, TimeZone as _,
};
use chrono_tz::Tz;

use crate::core::id::Timestamp;

/// What a wall-clock time stands for.
pub(super) enum Place {
    /// A moment.
    Once(Timestamp),
    /// Two moments: the clock was set back.
    Twice { first: Timestamp, second: Timestamp },
    /// None, the clock was set forward; this is the first moment after it.
    AfterGap(Timestamp),
}

/// Offsets from UTC are shorter than a day.
const FARTHEST: TimeDelta = TimeDelta::days(1);

/// Returns what a wall-clock time stands for; `None` at the ends of the calendar.
pub(super) fn place(zone: Tz, local: NaiveDateTime) -> Option<Place> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => Some(Place::Once(at.to_utc())),
        LocalResult::Ambiguous(one, other) => {
            let (one, other) = (one.to_utc(), other.to_utc());
            Some(Place::Twice { first: one.min(other), second: one.max(other) })
        }
        LocalResult::None => {
            let before = local.and_utc().checked_sub_signed(FARTHEST)?;
            let after = local.and_utc().checked_add_signed(FARTHEST)?;
            Some(Place::AfterGap(first(before, after, |at| self::local(zone, at) > local)))
        }
    }
}

/// Returns the first moment of a day; `None` at the ends of the calendar.
pub(super) fn day_start(zone: Tz, day: NaiveDate) -> Option<Timestamp> {
    match place(zone, day.and_time(NaiveTime::MIN))? {
        Place::Once(start) | Place::AfterGap(start) | Place::Twice { first: start, .. } => {
            Some(start)
        }
    }
}

/// Returns the wall clock's time at a moment.
pub(super) fn local(zone: Tz, at: Timestamp) -> NaiveDateTime {
    let utc = at.naive_utc();
    let offset = zone.offset_from_utc_datetime(&utc).fix();
    utc.checked_add_offset(offset).unwrap_or(utc)
}

/// Returns the wall-clock time at which an hour's second pass begins, if `at` is in the first.
pub(super) fn second_pass(zone: Tz, at: Timestamp) -> Option<NaiveDateTime> {
    let Some(Place::Twice { first: early, second: late }) = place(zone, local(zone, at)) else {
        return None;
    };
    let offset = |at: Timestamp| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    let before = offset(early);
    (at == early).then(|| local(zone, first(early, late, |at| offset(at) != before)))
}

/// Returns the moment between two others at which the clocks are changed, if they are.
pub(super) fn change(zone: Tz, from: Timestamp, to: Timestamp) -> Option<Timestamp> {
    let offset = |at: Timestamp| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    let before = offset(from);
    (offset(to) != before).then(|| first(from, to, |at| offset(at) != before))
}

/// Returns the first whole second after `before`, and at the latest `after`, for which a condition
/// holds that once it holds stays.
fn first(before: Timestamp, after: Timestamp, holds: impl Fn(Timestamp) -> bool) -> Timestamp {
    let start = before.timestamp();
    let (mut low, mut high) = (start, after.timestamp());
    let moment = |second| Timestamp::from_timestamp(second, 0).unwrap_or(after);
    while high - low > 1 {
        let middle = low.midpoint(high);
        if holds(moment(middle)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    moment(high)
}
