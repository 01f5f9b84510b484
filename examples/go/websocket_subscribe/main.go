// Follows events over a plain WebSocket (gorilla/websocket), and misses none over a restart of the bridge or of the hub.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"example.org/tocsin/examples/service"
	"github.com/gorilla/websocket"
)

// The server pings every 30 s. A connection that is silent for longer than two of these is dead, though nobody closed it.
const silence = 75 * time.Second

// Codes that the next attempt may well not meet. Any other would come again.
var passing = map[string]bool{
	"SERVICE_UNAVAILABLE": true, "RATE_LIMIT_EXCEEDED": true, "SLOW_CONSUMER": true, "INTERNAL_SERVER_ERROR": true,
}

type subscribe struct {
	Type           string  `json:"type"`
	SubscriptionID string  `json:"subscription_id"`
	Filters        filters `json:"filters"`
	ResumeFrom     string  `json:"resume_from,omitempty"`
}

type filters struct {
	Severities []string `json:"severities,omitempty"`
}

// What this program reads of a message; the rest is passed over, so that the protocol may grow.
type message struct {
	Type             string `json:"type"`
	Cursor           string `json:"cursor"`
	MessageID        string `json:"message_id"`
	Reason           string `json:"reason"`
	From             string `json:"from"`
	To               string `json:"to"`
	Code             any    `json:"code"`
	Message          string `json:"message"`
	ReconnectAfterMs int64  `json:"reconnect_after_ms"`
}

type follower struct {
	cursor  string        // where to go on after a break
	attempt int           // since it was last subscribed
	slot    time.Duration // what the server asked this client to wait
}

// handle is your own work with an event.
func handle(event []byte) {
	fmt.Println(string(event))
}

// follow is one connection, from its beginning to its end.
func (f *follower) follow(ctx context.Context) error {
	header := http.Header{}
	if token := service.Setting("AUTH_TOKEN", ""); token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	connection, _, err := websocket.DefaultDialer.DialContext(
		ctx, service.Setting("WS_URL", "ws://localhost:8080/ws"), header)
	if err != nil {
		return err
	}
	defer connection.Close()
	ended := make(chan struct{})
	defer close(ended)
	go func() { // says goodbye when the program is to stop; the server's answer ends the reading below
		select {
		case <-ctx.Done():
			goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
			_ = connection.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(time.Second))
			_ = connection.SetReadDeadline(time.Now().Add(time.Second))
		case <-ended:
		}
	}()
	answer := connection.PingHandler()
	connection.SetPingHandler(func(data string) error {
		_ = connection.SetReadDeadline(time.Now().Add(silence))
		return answer(data)
	})
	request := subscribe{"subscribe", "example", filters{service.Severities()}, f.cursor}
	if err := connection.WriteJSON(request); err != nil {
		return err
	}
	for ctx.Err() == nil {
		_ = connection.SetReadDeadline(time.Now().Add(silence))
		_, text, err := connection.ReadMessage()
		if err != nil {
			return err
		}
		if err := f.take(text); err != nil {
			return err
		}
	}
	return nil
}

func (f *follower) take(text []byte) error {
	var m message
	if err := json.Unmarshal(text, &m); err != nil {
		return err
	}
	switch m.Type {
	case "subscribed":
		f.attempt = 0
		if f.cursor == "" { // so that a break before the first event loses nothing either
			f.cursor = m.Cursor
		}
		service.Log("info", "subscribed", service.Fields{"cursor": m.Cursor})
	case "event":
		handle(text)
		// Only now: should handling fail, the event comes again after a restart instead of being lost.
		f.cursor = m.MessageID
	case "pong": // a heartbeat: all that matches up to here has come
		f.cursor = m.Cursor
	case "gap":
		service.Log("warning", "events are missing", service.Fields{"reason": m.Reason, "from": m.From, "to": m.To})
	case "closing":
		f.slot = time.Duration(m.ReconnectAfterMs) * time.Millisecond
	case "error":
		if code := fmt.Sprint(m.Code); !passing[code] {
			service.Fail(m.Message, service.Fields{"code": code})
		}
		return fmt.Errorf("%v: %s", m.Code, m.Message)
	}
	return nil
}

func main() {
	ctx, cancel := service.Context()
	defer cancel()
	f := follower{cursor: service.Setting("RESUME_FROM", "")}
	for {
		err := f.follow(ctx)
		if ctx.Err() != nil {
			break
		}
		service.Log("warning", "connection failed", service.Fields{"error": err.Error()})
		service.Backoff(ctx, f.attempt, f.slot)
		f.attempt, f.slot = f.attempt+1, 0
	}
	service.Log("info", "stopped", service.Fields{"cursor": f.cursor})
}
