//! What the tests are built from: the lab's engines and registries, faults, and the program itself.

pub(crate) mod background;
pub(crate) mod certificates;
pub(crate) mod containers;
pub(crate) mod engine;
pub(crate) mod fake_host;
pub(crate) mod forward_proxy;
pub(crate) mod http;
pub(crate) mod hub;
pub(crate) mod image;
pub(crate) mod lab;
pub(crate) mod model;
pub(crate) mod program;
pub(crate) mod proxy;
pub(crate) mod registry;
pub(crate) mod scene;
pub(crate) mod scripted;
pub(crate) mod service;
pub(crate) mod wait;
