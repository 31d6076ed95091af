package httpd

// importRoutes are the addresses of drafts read from Word documents and pasted text, and their versions.
func (s *Server) importRoutes() []staffRoute {
	return nil
}
