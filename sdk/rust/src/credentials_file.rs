//! The credentials file shared by all SDKs on a machine: `AGORA_CREDENTIALS`, or `~/.config/agora/credentials.json`.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::token_store::{StoredToken, TokenStore};

/// A holder of the mutex for longer has died.
const ABANDONED: Duration = Duration::from_secs(10);
const WAIT: Duration = Duration::from_millis(10);

/// Tokens in the file shared by programs of all languages.
///
/// It is readable only by its owner, replaced atomically, and has one writer at a time: a writer holds the file
/// `credentials.json.writing`, which is created exclusively; one older than ten seconds belongs to a dead program.
#[derive(Debug, Clone)]
pub struct FileTokens {
    path: PathBuf,
}

/// Agents by server, tenant and name.
#[derive(Default, Serialize, Deserialize)]
struct Document {
    servers: BTreeMap<String, BTreeMap<String, BTreeMap<String, StoredToken>>>,
}

impl FileTokens {
    /// Store tokens in a separate file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file shared by all programs.
    #[must_use]
    pub fn shared() -> Self {
        let place = env::var("AGORA_CREDENTIALS")
            .ok()
            .filter(|text| !text.trim().is_empty());
        let place = place.unwrap_or_else(|| "~/.config/agora/credentials.json".to_owned());
        match place.strip_prefix("~/") {
            Some(rest) => Self::new(home_directory().join(rest)),
            None => Self::new(place),
        }
    }

    fn read(&self) -> io::Result<Document> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Document::default());
            }
            Err(error) => return Err(error),
        };
        serde_json::from_slice(&text).map_err(|_| {
            let path = self.path.display();
            let fix = "Repair it, or move it away and register again.";
            io::Error::new(
                ErrorKind::InvalidData,
                format!("The credentials file {path} cannot be read. {fix}"),
            )
        })
    }

    fn change(&self, edit: impl FnOnce(&mut Document)) -> io::Result<()> {
        if let Some(directory) = self.path.parent() {
            create_private_directory(directory)?;
        }
        let _mutex = Mutex::acquire(with_suffix(&self.path, "writing"))?;
        let mut document = self.read()?;
        edit(&mut document);
        let fresh = with_suffix(&self.path, &uuid::Uuid::new_v4().to_string());
        let mut file = create_private(&fresh)?;
        file.write_all(&serde_json::to_vec_pretty(&document)?)?;
        file.sync_all()?;
        fs::rename(&fresh, &self.path) // atomic: no reader sees a partial file
    }
}

impl TokenStore for FileTokens {
    fn find(&self, server: &str, tenant: &str, name: &str) -> io::Result<Option<StoredToken>> {
        let mut document = self.read()?;
        let agents = document
            .servers
            .get_mut(server)
            .and_then(|tenants| tenants.get_mut(tenant));
        Ok(agents.and_then(|agents| agents.remove(name)))
    }

    fn keep(&self, server: &str, tenant: &str, name: &str, token: &StoredToken) -> io::Result<()> {
        self.change(|document| {
            let tenants = document.servers.entry(server.to_owned()).or_default();
            tenants
                .entry(tenant.to_owned())
                .or_default()
                .insert(name.to_owned(), token.clone());
        })
    }

    fn forget(&self, server: &str, tenant: &str, name: &str) -> io::Result<()> {
        self.change(|document| {
            if let Some(agents) = document
                .servers
                .get_mut(server)
                .and_then(|tenants| tenants.get_mut(tenant))
            {
                agents.remove(name);
            }
        })
    }
}

/// The exclusive right to change the file, until it is dropped.
struct Mutex(PathBuf);

impl Mutex {
    fn acquire(path: PathBuf) -> io::Result<Self> {
        loop {
            match create_private(&path) {
                Ok(_) => return Ok(Self(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            let age = fs::metadata(&path)
                .and_then(|metadata| metadata.modified())
                .ok()
                .and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(&path);
            }
            thread::sleep(WAIT);
        }
    }
}

impl Drop for Mutex {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

fn home_directory() -> PathBuf {
    let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    env::var_os(name).map(PathBuf::from).unwrap_or_default()
}

/// Create a new file that is readable only by its owner.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn create_private_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
