//! The baselines: the requests of known tools, as they were measured.

use super::target::{Found, Realm, Wanted, look};
use super::wire::{Connection, Protocol, Wire};
use super::{Report, Task};
use crate::fault::Fault;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use http::Method;

const PING: &str = "/v2/";

/// The ground that all baselines stand on.
struct Ground {
    wire: Wire,
    found: Found,
}

impl Ground {
    async fn new(task: &Task) -> Result<Self, Fault> {
        let wire = Wire::new(task.ca.as_deref(), Protocol::One)?;
        let found = look(&wire, &task.engine).await?;
        Ok(Self { wire, found })
    }

    async fn connect(&self) -> Result<Connection, Fault> {
        self.wire.connect(&self.found.registry).await
    }

    /// Runs `check` for all images, `width` at a time.
    async fn each<'a>(
        &'a self,
        width: usize,
        check: impl AsyncFn(&'a Wanted) -> Result<bool, Fault>,
    ) -> Result<Report, Fault> {
        let up_to_date = stream::iter(&self.found.wanted)
            .map(|wanted| check(wanted))
            .buffer_unordered(width)
            .try_fold(0, async |sum, is| Ok(sum + usize::from(is)))
            .await?;
        Ok(Report { up_to_date, again_ms: None })
    }

    /// Inspects the images of all containers, one after the other, as most tools do.
    async fn inspect(&self, task: &Task) -> Result<(), Fault> {
        let engine = self.wire.connect_unix(&task.engine).await?;
        for wanted in &self.found.wanted {
            engine.ask(Method::GET, &format!("/images/{}/json", wanted.id), None).await?;
        }
        Ok(())
    }
}

/// Checks one image after the other: ping and token on kept connections, the HEAD on a new one.
pub(crate) async fn seq(task: &Task) -> Result<Report, Fault> {
    let ground = Ground::new(task).await?;
    ground.inspect(task).await?;
    let pings = ground.connect().await?;
    let mut tokens = None;
    let mut up_to_date = 0;
    for wanted in &ground.found.wanted {
        let answer = pings.ask(Method::GET, PING, None).await?;
        let mut token = None;
        if let Some(realm) = Realm::of(&answer) {
            let server = match tokens.take() {
                Some(server) => server,
                None => ground.wire.connect(&realm.address).await?,
            };
            token = Some(realm.token(&server, [wanted].into_iter()).await?);
            tokens = Some(server);
        }
        let heads = ground.connect().await?;
        let answer = heads.ask(Method::HEAD, &wanted.manifest(), token.as_deref()).await?;
        up_to_date += usize::from(wanted.is(&answer));
    }
    Ok(Report { up_to_date, again_ms: None })
}

/// Checks ten images at a time: ping, token and HEAD, each on a new connection.
pub(crate) async fn pool(task: &Task) -> Result<Report, Fault> {
    let ground = Ground::new(task).await?;
    ground.inspect(task).await?;
    ground
        .each(10, async |wanted| {
            let answer = ground.connect().await?.ask(Method::GET, PING, None).await?;
            let mut token = None;
            if let Some(realm) = Realm::of(&answer) {
                let server = ground.wire.connect(&realm.address).await?;
                token = Some(realm.token(&server, [wanted].into_iter()).await?);
            }
            let heads = ground.connect().await?;
            let answer = heads.ask(Method::HEAD, &wanted.manifest(), token.as_deref()).await?;
            Ok(wanted.is(&answer))
        })
        .await
}

/// Pings, fetches one token for everything, then asks for all manifests at once on a connection each.
pub(crate) async fn burst(task: &Task) -> Result<Report, Fault> {
    let ground = Ground::new(task).await?;
    let answer = ground.connect().await?.ask(Method::GET, PING, None).await?;
    let mut token = None;
    if let Some(realm) = Realm::of(&answer) {
        let server = ground.wire.connect(&realm.address).await?;
        token = Some(realm.token(&server, ground.found.wanted.iter()).await?);
    }
    ground
        .each(usize::MAX, async |wanted| {
            let heads = ground.connect().await?;
            let answer = heads.ask(Method::HEAD, &wanted.manifest(), token.as_deref()).await?;
            Ok(wanted.is(&answer))
        })
        .await
}

/// Checks all images at once, each in a chain of five requests on a connection of its own.
pub(crate) async fn chatty(task: &Task) -> Result<Report, Fault> {
    let ground = Ground::new(task).await?;
    ground.inspect(task).await?;
    // The tool knows where tokens come from; here it has to be asked once.
    let realm = if ground.wire.encrypts() {
        Realm::of(&ground.connect().await?.ask(Method::GET, PING, None).await?)
    } else {
        None
    };
    ground.each(usize::MAX, async |wanted| chain(&ground, realm.as_ref(), wanted).await).await
}

async fn chain(ground: &Ground, realm: Option<&Realm>, wanted: &Wanted) -> Result<bool, Fault> {
    let manifest = wanted.manifest();
    let tags = format!("/v2/{}/tags/list", wanted.repository);
    let calls = [
        (Method::GET, &tags),
        (Method::GET, &manifest),
        (Method::HEAD, &manifest),
        (Method::GET, &manifest),
        (Method::HEAD, &manifest),
    ];
    let server = match realm {
        Some(realm) => Some((realm, ground.wire.connect(&realm.address).await?)),
        None => None,
    };
    let registry = ground.connect().await?;
    let mut all = true;
    for (method, path) in calls {
        let mut token = None;
        if let Some((realm, server)) = &server {
            token = Some(realm.token(server, [wanted].into_iter()).await?);
        }
        let answer = registry.ask(method, path, token.as_deref()).await?;
        all &= path == &tags || wanted.is(&answer);
    }
    Ok(all)
}
