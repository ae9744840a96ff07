//! cup's variables.

use crate::core::foreign::one;

use super::To::{Nothing, Read};
use super::{ForeignVariable, check_schedule, row};

pub(super) const VARIABLES: [ForeignVariable; 5] = [
    row("CUP_REFRESH_INTERVAL", Read(check_schedule)),
    row(
        "CUP_SOCKET",
        Read(|text, _| {
            if text.contains("://") {
                one("DOCKER_AUTO_DOCKER_HOST", text)
            } else {
                one("DOCKER_AUTO_DOCKER_HOST", format!("unix://{text}"))
            }
        }),
    ),
    row("CUP_IGNORE_UPDATE_TYPE", Nothing("set the label docker-auto.track of the containers")),
    row("CUP_AGENT", Nothing("there is no panel yet")),
    row("CUP_THEME", Nothing("there is no panel yet")),
];
