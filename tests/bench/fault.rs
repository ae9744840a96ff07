//! The harness's only error: a sentence for the person who reads the table.

/// What stopped a measurement.
pub(crate) type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Returns a fault that says what was being done when something went wrong.
pub(crate) fn while_doing<E: std::fmt::Display>(doing: &str) -> impl FnOnce(E) -> Fault + '_ {
    move |error| format!("{doing}: {error}").into()
}
