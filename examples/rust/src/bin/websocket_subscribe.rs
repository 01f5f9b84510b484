//! Follows events over a plain WebSocket (tokio-tungstenite), and misses none over a restart of the bridge or of the hub.

use std::{error::Error, process::exit, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{json, Value};
use service::{backoff, setting, severities, stopping};
use tokio::{sync::watch, time::timeout};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{client::IntoClientRequest, Message},
};
use tracing::{error, info, warn};

/// The server pings every 30 s. A connection that is silent for longer than two of these is dead, though nobody closed it.
const SILENCE: Duration = Duration::from_secs(75);
/// Codes that the next attempt may well not meet. Any other would come again.
const PASSING: [&str; 4] = ["SERVICE_UNAVAILABLE", "RATE_LIMIT_EXCEEDED", "SLOW_CONSUMER", "INTERNAL_SERVER_ERROR"];

/// Your own work with an event.
fn handle(message: &Value) {
    println!("{message}");
}

struct Follower {
    /// Where to go on after a break.
    cursor: Option<String>,
    attempt: u32,
    /// What the server asked this client to wait.
    slot: Duration,
}

impl Follower {
    /// One connection, from its beginning to its end.
    async fn follow(&mut self, stopping: &mut watch::Receiver<bool>) -> Result<(), Box<dyn Error>> {
        let url = setting("WS_URL").unwrap_or_else(|| "ws://localhost:8080/ws".into());
        let mut request = url.into_client_request()?;
        if let Some(token) = setting("AUTH_TOKEN") {
            request.headers_mut().insert("Authorization", format!("Bearer {token}").parse()?);
        }
        let (mut socket, _) = connect_async(request).await?;
        let severities = severities();
        let filters = if severities.is_empty() { json!({}) } else { json!({ "severities": severities }) };
        let subscribe = json!({
            "type": "subscribe", "subscription_id": "example", "filters": filters, "resume_from": self.cursor});
        socket.send(Message::text(subscribe.to_string())).await?;
        loop {
            tokio::select! {
                message = timeout(SILENCE, socket.next()) => match message? {
                    Some(Ok(Message::Text(text))) => self.take(&serde_json::from_str(&text)?)?,
                    Some(other) => drop(other?), // a ping: the library answers it
                    None => return Ok(()),
                },
                _ = stopping.wait_for(|stopping| *stopping) => return Ok(socket.close(None).await?),
            }
        }
    }

    fn take(&mut self, message: &Value) -> Result<(), Box<dyn Error>> {
        let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
        match text("type").as_str() {
            "subscribed" => {
                self.attempt = 0;
                // So that a break before the first event loses nothing either.
                self.cursor.get_or_insert(text("cursor"));
                info!(cursor = text("cursor"), "subscribed");
            }
            "event" => {
                handle(message);
                // Only now: should handling fail, the event comes again after a restart instead of being lost.
                self.cursor = Some(text("message_id"));
            }
            // A heartbeat: all that matches up to here has come.
            "pong" => self.cursor = Some(text("cursor")),
            "gap" => warn!(reason = text("reason"), from = text("from"), to = text("to"), "events are missing"),
            "closing" => self.slot = Duration::from_millis(message["reconnect_after_ms"].as_u64().unwrap_or(0)),
            "error" if PASSING.contains(&text("code").as_str()) => return Err(text("message").into()),
            "error" => {
                error!(code = text("code"), "{}", text("message"));
                exit(1);
            }
            _ => {} // passed over, so that the protocol may grow
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    service::log();
    let mut stopping = stopping()?;
    let mut follower = Follower { cursor: setting("RESUME_FROM"), attempt: 0, slot: Duration::ZERO };
    while !*stopping.borrow() {
        if let Err(error) = follower.follow(&mut stopping).await {
            warn!(%error, "connection failed");
        }
        if !*stopping.borrow() {
            backoff(follower.attempt, follower.slot, &mut stopping).await;
        }
        follower.attempt += 1;
        follower.slot = Duration::ZERO;
    }
    info!(cursor = follower.cursor, "stopped");
    Ok(())
}
