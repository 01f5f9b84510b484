//go:build tools

// Package examples makes the gRPC stubs of proto/ into tocsinv1, with plugins of the versions that go.mod names.
package examples

import (
	_ "google.golang.org/grpc/cmd/protoc-gen-go-grpc"
	_ "google.golang.org/protobuf/cmd/protoc-gen-go"
)
