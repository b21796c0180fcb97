// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// echoService is the full name of the one service beside grpc.health.v1.Health. Its only method is
// Echo(google.protobuf.StringValue) returns (google.protobuf.StringValue): the JSON answer, for the message as its body.
// Well-known types spare callers a generated client.
const echoService = "sealos.istio_migration.sandbox.Echo"

// receivedKey finds the received request in the context of a gRPC call.
type receivedKey struct{}

// newGRPC returns a gRPC server that is used as an http.Handler (so one port speaks all protocols), and its health service.
func newGRPC(id identity, selected []string) (*grpc.Server, *health.Server) {
	server := grpc.NewServer()
	healthServer := health.NewServer()
	healthServer.SetServingStatus(echoService, healthpb.HealthCheckResponse_SERVING)
	healthpb.RegisterHealthServer(server, healthServer)
	echo := func(ctx context.Context, message *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
		in, found := ctx.Value(receivedKey{}).(received)
		if !found {
			return nil, status.Error(codes.Internal, "the call did not come through the HTTP handler")
		}
		sum := sha256.Sum256([]byte(message.GetValue()))
		in.bodyLength, in.bodySHA256 = int64(len(message.GetValue())), hex.EncodeToString(sum[:])
		text, err := answer(id, selected, in)
		if err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
		return wrapperspb.String(string(text)), nil
	}
	server.RegisterService(echoDescription(echo), nil)
	return server, healthServer
}

func echoDescription(echo func(context.Context, *wrapperspb.StringValue) (*wrapperspb.StringValue, error)) *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: echoService,
		Methods: []grpc.MethodDesc{{
			MethodName: "Echo",
			Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				message := new(wrapperspb.StringValue)
				if err := decode(message); err != nil {
					return nil, err
				}
				return echo(ctx, message)
			},
		}},
	}
}
