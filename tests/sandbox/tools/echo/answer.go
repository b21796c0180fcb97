// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
)

// received is one request and what was read of its body.
type received struct {
	request    *http.Request
	bodyLength int64
	bodySHA256 string // hexadecimal
}

// fields is every part of the JSON answer. Their order is that of the documentation; the JSON has them sorted.
var fields = []struct {
	name  string
	value func(identity, received) any
}{
	{"service", func(id identity, _ received) any { return id.service }},
	{"namespace", func(id identity, _ received) any { return id.namespace }},
	{"pod", func(id identity, _ received) any { return id.pod }},
	{"method", func(_ identity, in received) any { return in.request.Method }},
	{"path", func(_ identity, in received) any { return in.request.RequestURI }},
	{"host", func(_ identity, in received) any { return in.request.Host }},
	{"proto", func(_ identity, in received) any { return in.request.Proto }},
	{"scheme", func(_ identity, in received) any { return schemeOf(in.request) }},
	{"headers", func(_ identity, in received) any { return headersOf(in.request) }},
	{"body_length", func(_ identity, in received) any { return in.bodyLength }},
	{"body_sha256", func(_ identity, in received) any { return in.bodySHA256 }},
	{"peer", func(_ identity, in received) any { return in.request.RemoteAddr }},
	{"tls", func(_ identity, in received) any { return tlsOf(in.request) }},
}

func fieldNames() []string {
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = field.name
	}
	return names
}

// answer is the JSON answer with a newline at its end: all fields, or those selected.
func answer(id identity, selected []string, in received) ([]byte, error) {
	content := map[string]any{}
	for _, field := range fields {
		if len(selected) == 0 || slices.Contains(selected, field.name) {
			content[field.name] = field.value(id, in)
		}
	}
	encoded, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	return append(encoded, '\n'), nil
}

func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// headersOf lists what came over the wire, names in lower case so that HTTP/1.1 and HTTP/2 compare equal. net/http takes
// Host and Transfer-Encoding out of the header; the latter is put back, the former is a field of its own.
func headersOf(r *http.Request) map[string][]string {
	result := map[string][]string{}
	for name, values := range r.Header {
		result[strings.ToLower(name)] = values
	}
	if len(r.TransferEncoding) > 0 {
		result["transfer-encoding"] = r.TransferEncoding
	}
	return result
}

// connectionTLS describes the TLS connection a request came over.
type connectionTLS struct {
	ServerName string `json:"server_name"`
	Version    string `json:"version"`
	ALPN       string `json:"alpn"`
	Client     string `json:"client"` // subject of the client's certificate, not verified
}

func tlsOf(r *http.Request) *connectionTLS {
	if r.TLS == nil {
		return nil
	}
	result := &connectionTLS{r.TLS.ServerName, tls.VersionName(r.TLS.Version), r.TLS.NegotiatedProtocol, ""}
	if len(r.TLS.PeerCertificates) > 0 {
		result.Client = r.TLS.PeerCertificates[0].Subject.String()
	}
	return result
}

// hostName is the machine's name: what a Pod is called when nothing else tells. Empty when the system does not say.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}
