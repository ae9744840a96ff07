//! The clock: real, or set by a test.

use std::time::Duration;

use tokio::sync::watch;

use crate::core::id::Timestamp;

/// The longest sleep without a look at the wall clock, so that a suspended machine or a clock that
/// was put right delays nothing for longer.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// A clock that is kept right may go back by so much without being set back.
const SLEWED: Duration = Duration::from_secs(1);

/// Where the time comes from; clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Real,
    Settable(watch::Sender<Timestamp>),
}

impl Clock {
    /// Returns the machine's own clock.
    pub fn real() -> Self {
        Self(Source::Real)
    }

    /// Returns a clock that stands still until it is moved.
    pub fn settable(start: Timestamp) -> Self {
        Self(Source::Settable(watch::Sender::new(start)))
    }

    /// Returns the present moment.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::Real => wall_clock(),
            Source::Settable(moment) => *moment.borrow(),
        }
    }

    /// Moves a settable clock forward and wakes its sleepers; the real clock does not listen.
    pub fn advance(&self, by: Duration) {
        if let Source::Settable(moment) = &self.0 {
            let by = chrono::TimeDelta::from_std(by).unwrap_or(chrono::TimeDelta::MAX);
            moment.send_modify(|now| {
                *now = now.checked_add_signed(by).unwrap_or(Timestamp::MAX_UTC);
            });
        }
    }

    /// Puts a settable clock to a moment and wakes its sleepers; the real clock does not listen.
    pub fn set(&self, to: Timestamp) {
        if let Source::Settable(moment) = &self.0 {
            moment.send_replace(to);
        }
    }

    /// Waits until the clock shows `moment` or later.
    ///
    /// *Cancel safety*: may be dropped at any time.
    pub async fn sleep_until(&self, moment: Timestamp) {
        match &self.0 {
            Source::Real => sleep_while(|now| now < moment, moment).await,
            Source::Settable(shown) => {
                // The sender lives in `self`, so the wait cannot end for its loss.
                let _ = shown.subscribe().wait_for(|now| *now >= moment).await;
            }
        }
    }

    /// Waits until the clock shows `moment` or later, or was set back: then `moment` may be far away.
    ///
    /// *Cancel safety*: may be dropped at any time.
    pub async fn sleep_until_or_set_back(&self, moment: Timestamp) {
        let started = self.now();
        match &self.0 {
            Source::Real => {
                sleep_while(|now| now < moment && now >= started - SLEWED, moment).await;
            }
            Source::Settable(shown) => {
                let over = |now: &Timestamp| *now >= moment || *now < started;
                let _ = shown.subscribe().wait_for(over).await;
            }
        }
    }

    /// Waits as long as `time` says by this clock.
    ///
    /// *Cancel safety*: may be dropped at any time.
    pub async fn sleep(&self, time: Duration) {
        let time = chrono::TimeDelta::from_std(time).unwrap_or(chrono::TimeDelta::MAX);
        let moment = self.now().checked_add_signed(time).unwrap_or(Timestamp::MAX_UTC);
        self.sleep_until(moment).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the Clock that everyone else asks")]
fn wall_clock() -> Timestamp {
    chrono::Utc::now()
}

/// Sleeps until `moment` as long as a look at the clock says so.
async fn sleep_while(goes_on: impl Fn(Timestamp) -> bool, moment: Timestamp) {
    loop {
        let now = wall_clock();
        let left = (moment - now).to_std().unwrap_or_default();
        if left.is_zero() || !goes_on(now) {
            return;
        }
        tokio::time::sleep(left.min(LOOK_AGAIN)).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn moment(second: i64) -> Timestamp {
        Timestamp::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn a_settable_clock_shows_what_it_was_told() {
        let clock = Clock::settable(moment(100));
        let other = clock.clone();
        clock.advance(Duration::from_secs(20));
        assert_eq!(other.now(), moment(120));
        other.set(moment(50));
        assert_eq!(clock.now(), moment(50));
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX_UTC);
    }

    #[tokio::test]
    async fn sleepers_wake_when_a_settable_clock_is_moved() {
        let clock = Clock::settable(moment(100));
        clock.sleep_until(moment(100)).await;
        let mut sleep = Box::pin(clock.sleep_until(moment(160)));
        clock.advance(Duration::from_secs(59));
        assert!((&mut sleep).now_or_never().is_none());
        clock.advance(Duration::from_secs(1));
        assert!((&mut sleep).now_or_never().is_some());
        let mut sleep = Box::pin(clock.sleep(Duration::from_secs(5)));
        assert!((&mut sleep).now_or_never().is_none());
        clock.set(moment(200));
        assert!((&mut sleep).now_or_never().is_some());
    }

    #[tokio::test]
    async fn sleepers_wake_when_the_clock_is_set_back() {
        let clock = Clock::settable(moment(100));
        let mut sleep = Box::pin(clock.sleep_until_or_set_back(moment(160)));
        assert!((&mut sleep).now_or_never().is_none());
        clock.set(moment(120));
        assert!((&mut sleep).now_or_never().is_none());
        clock.set(moment(99));
        assert!((&mut sleep).now_or_never().is_some());
        let mut sleep = Box::pin(clock.sleep_until_or_set_back(moment(160)));
        assert!((&mut sleep).now_or_never().is_none());
        clock.set(moment(160));
        assert!((&mut sleep).now_or_never().is_some());
        let real = Clock::real();
        let moment = real.now() + Duration::from_millis(20);
        real.sleep_until_or_set_back(moment).await;
        assert!(real.now() >= moment);
    }

    #[tokio::test]
    async fn the_real_clock_sleeps_until_the_moment() {
        let clock = Clock::real();
        let moment = clock.now() + Duration::from_millis(20);
        clock.sleep_until(moment).await;
        assert!(clock.now() >= moment);
        clock.sleep_until(Timestamp::MIN_UTC).await;
    }
}
