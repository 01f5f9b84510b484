//! What each of these programs needs beside its client: settings, structured logs, a pause before a reconnect, and an end
//! on SIGINT or SIGTERM.

use std::{env, time::Duration};

use tokio::signal::unix::{signal, SignalKind};
use tokio::sync::watch;
use tracing::{info, Level};

/// An environment variable, where it is set and not empty.
pub fn setting(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The severities to follow; none means all.
pub fn severities() -> Vec<String> {
    let given = env::var("SEVERITIES").unwrap_or_else(|_| "P0,P1".into());
    given.split(',').filter(|name| !name.is_empty()).map(String::from).collect()
}

/// Logs lines of JSON to stderr; stdout is for the events.
pub fn log() {
    let least = match setting("LOG_LEVEL").as_deref() {
        Some("debug") => Level::DEBUG,
        Some("warning") => Level::WARN,
        Some("error") => Level::ERROR,
        _ => Level::INFO,
    };
    tracing_subscriber::fmt().json().flatten_event(true).with_max_level(least).with_writer(std::io::stderr).init();
}

/// True from the first SIGINT or SIGTERM on.
pub fn stopping() -> std::io::Result<watch::Receiver<bool>> {
    let (sender, receiver) = watch::channel(false);
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => info!(signal = "SIGINT", "stopping"),
            _ = terminate.recv() => info!(signal = "SIGTERM", "stopping"),
        }
        sender.send_replace(true);
    });
    Ok(receiver)
}

/// Waits before the attempt of that number (from 0): anywhere between nothing and 0.25 s, 0.5 s, 1 s … 30 s, and ends early
/// when the program is to stop. Jitter spreads the clients of a server that restarts: without it all would come back at the
/// same moments.
pub async fn backoff(attempt: u32, at_least: Duration, stopping: &mut watch::Receiver<bool>) {
    let most = Duration::from_millis(250 << attempt.min(10)).min(Duration::from_secs(30));
    let wait = at_least + most.mul_f64(fastrand::f64());
    info!(attempt, wait_ms = wait.as_millis() as u64, "reconnecting");
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
}
