// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/binary"
	"net/http"
	"slices"
	"strconv"
)

// grpcHeaderLength is the flag byte and the four length bytes before each message (gRPC over HTTP/2, "Length-Prefixed-Message").
const grpcHeaderLength = 5

// healthServing is the protobuf message of a health answer with status SERVING: field 1, varint 1.
var healthServing = []byte{0x08, 0x01}

// grpcFrame frames one uncompressed message. An empty one is a whole HealthCheckRequest for the server itself.
func grpcFrame(message []byte) []byte {
	frame := make([]byte, grpcHeaderLength, grpcHeaderLength+len(message))
	binary.BigEndian.PutUint32(frame[1:], uint32(len(message)))
	return append(frame, message...)
}

// judgeGRPC reads the status of a unary call from the trailers, or from the headers of an answer without messages. A
// health check must say SERVING as well.
func judgeGRPC(t *target, response *http.Response, body []byte) *failure {
	if response.StatusCode != http.StatusOK {
		return failed(kindStatus, "HTTP status %d, body %.120q", response.StatusCode, body)
	}
	text := response.Trailer.Get("Grpc-Status")
	message := response.Trailer.Get("Grpc-Message")
	if text == "" {
		text, message = response.Header.Get("Grpc-Status"), response.Header.Get("Grpc-Message")
	}
	code, err := strconv.Atoi(text)
	if err != nil {
		return failed(kindProtocol, "no gRPC status: %q", text)
	}
	if !slices.Contains(t.Expect, code) {
		return failed(kindStatus, "gRPC status %d %q instead of %v", code, message, t.Expect)
	}
	if code == 0 && t.Path == healthCheckPath && !slices.Equal(body[min(len(body), grpcHeaderLength):], healthServing) {
		return failed(kindBody, "the health check does not say SERVING: %x", body)
	}
	return nil
}
