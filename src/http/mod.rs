//! The face: routes as a table, served on the control socket and, as far as they are public, on TCP.

pub mod accept;
pub mod api;
pub mod context;
pub mod error;
pub mod reply;
pub mod router;
pub mod routes;
pub mod view;
