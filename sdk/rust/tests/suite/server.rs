//! Servers for tests, started by `agora serve`, each with its own empty directory.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use agora_sdk::{AgoraClient, MemoryTokens};

const START: Duration = Duration::from_secs(60);

/// The directory of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Create a new directory.
pub fn new_directory() -> PathBuf {
    let directory = env::temp_dir().join(format!("agora-rust-{}", uuid::Uuid::new_v4()));
    fs::create_dir_all(&directory).expect("a directory for the test");
    directory
}

/// A server process, which ends with this one.
pub struct Server {
    port: u16,
    directory: PathBuf,
    settings: Vec<(&'static str, String)>,
    process: Mutex<Option<Child>>,
}

impl Server {
    /// The server shared by most tests.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Start a separate server.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Start a separate server with additional settings, as environment variables.
    pub fn start_with(settings: &[(&'static str, String)]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|probe| probe.local_addr())
            .expect("a free port")
            .port();
        let server = Self {
            port,
            directory: new_directory(),
            settings: settings.to_vec(),
            process: Mutex::new(None),
        };
        server.restart();
        server
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Create a client with its own token store.
    pub fn client(&self) -> AgoraClient {
        AgoraClient::builder()
            .url(self.url())
            .tokens(MemoryTokens::new())
            .build()
            .expect("a client")
    }

    /// Restart it with the same directory.
    pub fn restart(&self) {
        let agora = repository().join(".venv/bin/agora");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(agora).arg("serve");
        for (name, _) in env::vars().filter(|(name, _)| name.starts_with("AGORA_")) {
            command.env_remove(name);
        }
        command
            .envs([
                ("AGORA_EVENTS_PORT", "0"),
                ("AGORA_RATE_BASIC", "1000000"),
                ("AGORA_LOG_LEVEL", "warning"),
            ])
            .envs([("AGORA_BUILTIN_AGENTS", "false"), ("AGORA_HEARTBEAT_INTERVAL", "0.2")])
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .env("AGORA_PORT", self.port.to_string())
            .env("AGORA_DATA_DIR", self.directory.join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        *self.process.lock().expect("no test has panicked here") = Some(spawn_tethered(command));
        let deadline = Instant::now() + START;
        while !self.is_ready() {
            assert!(Instant::now() < deadline, "the server did not start");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kill it, as in a power failure.
    pub fn kill(&self) {
        if let Some(mut process) = self.process.lock().expect("no test has panicked here").take() {
            process.kill().and_then(|()| process.wait()).expect("it was running");
        }
    }

    /// Whether it is ready; with TLS, whether it listens, which it does when it is ready.
    fn is_ready(&self) -> bool {
        if self.settings.iter().any(|(name, _)| *name == "AGORA_TLS_CERT") {
            return TcpStream::connect(("127.0.0.1", self.port)).is_ok();
        }
        let answer = TcpStream::connect(("127.0.0.1", self.port)).and_then(|mut stream| {
            stream.set_read_timeout(Some(START))?;
            stream.write_all(b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).map(|()| answer)
        });
        answer.is_ok_and(|answer| answer == *b"HTTP/1.1 200")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Start a process that is killed when this process ends. The parent-death signal is tied to the thread that started
/// it, so the process is started by a thread that never ends.
pub fn spawn_tethered(command: Command) -> Child {
    type Order = (Command, mpsc::Sender<Child>);
    static STARTER: OnceLock<Mutex<mpsc::Sender<Order>>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (sender, receiver) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in receiver {
                let _ = answer.send(command.spawn().expect("the process starts"));
            }
        });
        Mutex::new(sender)
    });
    let (sender, receiver) = mpsc::channel();
    starter
        .lock()
        .expect("no test has panicked here")
        .send((command, sender))
        .expect("the starter lives");
    receiver.recv().expect("the process has started")
}

/// Repeat a closure until it returns a value.
pub async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "it did not happen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
