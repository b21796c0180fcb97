// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"time"
)

// serviceNames are the names under which a cluster reaches the service.
func serviceNames(id identity) []string {
	names := []string{id.service}
	if id.namespace != "" {
		names = append(names, id.service+"."+id.namespace, id.service+"."+id.namespace+".svc", id.service+"."+id.namespace+".svc.cluster.local")
	}
	return append(names, "localhost", "127.0.0.1")
}

// loadCertificate reads the configured files, or makes a self-signed certificate.
func loadCertificate(cfg config) (tls.Certificate, error) {
	if cfg.certFile == "" {
		return selfSigned(cfg.tlsNames)
	}
	certificate, err := tls.LoadX509KeyPair(cfg.certFile, cfg.keyFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("--cert-file %q with --key-file %q: %w", cfg.certFile, cfg.keyFile, err)
	}
	return certificate, nil
}

func selfSigned(names []string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a private key: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: names[0]},
		NotBefore:    now.Add(-time.Hour), // clocks of the two sides may differ
		NotAfter:     now.AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a self-signed certificate for %q: %w", names, err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
