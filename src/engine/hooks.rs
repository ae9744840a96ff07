//! The hooks of a check: commands that containers ask for before and after `serve` looks at them.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use uuid::Uuid;

use crate::core::check_hook::CheckHook;
use crate::core::decision::Request;
use crate::core::event::What;
use crate::core::hook::{End, Execution, Hook, Moment};
use crate::core::id::ContainerName;
use crate::core::inventory::{Container, Inventory, RunState};
use crate::core::plan::BoxFuture;
use crate::engine::judge::{Bench, Memory};
use crate::engine::{Engine, EngineError};
use crate::logging::Chain;

/// How many hooks run at once: one that hangs holds no other one up.
const AT_ONCE: usize = 8;

/// All checks wait for it: no label may hold them up for longer.
const LONGEST: Duration = Duration::from_mins(10);

/// What was wrong with each hook of a check the last time.
pub(super) type Troubles = BTreeMap<(ContainerName, Moment), String>;

/// How a hook ended.
type Ended = (ContainerName, CheckHook);

impl Engine {
    /// Runs the hooks of a moment in all containers that run and are looked at. How one ends changes
    /// nothing; what is wrong with it is told when it is first seen.
    pub(super) async fn run_check_hooks(
        &self,
        inventory: &Inventory,
        moment: Moment,
    ) -> Result<(), EngineError> {
        let mut hooks = inventory.containers.values().filter_map(|container| {
            let hook = Hook::of(&container.labels, moment)?;
            (container.state == RunState::Running).then_some((container, hook))
        });
        let Some(first) = hooks.next() else { return Ok(()) };
        let way = self.way().await?;
        let now = self.clock.now();
        let memory = Memory::of_rules(self.known_rules());
        let bench = Bench::new(inventory, memory, &self.settings, way, now);
        let looked_at =
            |container| bench.question(&bench.subject(container), Request::Check).is_some();
        let hooks = std::iter::once(first).chain(hooks).filter(|(one, _)| looked_at(one));
        let work: Vec<BoxFuture<'_, Ended>> = hooks
            .map(|(container, hook)| -> BoxFuture<'_, Ended> {
                Box::pin(self.run_check_hook(container, hook, moment))
            })
            .collect();
        let running = async {
            let ended = futures_util::stream::iter(work).buffer_unordered(AT_ONCE);
            Ok(ended.collect::<Vec<_>>().await)
        };
        let ended = self.unless_stopped(running).await?;
        for (name, hook) in &ended {
            self.tell_of_hook(name, moment, hook.execution.problem());
        }
        Ok(self.store.check_hooks().keep(self.host.id(), ended).await?)
    }

    /// Returns what became of a container's hooks the last time.
    pub async fn check_hooks(&self, name: &ContainerName) -> Result<Vec<CheckHook>, EngineError> {
        Ok(self.store.check_hooks().of(&self.target(name)).await?)
    }

    async fn run_check_hook(&self, container: &Container, hook: Hook, moment: Moment) -> Ended {
        let hook = Hook { timeout: hook.timeout.min(LONGEST), ..hook };
        let mark = format!("{}.{moment}", Uuid::now_v7());
        let began_at = self.clock.now();
        let ended = self.host.run_hook(&container.id, &hook, &mark).await;
        let execution = ended.unwrap_or_else(|error| {
            let end = End::Refused { reason: Chain(&error).to_string() };
            Execution { end, text: String::new() }
        });
        let spent = self.clock.now().signed_duration_since(began_at).num_milliseconds();
        let duration_ms = u64::try_from(spent).unwrap_or_default();
        (container.name.clone(), CheckHook { hook: moment, began_at, duration_ms, execution })
    }

    /// Says once what is wrong, until it is something else.
    fn tell_of_hook(&self, name: &ContainerName, moment: Moment, problem: Option<String>) {
        let key = (name.clone(), moment);
        let before = match &problem {
            Some(problem) => self.hook_troubles().insert(key, problem.clone()),
            None => self.hook_troubles().remove(&key),
        };
        if let Some(problem) = problem
            && before.as_ref() != Some(&problem)
        {
            self.tell(self.target(name), None, What::HookFailed { hook: moment, problem });
        }
    }
}
