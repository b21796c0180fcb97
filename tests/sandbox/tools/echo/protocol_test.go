// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func grpcConnections(t *testing.T, r *running) map[string]*grpc.ClientConn {
	t.Helper()
	result := map[string]*grpc.ClientConn{}
	overTLS := credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})
	for name, c := range map[string]struct {
		address string
		creds   credentials.TransportCredentials
	}{"cleartext": {r.http, insecure.NewCredentials()}, "TLS": {r.https, overTLS}} {
		conn, err := grpc.NewClient("passthrough:///"+c.address, grpc.WithTransportCredentials(c.creds))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		result[name] = conn
	}
	return result
}

func TestGRPC(t *testing.T) {
	r := start(t, "--service", "shop")
	for name, conn := range grpcConnections(t, r) {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			health, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{Service: echoService})
			if err != nil || health.Status != healthpb.HealthCheckResponse_SERVING {
				t.Fatalf("health: %v %v", health, err)
			}
			var reply wrapperspb.StringValue
			if err := conn.Invoke(ctx, "/"+echoService+"/Echo", wrapperspb.String("hello"), &reply); err != nil {
				t.Fatal(err)
			}
			got := map[string]any{}
			if err := json.Unmarshal([]byte(reply.GetValue()), &got); err != nil {
				t.Fatal(err)
			}
			if got["service"] != "shop" || got["path"] != "/"+echoService+"/Echo" || got["body_length"] != 5.0 {
				t.Errorf("got %v", got)
			}
			refused := metadata.AppendToOutgoingContext(ctx, "echo-refuse-header", "x-bad", "x-bad", "1")
			err = conn.Invoke(refused, "/"+echoService+"/Echo", wrapperspb.String(""), &reply)
			if status.Code(err) != codes.PermissionDenied {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestHealthWatchFollowsTheReadySwitch(t *testing.T) {
	r := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	watch, err := healthpb.NewHealthClient(grpcConnections(t, r)["TLS"]).Watch(ctx, &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		post string
		want healthpb.HealthCheckResponse_ServingStatus
	}{{"", healthpb.HealthCheckResponse_SERVING}, {"off", healthpb.HealthCheckResponse_NOT_SERVING}, {"on", healthpb.HealthCheckResponse_SERVING}} {
		if c.post != "" {
			post(t, "http://"+r.admin+"/ready/"+c.post)
		}
		if got, err := watch.Recv(); err != nil || got.Status != c.want {
			t.Fatalf("after %q: %v %v, want %v", c.post, got, err, c.want)
		}
	}
}

func dial(t *testing.T, url string, options *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), url, options)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(maxMessage)
	t.Cleanup(func() { conn.CloseNow() })
	return conn
}

func roundTrip(t *testing.T, conn *websocket.Conn, kind websocket.MessageType, message string) {
	t.Helper()
	if err := conn.Write(t.Context(), kind, []byte(message)); err != nil {
		t.Fatal(err)
	}
	gotKind, got, err := conn.Read(t.Context())
	if err != nil || gotKind != kind || string(got) != message {
		t.Fatalf("sent %v %.20q, got %v %.20q, %v", kind, message, gotKind, got, err)
	}
}

func TestWebSocket(t *testing.T) {
	r := start(t, "--service", "shop")
	overTLS := &websocket.DialOptions{
		HTTPClient:   client(t, "h1"),
		HTTPHeader:   http.Header{"Origin": {"https://elsewhere.example.test"}},
		Subprotocols: []string{"terminal.v1", "other"},
	}
	for url, options := range map[string]*websocket.DialOptions{
		"ws://" + r.http + "/any/path?echo-hello=true": nil, "wss://" + r.https + "/any/path?echo-hello=true": overTLS,
	} {
		conn := dial(t, url, options)
		if _, hello, err := conn.Read(t.Context()); err != nil || !strings.Contains(string(hello), `"service":"shop"`) {
			t.Fatalf("hello is %q, %v", hello, err)
		}
		roundTrip(t, conn, websocket.MessageText, "text")
		roundTrip(t, conn, websocket.MessageBinary, strings.Repeat("\x00\xff", 20_000))
		if options != nil && conn.Subprotocol() != "terminal.v1" {
			t.Errorf("subprotocol is %q", conn.Subprotocol())
		}
	}
	_, response, err := websocket.Dial(t.Context(), "ws://"+r.http+"/?echo-fail-first=1", nil)
	if err == nil || response.StatusCode != 503 {
		t.Errorf("a failing upgrade: %v", err)
	}
}
