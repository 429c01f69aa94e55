package alertrules

// This file says which addresses mail may go to (G36).

import (
	"fmt"
	"strings"

	"golang.org/x/net/idna"

	"tocsin/diag"
)

// CheckAddress returns nil when addr is one plain mail address (no display
// name, no list, no comment, nothing quoted) whose domain is in allow. An empty
// allow permits every domain; a permitted domain does not permit its
// subdomains. The error says what is wrong on one line and quotes addr cleaned.
func CheckAddress(addr string, allow []string) error {
	at := strings.LastIndexByte(addr, '@')
	if at < 0 {
		return fmt.Errorf("%s is no mail address: it has no @", quoted(addr))
	}
	local, domain := addr[:at], addr[at+1:]
	if err := checkLocal(local); err != nil {
		return fmt.Errorf("%s is no mail address: %w", quoted(addr), err)
	}
	if err := checkDomain(domain); err != nil {
		return fmt.Errorf("%s is no mail address: %w", quoted(addr), err)
	}
	if len(allow) == 0 {
		return nil
	}
	for _, d := range allow {
		if strings.EqualFold(d, domain) {
			return nil
		}
	}
	return fmt.Errorf("%s is not in a domain that mail.allow lists (%s)", quoted(addr), diag.Line(strings.Join(allow, ", ")))
}

// quoted shows an address that may be anything.
func quoted(addr string) string {
	r := []rune(addr)
	if len(r) > 100 {
		addr = string(r[:100]) + "…"
	}
	return `"` + diag.Line(addr) + `"`
}

const atext = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~"

// checkLocal accepts a dot-atom of RFC 5322 of at most 64 bytes.
func checkLocal(local string) error {
	if local == "" || len(local) > 64 {
		return fmt.Errorf("what stands before the @ has to be 1 to 64 characters")
	}
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return fmt.Errorf("a dot stands at an end or beside another dot")
	}
	for _, r := range local {
		if r != '.' && !strings.ContainsRune(atext, r) {
			return fmt.Errorf("%q may not stand before the @", diag.Clean(string(r)))
		}
	}
	return nil
}

// checkDomain accepts host names of RFC 1123, in ASCII.
func checkDomain(domain string) error {
	if domain == "" || len(domain) > 253 {
		return fmt.Errorf("the domain has to be 1 to 253 characters")
	}
	if a, err := idna.Lookup.ToASCII(domain); err == nil && !strings.EqualFold(a, domain) {
		return fmt.Errorf("the domain has letters beyond ASCII; write it as %s", a)
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return fmt.Errorf("the domain is not a host name")
		}
		if strings.ContainsFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
		}) {
			return fmt.Errorf("the domain is not a host name")
		}
	}
	return nil
}
