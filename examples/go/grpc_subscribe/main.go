// Follows events over gRPC (grpc-go), and misses none over a restart of the hub.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"example.org/tocsin/examples/service"
	"example.org/tocsin/examples/tocsinv1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
)

// Codes that the next attempt may well not meet. Any other would come again.
var passing = map[codes.Code]bool{codes.Unavailable: true, codes.ResourceExhausted: true, codes.Internal: true}

type follower struct {
	hub     tocsinv1.EventHubClient
	filter  *tocsinv1.Filter
	cursor  string        // where to go on after a break
	attempt int           // since the hub last answered
	slot    time.Duration // what the hub asked this client to wait
}

// handle is your own work with an event.
func handle(event *tocsinv1.Event) {
	fmt.Println(protojson.MarshalOptions{UseProtoNames: true}.Format(event))
}

// follow is one stream, from its beginning to its end.
func (f *follower) follow(ctx context.Context) error {
	if token := service.Setting("AUTH_TOKEN", ""); token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	request := &tocsinv1.SubscribeRequest{Filter: f.filter, From: f.cursor, OnGap: tocsinv1.OnGap_ON_GAP_NOTIFY}
	stream, err := f.hub.Subscribe(ctx, request)
	if err != nil {
		return err
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		f.take(response)
	}
}

func (f *follower) take(response *tocsinv1.SubscribeResponse) {
	if gap := response.Gap; gap != nil {
		service.Log("warning", "events are missing", service.Fields{"reason": gap.Reason.String(), "from": gap.From, "to": gap.To})
	}
	if closing := response.Closing; closing != nil {
		f.slot = closing.ReconnectAfter.AsDuration()
	}
	for _, event := range response.Events {
		handle(event)
		// Only now: should handling fail, the event comes again after a restart instead of being lost.
		f.cursor = event.Cursor
	}
	if response.Cursor != "" { // the first response has one, and so has a heartbeat
		f.attempt, f.cursor = 0, response.Cursor
	}
}

func connect() *grpc.ClientConn {
	// A connection that leaves a ping without answer is dead, though nobody closed it. The pause before a reconnect is ours.
	reconnect := backoff.DefaultConfig
	reconnect.MaxDelay = time.Second
	connection, err := grpc.Dial(service.Setting("TOCSIN_HUB", "localhost:50051"),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: 10 * time.Second}))
	if err != nil {
		service.Fail(err.Error(), nil)
	}
	return connection
}

func main() {
	ctx, cancel := service.Context()
	defer cancel()
	connection := connect()
	defer connection.Close()
	f := follower{
		hub: tocsinv1.NewEventHubClient(connection), filter: &tocsinv1.Filter{}, cursor: service.Setting("RESUME_FROM", "latest")}
	for _, name := range service.Severities() {
		f.filter.Severities = append(f.filter.Severities, tocsinv1.Severity(tocsinv1.Severity_value["SEVERITY_"+name]))
	}
	for {
		err := f.follow(ctx)
		if ctx.Err() != nil {
			break
		}
		code := status.Code(err)
		if !errors.Is(err, io.EOF) && !passing[code] {
			service.Fail(err.Error(), service.Fields{"code": code.String()})
		}
		service.Log("warning", "connection failed", service.Fields{"error": err.Error()})
		service.Backoff(ctx, f.attempt, f.slot)
		f.attempt, f.slot = f.attempt+1, 0
	}
	service.Log("info", "stopped", service.Fields{"cursor": f.cursor})
}
