// Package service has what each of these programs needs beside its client: settings, structured logs, a pause before a
// reconnect, and an end on SIGINT or SIGTERM.
package service

import (
	"context"
	"encoding/json"
	"math/rand"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Setting is an environment variable's value, or the default where it is not set.
func Setting(name, otherwise string) string {
	if value, set := os.LookupEnv(name); set {
		return value
	}
	return otherwise
}

// Severities are those to follow; none means all.
func Severities() []string {
	return strings.FieldsFunc(Setting("SEVERITIES", "P0,P1"), func(r rune) bool { return r == ',' })
}

// Fields go into a log line beside its time, level and message.
type Fields map[string]any

var levels = map[string]int{"debug": 0, "info": 1, "warning": 2, "error": 3}

// Log writes one line of JSON to stderr; stdout is for the events.
func Log(level, message string, fields Fields) {
	if levels[level] < levels[Setting("LOG_LEVEL", "info")] {
		return
	}
	line := Fields{"time": time.Now().UTC(), "level": level, "message": message}
	for name, value := range fields {
		line[name] = value
	}
	_ = json.NewEncoder(os.Stderr).Encode(line)
}

// Fail logs an error that would come again, and ends the program.
func Fail(message string, fields Fields) {
	Log("error", message, fields)
	os.Exit(1)
}

// Context is done at the first SIGINT or SIGTERM.
func Context() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

// Backoff waits before the attempt of that number (from 0): anywhere between nothing and 0.25 s, 0.5 s, 1 s … 30 s, and
// ends early with the context. Jitter spreads the clients of a server that restarts: without it all would come back at
// the same moments.
func Backoff(ctx context.Context, attempt int, atLeast time.Duration) {
	most := 30 * time.Second
	if attempt < 7 {
		most = 250 * time.Millisecond << attempt
	}
	wait := atLeast + time.Duration(random.Int63n(int64(most)))
	Log("info", "reconnecting", Fields{"attempt": attempt, "wait_ms": wait.Milliseconds()})
	select {
	case <-time.After(wait):
	case <-ctx.Done():
	}
}

// Before Go 1.20 the default source is the same at every start, which would be no jitter at all.
var random = rand.New(rand.NewSource(time.Now().UnixNano()))
