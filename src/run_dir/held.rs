//! A name that one process at a time may publish under.
//!
//! Holds [`Held`]. Called for the outputs of a run: two runs in directories of their own may still have been given one output. It
//! never touches the file, which may not be there yet and is renamed over later, so that no lock on it would last.

use sha2::{Digest, Sha256};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;

/// The right to publish under a name, for as long as it lives. The kernel gives it up with the process: it is a socket nobody
/// connects to, bound to an abstract address that is a hash of the path, so there is no lock file to clean up.
#[derive(Debug)]
pub struct Held {
    _socket: UnixListener,
}

impl Held {
    /// Takes the name; `None` while another process has it. Symbolic links and `..` make no difference.
    ///
    /// # Errors
    /// The directory is not there, or cannot be looked at.
    pub fn take(path: &Path) -> io::Result<Option<Held>> {
        let directory = super::directory(path).canonicalize()?;
        let whole = directory.join(path.file_name().unwrap_or_default());
        let hash = super::hex(Sha256::new_with_prefix(whole.canonicalize().unwrap_or(whole).as_os_str().as_bytes()));
        let address = SocketAddr::from_abstract_name(format!("headcount-output-{hash}"))?;
        match UnixListener::bind_addr(&address) {
            Ok(socket) => Ok(Some(Held { _socket: socket })),
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => Ok(None),
            Err(e) => Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_held_by_one_however_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        let held = Held::take(&dir.path().join("a.csv")).unwrap().unwrap();
        assert!(Held::take(&dir.path().join("sub/../a.csv")).unwrap().is_none());
        assert!(Held::take(&dir.path().join("b.csv")).unwrap().is_some());
        drop(held);
        assert!(Held::take(&dir.path().join("a.csv")).unwrap().is_some());
        assert!(Held::take(&dir.path().join("nowhere/a.csv")).is_err());
    }
}
