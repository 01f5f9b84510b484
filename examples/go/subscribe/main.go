// Follows events over WebSocket with gorilla/websocket, and misses none over a restart of bridge or hub:
//
//	subscribe ws://localhost:8080/ws '{"severities":["P0","P1"]}' [resume_from] [count]
//
// Prints each event message as one line of JSON; ends after count events when that is given.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
)

type subscribe struct {
	Type           string          `json:"type"`
	SubscriptionID string          `json:"subscription_id"`
	Filters        json.RawMessage `json:"filters"`
	ResumeFrom     string          `json:"resume_from,omitempty"`
}

type message struct {
	Type      string `json:"type"`
	MessageID string `json:"message_id"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	From      string `json:"from"`
	Reason    string `json:"reason"`
}

type follower struct {
	url, filters, last string
	count              int
}

// run reads one connection to its end.
func (f *follower) run() error {
	connection, _, err := websocket.DefaultDialer.Dial(f.url, nil)
	if err != nil {
		return err
	}
	defer connection.Close()
	request := subscribe{"subscribe", "example", json.RawMessage(f.filters), f.last}
	if err := connection.WriteJSON(request); err != nil {
		return err
	}
	for {
		_, text, err := connection.ReadMessage()
		if err != nil {
			return err
		}
		f.take(text)
	}
}

func (f *follower) take(text []byte) {
	var m message
	if err := json.Unmarshal(text, &m); err != nil {
		fail(err.Error())
	}
	switch m.Type {
	case "event":
		f.last = m.MessageID
		fmt.Println(string(text))
		if f.count--; f.count == 0 {
			os.Exit(0)
		}
	case "error":
		fail(m.Code + ": " + m.Message)
	case "gap":
		fmt.Fprintf(os.Stderr, "events are missing after %s (%s)\n", m.From, m.Reason)
	}
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}

func argument(at int, otherwise string) string {
	if len(os.Args) > at && os.Args[at] != "" {
		return os.Args[at]
	}
	return otherwise
}

func main() {
	count, err := strconv.Atoi(argument(4, "0"))
	if err != nil {
		fail("count: " + err.Error())
	}
	f := follower{argument(1, "ws://localhost:8080/ws"), argument(2, "{}"), argument(3, ""), count}
	for {
		fmt.Fprintln(os.Stderr, f.run())
		time.Sleep(500 * time.Millisecond)
	}
}
