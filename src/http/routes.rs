//! The table of routes: the router, the tests and later the audit log read the same rows.

use http::Method;

use crate::core::plan::BoxFuture;
use crate::http::api::{health, history, images, operations, registries, rules, verdicts};
use crate::http::context::RequestContext;
use crate::http::error::ApiError;
use crate::http::reply::Response;
use crate::http::router::Surface;

/// What answers a route.
pub type Handler = for<'a> fn(&'a RequestContext) -> BoxFuture<'a, Result<Response, ApiError>>;

/// One row of the table.
pub struct Route {
    /// The method; GET rows answer HEAD too.
    pub method: Method,
    /// The path, with `{name}` for values.
    pub path: &'static str,
    /// Where it is offered.
    pub surface: Surface,
    /// What it does, in one sentence.
    pub doc: &'static str,
    /// Who answers.
    pub handler: Handler,
}

macro_rules! route {
    ($method:ident $path:literal $surface:ident $handler:path, $doc:literal) => {
        Route {
            method: Method::$method,
            path: $path,
            surface: Surface::$surface,
            doc: $doc,
            handler: |context| Box::pin($handler(context)),
        }
    };
}

/// All routes.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    route!(GET  "/healthz"                            Public  health::live,         "Answers 200 while the program runs."),
    route!(GET  "/readyz"                             Public  health::ready,        "Answers 200 when the engine answers, else 503."),
    route!(POST "/api/v1/check"                       Control operations::check,    "Checks containers and returns their status and reasons."),
    route!(POST "/api/v1/containers/{name}/plan"      Control operations::plan,     "Returns the steps of an update; touches nothing."),
    route!(POST "/api/v1/updates"                     Control operations::update,   "Updates containers; follows with JSON lines."),
    route!(POST "/api/v1/containers/{name}/rollback"  Control operations::rollback, "Moves a container back; follows with JSON lines."),
    route!(POST "/api/v1/images/check"                Control images::check,        "Checks the watched images and returns how they stand."),
    route!(GET  "/api/v1/registries"                  Control registries::list,     "Returns what registries have said of how much they still allow."),
    route!(GET  "/api/v1/updates/history"             Control history::list,        "Returns past operations, newest first."),
    route!(GET  "/api/v1/containers/{name}/why"       Control verdicts::why,        "Returns how a container is judged, and every question on the way."),
    route!(POST "/api/v1/containers/{name}/approve"   Control verdicts::approve,    "Lets the image that a container could run now do so at docker-auto's own time."),
    route!(POST "/api/v1/containers/{name}/reject"    Control verdicts::reject,     "Has the image that a container could run now count as if it had failed there."),
    route!(POST "/api/v1/containers/{name}/skip"      Control verdicts::skip,       "Leaves the image that a container could run now out."),
    route!(POST "/api/v1/containers/{name}/snooze"    Control verdicts::snooze,     "Puts the image that a container could run now off."),
    route!(DELETE "/api/v1/containers/{name}/verdicts" Control verdicts::forget,   "Takes back what was said of images in a container's place."),
    route!(GET  "/api/v1/pauses"                      Control verdicts::pauses,     "Returns what is paused."),
    route!(POST "/api/v1/pauses"                      Control verdicts::pause,      "Pauses a container, a group or everything."),
    route!(DELETE "/api/v1/pauses"                    Control verdicts::resume,     "Ends a pause."),
    route!(GET  "/api/v1/policies"                    Control rules::list,          "Returns all stored rules."),
    route!(GET  "/api/v1/policies/{name}"             Control rules::show,          "Returns one stored rule."),
    route!(PUT  "/api/v1/policies/{name}"             Control rules::put,           "Stores a rule in place of the one of its name."),
    route!(DELETE "/api/v1/policies/{name}"           Control rules::remove,        "Removes a stored rule."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::router::Router;

    #[test]
    fn the_table_is_free_of_conflicts_and_documented() {
        let mut rows: Vec<_> = ROUTES.iter().map(|r| (r.method.as_str(), r.path)).collect();
        rows.sort_unstable();
        let all = rows.len();
        rows.dedup();
        assert_eq!(rows.len(), all, "a method and path stand twice");
        assert!(ROUTES.iter().all(|route| route.doc.ends_with('.')));
        Router::new(Surface::Control);
        Router::new(Surface::Public);
    }
}
