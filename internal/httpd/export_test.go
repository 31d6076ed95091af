package httpd

// Rendered counts the pages rendered into memory.
func (s *Server) Rendered() int64 { return s.pages.renders.Load() }

// Dropped counts how often kept pages were dropped.
func (s *Server) Dropped() int64 { return s.pages.generation.Load() }
