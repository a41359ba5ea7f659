//! `headcount mock --health`: is the mock over there well?
//!
//! Holds [`ask`]. Called by the verb instead of serving, for images that have no other program to ask with. It speaks plain HTTP to
//! one endpoint and reads one line of the answer.

use super::Failure;
use crate::cli::failure::Exit;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A mock that does not answer within this is not well.
const WITHIN: Duration = Duration::from_secs(3);

/// Asks; what is wrong is the failure, with 1, which a container's health check takes for "unhealthy".
pub fn ask(address: SocketAddr) -> crate::cli::End {
    let unwell = |what: String| Failure::new(Exit::Internal, format!("the mock at {address} is not well: {what}"));
    let line = first_line(address).map_err(|e| unwell(e.to_string()))?;
    match line.split(' ').nth(1) {
        Some("200") => Ok(Exit::Done),
        Some("503") => Err(unwell("a file it was to write is not whole".to_owned())),
        _ => Err(unwell("no mock answers there".to_owned())),
    }
}

fn first_line(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, WITHIN)?;
    stream.set_read_timeout(Some(WITHIN))?;
    stream.set_write_timeout(Some(WITHIN))?;
    write!(stream, "GET /_mock/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut line = String::new();
    // Whoever answers there may be anybody.
    BufReader::new(stream.take(1024)).read_line(&mut line)?;
    Ok(line)
}
