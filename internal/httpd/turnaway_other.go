//go:build !linux

package httpd

import "net"

// TurnAway is Linux's alone; elsewhere the end of a listener resets connections that were not accepted yet.
func TurnAway(net.Listener) error { return nil }
