//! Past operations.

use crate::core::id::ContainerName;
use crate::http::context::RequestContext;
use crate::http::error::ApiError;
use crate::http::reply::{self, Response};

const DEFAULT_LIMIT: usize = 20;
const MOST: usize = 1000;
