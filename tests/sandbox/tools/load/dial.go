// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"
)

// idleTimeout is how long a browser keeps an idle connection.
const idleTimeout = 115 * time.Second

// newTransport returns a transport that speaks exactly the target's protocol and connects only to its address.
func newTransport(t *target) (*http.Transport, error) {
	overHTTP2 := t.Protocol == protocolHTTP2 || t.Protocol == protocolGRPC
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!overHTTP2)
	protocols.SetHTTP2(overHTTP2 && t.Scheme == "https")
	protocols.SetUnencryptedHTTP2(overHTTP2 && t.Scheme == "http")
	connect := connector(t)
	transport := &http.Transport{
		Protocols: protocols, DialContext: connect, DisableCompression: true,
		MaxIdleConnsPerHost: t.Connections, IdleConnTimeout: idleTimeout,
	}
	if t.Scheme == "http" {
		return transport, nil
	}
	config, err := tlsConfig(t, overHTTP2)
	if err != nil {
		return nil, err
	}
	transport.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		plain, err := connect(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return handshake(ctx, plain, config, overHTTP2)
	}
	return transport, nil
}

// connector ignores the address that it is asked for: a target says where it connects to.
func connector(t *target) func(context.Context, string, string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: time.Duration(t.Timeout)}
	if t.Source != "" {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(t.Source), 0))
	}
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, "tcp", t.Address)
		if err != nil {
			return nil, failed(kindConnect, "%v", err)
		}
		return conn, nil
	}
}

func tlsConfig(t *target, overHTTP2 bool) (*tls.Config, error) {
	config := &tls.Config{ServerName: t.ServerName, InsecureSkipVerify: t.Insecure, NextProtos: []string{"http/1.1"}}
	if overHTTP2 {
		config.NextProtos = []string{"h2"}
	}
	if config.ServerName == "" {
		config.ServerName = strings.TrimSuffix(t.Host, portOf(t.Host))
	}
	if t.CAFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(t.CAFile)
	if err != nil {
		return nil, fmt.Errorf("%s: ca_file: %w", t.ID, err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: ca_file %q holds no certificate (PEM)", t.ID, t.CAFile)
	}
	return config, nil
}

// portOf is the ":PORT" at the end of a host, or "".
func portOf(host string) string {
	if _, port, err := net.SplitHostPort(host); err == nil {
		return ":" + port
	}
	return ""
}

func handshake(ctx context.Context, plain net.Conn, config *tls.Config, wantHTTP2 bool) (net.Conn, error) {
	conn := tls.Client(plain, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = plain.Close() // it failed already
		return nil, failed(kindTLS, "%v", err)
	}
	if got := conn.ConnectionState().NegotiatedProtocol; wantHTTP2 && got != "h2" {
		_ = plain.Close() // unusable
		return nil, failed(kindTLS, "the server chose the protocol %q by ALPN, not h2", got)
	}
	return conn, nil
}
