//! Follows events over WebSocket with tokio-tungstenite, and misses none over a restart of bridge or hub:
//!
//!     subscribe ws://localhost:8080/ws '{"severities":["P0","P1"]}' [resume_from] [count]
//!
//! Prints each event message as one line of JSON; ends after count events when that is given.

use std::{env, error::Error, process::exit, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{json, Value};
use tokio_tungstenite::{connect_async, tungstenite::Message};

struct Follower {
    url: String,
    filters: Value,
    last: Option<String>,
    left: Option<u64>,
}

impl Follower {
    /// Reads one connection to its end.
    async fn run(&mut self) -> Result<(), Box<dyn Error>> {
        let (mut socket, _) = connect_async(self.url.as_str()).await?;
        let mut subscribe = json!({
            "type": "subscribe", "subscription_id": "example", "filters": self.filters});
        if let Some(last) = &self.last {
            subscribe["resume_from"] = json!(last);
        }
        socket.send(Message::text(subscribe.to_string())).await?;
        while let Some(message) = socket.next().await {
            if let Message::Text(text) = message? {
                self.take(&text)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, text: &str) -> Result<(), Box<dyn Error>> {
        let message: Value = serde_json::from_str(text)?;
        match message["type"].as_str() {
            Some("event") => {
                self.last = message["message_id"].as_str().map(String::from);
                println!("{message}");
                self.left = self.left.map(|left| left - 1);
                if self.left == Some(0) {
                    exit(0);
                }
            }
            Some("error") => {
                eprintln!("{}: {}", message["code"], message["message"]);
                exit(1);
            }
            Some("gap") => eprintln!("events are missing after {} ({})", message["from"], message["reason"]),
            _ => {}
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let argument = |at: usize| env::args().nth(at).filter(|given| !given.is_empty());
    let mut follower = Follower {
        url: argument(1).unwrap_or_else(|| "ws://localhost:8080/ws".into()),
        filters: serde_json::from_str(argument(2).as_deref().unwrap_or("{}"))?,
        last: argument(3),
        left: argument(4).map(|count| count.parse()).transpose()?.filter(|count| *count > 0),
    };
    loop {
        if let Err(error) = follower.run().await {
            eprintln!("{error}");
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
