//! Follows events over gRPC (tonic), and misses none over a restart of the hub.

use std::{error::Error, process::exit, time::Duration};

use service::{backoff, setting, severities, stopping};
use tokio::sync::watch;
use tonic::{transport::Endpoint, Code, Request, Status};
use tracing::{error, info, warn};

mod tocsin {
    #![allow(clippy::all)]
    tonic::include_proto!("tocsin.v1");
}
use tocsin::{event_hub_client::EventHubClient, Event, Filter, OnGap, Severity, SubscribeRequest, SubscribeResponse};

/// Codes that the next attempt may well not meet (a broken connection is Unknown). Any other would come again.
const PASSING: [Code; 4] = [Code::Unavailable, Code::ResourceExhausted, Code::Internal, Code::Unknown];

/// Your own work with an event.
fn handle(event: &Event) {
    let title = event.incident.as_ref().map(|incident| incident.title.as_str());
    println!(
        "{}",
        serde_json::json!({
        "cursor": event.cursor, "type": event.r#type().as_str_name(), "incident": { "title": title }})
    );
}

struct Follower {
    hub: EventHubClient<tonic::transport::Channel>,
    filter: Filter,
    /// Where to go on after a break.
    cursor: String,
    attempt: u32,
    /// What the hub asked this client to wait.
    slot: Duration,
}

impl Follower {
    /// One stream, from its beginning to its end.
    async fn follow(&mut self) -> Result<(), Status> {
        let mut request = Request::new(SubscribeRequest {
            filter: Some(self.filter.clone()),
            from: self.cursor.clone(),
            on_gap: OnGap::Notify.into(),
            ..Default::default()
        });
        if let Some(token) = setting("AUTH_TOKEN") {
            let value = format!("Bearer {token}").parse().map_err(|_| Status::invalid_argument("AUTH_TOKEN"))?;
            request.metadata_mut().insert("authorization", value);
        }
        let mut stream = self.hub.subscribe(request).await?.into_inner();
        while let Some(response) = stream.message().await? {
            self.take(response);
        }
        Ok(())
    }

    fn take(&mut self, response: SubscribeResponse) {
        if let Some(gap) = response.gap {
            warn!(reason = gap.reason().as_str_name(), from = gap.from, to = gap.to, "events are missing");
        }
        if let Some(wait) = response.closing.and_then(|closing| closing.reconnect_after) {
            self.slot = wait.try_into().unwrap_or_default();
        }
        for event in response.events {
            handle(&event);
            // Only now: should handling fail, the event comes again after a restart instead of being lost.
            self.cursor = event.cursor;
        }
        if !response.cursor.is_empty() {
            // The first response has one, and so has a heartbeat.
            self.attempt = 0;
            self.cursor = response.cursor;
        }
    }

    async fn run(&mut self, mut stopping: watch::Receiver<bool>) {
        loop {
            match self.follow().await {
                Err(status) if !PASSING.contains(&status.code()) => {
                    error!(code = ?status.code(), "{}", status.message());
                    exit(1);
                }
                Err(status) => warn!(code = ?status.code(), error = status.message(), "connection failed"),
                Ok(()) => info!("the hub has ended the stream"),
            }
            backoff(self.attempt, self.slot, &mut stopping).await;
            self.attempt += 1;
            self.slot = Duration::ZERO;
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    service::log();
    let mut stopping = stopping()?;
    let hub = setting("TOCSIN_HUB").unwrap_or_else(|| "localhost:50051".into());
    // A connection that leaves a ping without answer is dead, though nobody closed it.
    let endpoint = Endpoint::from_shared(format!("http://{hub}"))?
        .http2_keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(10));
    let severities = severities().into_iter().filter_map(|name| Severity::from_str_name(&format!("SEVERITY_{name}")));
    let mut follower = Follower {
        hub: EventHubClient::new(endpoint.connect_lazy()),
        filter: Filter { severities: severities.map(Into::into).collect(), ..Default::default() },
        cursor: setting("RESUME_FROM").unwrap_or_else(|| "latest".into()),
        attempt: 0,
        slot: Duration::ZERO,
    };
    tokio::select! {
        () = follower.run(stopping.clone()) => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    info!(cursor = follower.cursor, "stopped");
    Ok(())
}
