//! The mocks, in a process of their own so that their time and memory are not the product's.
//!
//! Orders come as lines of JSON on the standard input, answers go to the standard output;
//! when the input ends, the process ends.

mod certificate;
mod delay;
mod engine;
mod inventory;
mod listen;
mod registry;
mod token;

use crate::count::{Counters, Counts};
use crate::fault::{Fault, while_doing};
use crate::image::Image;
use crate::scene::{Network, ROUND_TRIP, Scene, TAG};
use bytes::Bytes;
use delay::Line;
use engine::Engine;
use inventory::Inventory;
use registry::{Door, Registry, Shelf, Shelves};
use serde::{Deserialize, Serialize};
use std::io::{BufRead as _, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use token::{Issued, TokenServer};
use tokio::net::{TcpListener, TcpSocket, UnixListener};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// What the harness wants of the mocks.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    Show(Scene),
    Reset,
    Count,
}

/// What the mocks say.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Answer {
    Ready(Places),
    Done,
    Counts(Counts),
}

/// Where the mocks are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Places {
    pub(crate) engine: PathBuf,
    /// The certificate of the authority behind the registry with TLS.
    pub(crate) ca: PathBuf,
    pub(crate) lan: SocketAddr,
    pub(crate) wan: SocketAddr,
    pub(crate) tls: SocketAddr,
    /// A plain registry on the address that a real engine can reach.
    pub(crate) outer: SocketAddr,
}

impl Places {
    /// Returns the registry's address in a network.
    pub(crate) fn registry(&self, network: Network) -> SocketAddr {
        match network {
            Network::Lan => self.lan,
            Network::Wan => self.wan,
            Network::Tls => self.tls,
        }
    }
}

/// Runs the mocks: their files go to the folder, the outer registry listens on the address.
pub(crate) fn run(folder: &Path, outer: &str) -> Result<(), Fault> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut servers = JoinSet::new();
    let inside = runtime.enter();
    let stage = Stage::build(folder, outer, &mut servers)?;
    drop(inside);
    stage.obey()?;
    runtime.shutdown_background();
    Ok(())
}

struct Stage {
    places: Places,
    counters: Arc<Counters>,
    shelves: Shelves,
    inventory: Arc<RwLock<Arc<Inventory>>>,
}

impl Stage {
    fn build(folder: &Path, outer: &str, servers: &mut JoinSet<()>) -> Result<Self, Fault> {
        let counters = Arc::new(Counters::default());
        let shelves = Shelves::default();
        let ca = folder.join("ca.pem");
        let tls = certificate::acceptor(&ca)?;
        let line = Line::start();

        let mut distant = |target: SocketAddr| -> Result<SocketAddr, Fault> {
            let (listener, address) = bind("127.0.0.1")?;
            servers.spawn(delay::proxy(listener, target, line.clone(), ROUND_TRIP));
            Ok(address)
        };
        let (plain, lan) = bind("127.0.0.1")?;
        let (closed, tls_near) = bind("127.0.0.1")?;
        let (tokens, tokens_near) = bind("127.0.0.1")?;
        let (wan, tls_far) = (distant(lan)?, distant(tls_near)?);
        let realm = format!("https://{}/token", distant(tokens_near)?);
        let (outer_listener, outer) = bind(outer)?;

        let issued = Arc::new(Issued::default());
        let registry = |door| {
            Arc::new(Registry { shelves: shelves.clone(), counters: Arc::clone(&counters), door })
        };
        let door = Door::Token { realm, issued: Arc::clone(&issued) };
        servers.spawn(listen::tcp(plain, None, registry(Door::Open)));
        servers.spawn(listen::tcp(outer_listener, None, registry(Door::Open)));
        servers.spawn(listen::tcp(closed, Some(tls.clone()), registry(door)));
        let server = TokenServer { issued, counters: Arc::clone(&counters) };
        servers.spawn(listen::tcp(tokens, Some(tls), Arc::new(server)));

        let engine = folder.join("engine.sock");
        let socket = UnixListener::bind(&engine).map_err(while_doing("binding the mock engine"))?;
        let inventory = Arc::<RwLock<Arc<Inventory>>>::default();
        let mock = Engine { inventory: Arc::clone(&inventory), counters: Arc::clone(&counters) };
        servers.spawn(listen::unix(socket, Arc::new(mock)));
        let places = Places { engine, ca, lan, wan, tls: tls_far, outer };
        Ok(Self { places, counters, shelves, inventory })
    }

    fn obey(&self) -> Result<(), Fault> {
        say(&Answer::Ready(self.places.clone()))?;
        for line in std::io::stdin().lock().lines() {
            let answer = match serde_json::from_str(&line?)? {
                Order::Show(scene) => {
                    self.show(scene)?;
                    Answer::Done
                }
                Order::Reset => {
                    self.counters.reset();
                    Answer::Done
                }
                Order::Count => Answer::Counts(self.counters.snapshot()),
            };
            say(&answer)?;
        }
        Ok(())
    }

    fn show(&self, scene: Scene) -> Result<(), Fault> {
        let mut documents = Shelf::default();
        match scene {
            Scene::Page { version } => {
                let program = std::fs::read("/proc/self/exe")?;
                documents.add(&Image::page(&Bytes::from(program), version), &[TAG]);
            }
            Scene::Many { network, containers, outdated } => {
                let images: Vec<Image> =
                    (0..containers).map(|number| Image::numbered(number, 1)).collect();
                for (number, image) in images.iter().enumerate() {
                    if number < outdated {
                        documents.add(image, &[]);
                        documents.add(&Image::numbered(number, 2), &[TAG]);
                    } else {
                        documents.add(image, &[TAG]);
                    }
                }
                let registry = self.places.registry(network).to_string();
                let insecure: &[&str] =
                    if network == Network::Tls { &[] } else { &["::1/128", "127.0.0.0/8"] };
                let inventory = Inventory::new(&images, &registry, insecure);
                *self.inventory.write().unwrap_or_else(PoisonError::into_inner) =
                    Arc::new(inventory);
            }
        }
        *self.shelves.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(documents);
        Ok(())
    }
}

/// Listens with room for every client that connects five hundred times at once: a full queue costs it a second.
fn bind(address: &str) -> Result<(TcpListener, SocketAddr), Fault> {
    let doing = format!("binding a mock to {address}");
    let address: IpAddr = address.parse().map_err(while_doing(&doing))?;
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind(SocketAddr::new(address, 0)).map_err(while_doing(&doing))?;
    let listener = socket.listen(4096).map_err(while_doing(&doing))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn say(answer: &Answer) -> Result<(), Fault> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{}", serde_json::to_string(answer)?)?;
    output.flush()?;
    Ok(())
}
