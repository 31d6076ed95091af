package httpd

import "time"

// Rendered counts the pages rendered into memory.
func (s *Server) Rendered() int64 { return s.pages.renders.Load() }

// Dropped counts how often kept pages were dropped.
func (s *Server) Dropped() int64 { return s.pages.drops.Load() }

// WaitAtMost bounds how long a handler may wait; it is called before Handler.
func (s *Server) WaitAtMost(d time.Duration) { s.wait = d }
